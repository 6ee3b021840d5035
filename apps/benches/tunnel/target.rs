//! Where connections lead to, and the bytes that go there and back.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::LazyLock;
use std::thread;

/// The stack of a thread that serves a connection: there may be thousands.
const STACK: usize = 128 << 10;
/// What connections begin with: what the target is to do.
pub const SINK: u8 = b'S';
pub const SOURCE: u8 = b'R';
pub const ECHO: u8 = b'E';

/// What bulk transfers carry, over and over: bytes of which no two stretches look alike.
static PATTERN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(&mut next).flatten().take(1 << 18).collect()
});

/// A target at a port of its own, for as long as the process lives.
pub fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let serving = thread::Builder::new().stack_size(STACK);
            // A connection that breaks is its other end's affair.
            serving.spawn(move || stream.and_then(serve)).unwrap();
        }
    });
    address
}

fn serve(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut what = [0; 1];
    stream.read_exact(&mut what)?;
    match what[0] {
        SINK => {
            let len = number(&mut stream)?;
            take(&mut stream, len)?;
            stream.write_all(&len.to_be_bytes())
        }
        SOURCE => {
            let len = number(&mut stream)?;
            give(&mut stream, len)
        }
        _ => {
            let mut buffer = [0; 4096];
            loop {
                let count = stream.read(&mut buffer)?;
                if count == 0 {
                    return Ok(());
                }
                stream.write_all(&buffer[..count])?;
            }
        }
    }
}

fn number(stream: &mut TcpStream) -> io::Result<u64> {
    let mut bytes = [0; 8];
    stream.read_exact(&mut bytes)?;
    Ok(u64::from_be_bytes(bytes))
}

/// Sends so many bytes of the pattern.
pub fn give(stream: &mut TcpStream, len: u64) -> io::Result<()> {
    let mut left = len as usize;
    while left > 0 {
        let count = left.min(PATTERN.len());
        stream.write_all(&PATTERN[..count])?;
        left -= count;
    }
    Ok(())
}

/// Receives so many bytes, which have to be those of the pattern.
pub fn take(stream: &mut TcpStream, len: u64) -> io::Result<()> {
    let (mut buffer, mut done) = (vec![0; PATTERN.len()], 0);
    while done < len as usize {
        let want = buffer.len().min(len as usize - done);
        let count = stream.read(&mut buffer[..want])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let at = done % PATTERN.len();
        let (head, tail) = buffer[..count].split_at(count.min(PATTERN.len() - at));
        if head != &PATTERN[at..at + head.len()] || tail != &PATTERN[..tail.len()] {
            return Err(io::Error::other("a byte has changed on the way"));
        }
        done += count;
    }
    Ok(())
}
