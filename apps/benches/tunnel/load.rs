//! What is done with a way to the target.

use super::target::{ECHO, SINK, SOURCE, give, take};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// Connections are made by so many threads at once.
const CONNECTORS: usize = 4;
/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

/// Bytes a second to the target, in 1e9.
pub fn upload(address: SocketAddr, len: u64) -> io::Result<f64> {
    let mut stream = connect(address)?;
    let begin = Instant::now();
    stream.write_all(&[SINK])?;
    stream.write_all(&len.to_be_bytes())?;
    give(&mut stream, len)?;
    // The target says that it has all of them.
    stream.read_exact(&mut [0; 8])?;
    Ok(len as f64 / begin.elapsed().as_secs_f64() / 1e9)
}

/// Bytes a second from the target, in 1e9.
pub fn download(address: SocketAddr, len: u64) -> io::Result<f64> {
    let mut stream = connect(address)?;
    let begin = Instant::now();
    stream.write_all(&[SOURCE])?;
    stream.write_all(&len.to_be_bytes())?;
    take(&mut stream, len)?;
    Ok(len as f64 / begin.elapsed().as_secs_f64() / 1e9)
}

/// The median and the 99th percentile of round trips of one byte, in microseconds.
pub fn round_trips(address: SocketAddr, count: usize) -> io::Result<[f64; 2]> {
    let mut stream = connect(address)?;
    stream.write_all(&[ECHO])?;
    let mut once = || {
        let begin = Instant::now();
        stream.write_all(b"p")?;
        stream.read_exact(&mut [0; 1])?;
        Ok(begin.elapsed().as_secs_f64() * 1e6)
    };
    for _ in 0..50 {
        once()?;
    }
    let mut times = (0..count).map(|_| once()).collect::<io::Result<Vec<f64>>>()?;
    times.sort_by(f64::total_cmp);
    Ok([times[count / 2], times[count * 99 / 100]])
}

/// A connection, one byte there and back, and the end.
pub fn visit(address: SocketAddr) -> io::Result<()> {
    let mut stream = connect(address)?;
    stream.write_all(&[ECHO, b'p'])?;
    stream.read_exact(&mut [0; 1])
}

/// Connections a second.
pub fn visits(address: SocketAddr, count: usize) -> io::Result<f64> {
    let begin = Instant::now();
    let each = count / CONNECTORS;
    let visiting = [(); CONNECTORS].map(|()| thread::spawn(move || (0..each).try_for_each(|_| visit(address))));
    visiting.into_iter().try_for_each(|visits| visits.join().unwrap())?;
    Ok((each * CONNECTORS) as f64 / begin.elapsed().as_secs_f64())
}
