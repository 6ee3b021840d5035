//! The flooder, and a listener for it that does nothing.

use super::support::messages::{FINISH_LEN, body_len, hello, keys_and_finish};
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// What its connections do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing.
    Silent,
    /// Send half of a ClientHello.
    HalfOpen,
    /// Send bytes that are no record.
    Garbage,
    /// Go through the handshake with a random secret, without a look at the puzzle.
    Puzzleless,
    /// All of these in turn.
    Mixed,
    /// The same from 200 addresses, so that no cap for one address holds them.
    MixedOfMany,
    /// Handshakes from 200 addresses.
    PuzzlelessOfMany,
    /// Silence from 200 addresses.
    SilentOfMany,
}

impl Kind {
    pub const ALL: [Kind; 8] = [
        Kind::Silent,
        Kind::HalfOpen,
        Kind::Garbage,
        Kind::Puzzleless,
        Kind::Mixed,
        Kind::MixedOfMany,
        Kind::PuzzlelessOfMany,
        Kind::SilentOfMany,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Silent => "silent",
            Kind::HalfOpen => "half-open",
            Kind::Garbage => "garbage",
            Kind::Puzzleless => "puzzleless",
            Kind::Mixed => "mixed",
            Kind::MixedOfMany => "mixed-of-many",
            Kind::PuzzlelessOfMany => "puzzleless-of-many",
            Kind::SilentOfMany => "silent-of-many",
        }
    }

    /// Whether it makes the server ask everybody for a puzzle.
    pub fn is_of_many(self) -> bool {
        matches!(self, Kind::MixedOfMany | Kind::PuzzlelessOfMany | Kind::SilentOfMany)
    }

    /// What the connection with this number does, and where it comes from.
    fn of(self, number: u32) -> (Kind, Ipv4Addr) {
        const SINGLE: [Kind; 4] = [Kind::Silent, Kind::HalfOpen, Kind::Garbage, Kind::Puzzleless];
        let one = Ipv4Addr::new(127, 0, 0, 2);
        let many = Ipv4Addr::new(127, 0, 0, 2 + (number / 4 % 200) as u8);
        match self {
            Kind::Mixed => (SINGLE[number as usize % 4], one),
            Kind::MixedOfMany => (SINGLE[number as usize % 4], many),
            Kind::PuzzlelessOfMany => (Kind::Puzzleless, many),
            Kind::SilentOfMany => (Kind::Silent, many),
            single => (single, one),
        }
    }
}

/// A flood that is going on.
pub struct Flood {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Flood {
    /// Connections a second.
    pub const RATE: u32 = 1000;
    /// Connections that it holds open at a time; beyond them the oldest is given up.
    const HELD: usize = 4000;
    /// It ends by itself, should nobody end it.
    const LONGEST: Duration = Duration::from_secs(60);

    pub fn start(kind: Kind, target: SocketAddr) -> Flood {
        assert!(target.ip().is_loopback(), "a flood stays on this machine");
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            runtime().block_on(async {
                tokio::select! {
                    () = flood(kind, target) => {}
                    _ = timeout(Flood::LONGEST, stopped) => {}
                }
            });
        });
        Flood { stop, thread }
    }

    pub fn stop(self) {
        drop(self.stop);
        self.thread.join().unwrap();
    }
}

/// One tick opens so many connections.
const BURST: u32 = 5;

async fn flood(kind: Kind, target: SocketAddr) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let mut ticks = interval(Duration::from_secs(1) * BURST / Flood::RATE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut held = VecDeque::new();
    loop {
        ticks.tick().await;
        for _ in 0..BURST {
            let (kind, from) = kind.of(NUMBER.fetch_add(1, Relaxed));
            held.push_back(tokio::spawn(async move { drop(attack(kind, from, target).await) }));
            if held.len() > Flood::HELD
                && let Some(oldest) = held.pop_front()
            {
                oldest.abort();
            }
        }
    }
}

/// One connection, until the other end closes it.
async fn attack(kind: Kind, from: Ipv4Addr, target: SocketAddr) -> std::io::Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    // Its ports are free again at once.
    socket.set_zero_linger()?;
    let mut stream = timeout(Duration::from_secs(5), socket.connect(target)).await??;
    match kind {
        Kind::HalfOpen => stream.write_all(&hello()[..30]).await?,
        Kind::Garbage => stream.write_all(&[0xa5; 600]).await?,
        Kind::Puzzleless => handshake(&mut stream).await?,
        _ => {}
    }
    discard(&mut stream).await;
    Ok(())
}

/// A handshake with a secret and a last message that say nothing.
async fn handshake(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(&hello()).await?;
    let mut header = [0; 4];
    stream.read_exact(&mut header).await?;
    stream.read_exact(&mut vec![0; body_len(header)]).await?;
    stream.write_all(&keys_and_finish(FINISH_LEN[0])).await
}

async fn discard(stream: &mut TcpStream) {
    let mut waste = [0; 1024];
    while !matches!(stream.read(&mut waste).await, Ok(0) | Err(_)) {}
}

/// A listener that reads what comes and says nothing, on a thread of its own until the end of the program.
pub struct Dummy {
    pub address: SocketAddr,
}

impl Dummy {
    pub fn start() -> Dummy {
        let (ready, address) = std::sync::mpsc::channel();
        thread::spawn(move || {
            runtime().block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                ready.send(listener.local_addr().unwrap()).unwrap();
                loop {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    tokio::spawn(async move { discard(&mut stream).await });
                }
            });
        });
        Dummy { address: address.recv().unwrap() }
    }
}

pub fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}
