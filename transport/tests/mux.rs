//! Many connections in one session: every byte arrives, every end is told apart from every other, and nobody holds up anybody else.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod support;

use async_trait::async_trait;
use sealwire_traits::{Connection, TransportError};
use sealwire_transport::channel::Channel;
use sealwire_transport::mux::{Budget, Carried, Limits, Target, carry, serve};
use sealwire_transport::pipe::Memory;
use sealwire_transport::session::SessionError;
use sealwire_transport::{ChannelError, Ends};
use std::future::pending;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use support::channels::{channel, receive_len};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// A target within this process: whoever is connected to it comes out of a queue.
struct InMemory(mpsc::UnboundedSender<Connection>);

#[async_trait]
impl Target for InMemory {
    async fn connect(&self) -> Result<Connection, TransportError> {
        let (near, far) = Memory::pair();
        self.0.send(far).map_err(|_| TransportError::Closed)?;
        Ok(near)
    }
}

/// A target that is reached before whoever connects hears of it.
struct Late(mpsc::UnboundedSender<Connection>, Arc<Semaphore>);

#[async_trait]
impl Target for Late {
    async fn connect(&self) -> Result<Connection, TransportError> {
        let (near, far) = Memory::pair();
        self.0.send(far).map_err(|_| TransportError::Closed)?;
        self.1.acquire().await.unwrap().forget();
        Ok(near)
    }
}

fn limits() -> Limits {
    Limits {
        streams: 1000,
        of_all: Arc::new(Semaphore::new(1000)),
        session_memory: 32 << 20,
        budget: Budget::new(64 << 20),
        close_timeout: Duration::from_secs(10),
    }
}

/// A client and a server with a session between them.
struct Tunnel {
    connections: Option<mpsc::Sender<Ends>>,
    reached: Mutex<mpsc::UnboundedReceiver<Connection>>,
    stop: Option<oneshot::Sender<()>>,
    client: JoinHandle<Result<Carried, ChannelError>>,
    server: JoinHandle<Result<Carried, ChannelError>>,
}

impl Tunnel {
    async fn new() -> Tunnel {
        Tunnel::with(limits(), limits()).await
    }

    async fn with(client: Limits, server: Limits) -> Tunnel {
        let (at_client, at_server) = channel().await;
        let (connections, mut coming) = mpsc::channel(1);
        let (target, reached) = mpsc::unbounded_channel();
        let (stop, stopping) = oneshot::channel::<()>();
        let stopping = async move {
            if stopping.await.is_err() {
                pending().await
            }
        };
        Tunnel {
            connections: Some(connections),
            reached: Mutex::new(reached),
            stop: Some(stop),
            client: tokio::spawn(async move { carry(at_client, &mut coming, pending(), &client).await }),
            server: tokio::spawn(async move {
                serve(at_server, Arc::new(InMemory(target)), stopping, pending(), &server).await
            }),
        }
    }

    /// A connection through the tunnel: its end at the client, its end at the target.
    async fn connect(&self) -> (Connection, Connection) {
        let near = self.open().await;
        (near, self.reached.lock().await.recv().await.unwrap())
    }

    /// A connection to the tunnel, whatever becomes of it.
    async fn open(&self) -> Connection {
        let (near, far) = Memory::pair();
        assert!(self.connections.as_ref().unwrap().send(far.into()).await.is_ok());
        near
    }

    /// The client leaves.
    async fn leave(mut self) -> [Carried; 2] {
        self.connections = None;
        [self.client.await.unwrap().unwrap(), self.server.await.unwrap().unwrap()]
    }
}

/// A server for a client that does as the test wants.
fn serving(channel: Channel, target: Arc<dyn Target>, limits: Limits) -> JoinHandle<Result<Carried, ChannelError>> {
    tokio::spawn(async move { serve(channel, target, pending(), pending(), &limits).await })
}

async fn read_all(connection: &mut Connection) -> Vec<u8> {
    let mut all = Vec::new();
    connection.reader.read_to_end(&mut all).await.unwrap();
    all
}

#[tokio::test]
async fn bytes_go_both_ways_and_each_direction_ends_for_itself() {
    let tunnel = Tunnel::new().await;
    let (mut near, mut far) = tunnel.connect().await;
    near.writer.write_all(b"question").await.unwrap();
    near.writer.shutdown().await.unwrap();
    assert_eq!(read_all(&mut far).await, b"question");
    far.writer.write_all(b"answer").await.unwrap();
    far.writer.shutdown().await.unwrap();
    assert_eq!(read_all(&mut near).await, b"answer");
    let [client, server] = tunnel.leave().await;
    assert_eq!((client.streams, client.broken, client.received), (1, 0, 6));
    assert_eq!((server.streams, server.broken, server.received), (1, 0, 8));
}

#[tokio::test]
async fn a_target_that_speaks_first_is_heard() {
    let tunnel = Tunnel::new().await;
    let (mut near, mut far) = tunnel.connect().await;
    far.writer.write_all(b"hello").await.unwrap();
    let mut greeting = [0; 5];
    near.reader.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"hello");
}

#[tokio::test]
async fn a_reset_at_either_end_is_one_at_the_other() {
    let tunnel = Tunnel::new().await;
    for at_client in [true, false] {
        let (near, far) = tunnel.connect().await;
        let (mut breaks, mut hears) = if at_client { (near, far) } else { (far, near) };
        hears.writer.write_all(b"unread").await.unwrap();
        breaks.writer.reset();
        drop(breaks);
        let error = hears.reader.read(&mut [0; 1]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    let (mut near, mut far) = tunnel.connect().await;
    near.writer.write_all(b"others go on").await.unwrap();
    far.reader.read_exact(&mut [0; 12]).await.unwrap();
}

#[tokio::test]
async fn a_target_that_cannot_be_reached_is_a_reset() {
    let tunnel = Tunnel::new().await;
    tunnel.reached.lock().await.close();
    let mut near = tunnel.open().await;
    let error = near.reader.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_slow_stream_holds_up_no_other_and_is_not_stored_for() {
    let tunnel = Tunnel::new().await;
    let (mut slow, mut slow_far) = tunnel.connect().await;
    let writing = tokio::spawn(async move {
        slow.writer.write_all(&[7; 8 << 20]).await.unwrap();
        slow.writer.shutdown().await.unwrap();
        slow
    });
    let (mut near, mut far) = tunnel.connect().await;
    for _ in 0..200 {
        near.writer.write_all(&[1; 10_000]).await.unwrap();
        far.reader.read_exact(&mut [0; 10_000]).await.unwrap();
    }
    assert!(!writing.is_finished(), "8 MiB are more than all windows and pipes hold");
    let all = read_all(&mut slow_far).await;
    assert!(all.len() == 8 << 20 && all.iter().all(|byte| *byte == 7));
    writing.await.unwrap();
}

#[tokio::test]
async fn an_end_of_the_session_resets_every_connection() {
    let tunnel = Tunnel::new().await;
    let (mut near, mut far) = tunnel.connect().await;
    tunnel.server.abort();
    for end in [&mut near, &mut far] {
        let error = end.reader.read(&mut [0; 1]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    assert!(tunnel.client.await.unwrap().is_err());
}

#[tokio::test]
async fn a_server_that_stops_lets_streams_end_and_takes_no_more() {
    let mut tunnel = Tunnel::new().await;
    let (mut near, mut far) = tunnel.connect().await;
    tunnel.stop.take().unwrap().send(()).unwrap();
    let mut refused = tunnel.open().await;
    let error = refused.reader.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    near.writer.write_all(b"last words").await.unwrap();
    near.writer.shutdown().await.unwrap();
    assert_eq!(read_all(&mut far).await, b"last words");
    far.writer.shutdown().await.unwrap();
    assert_eq!(read_all(&mut near).await, b"");
    assert!(tunnel.server.await.unwrap().is_ok());
    assert!(tunnel.client.await.unwrap().is_ok());
}

#[tokio::test]
async fn streams_beyond_the_servers_limit_are_refused_and_later_ones_are_not() {
    // Beside what it says, a server takes an eighth more, and 16.
    let tunnel = Tunnel::with(limits(), Limits { streams: 8, ..limits() }).await;
    let mut taken = Vec::new();
    for _ in 0..8 + 1 + 16 {
        taken.push(tunnel.connect().await);
    }
    let (mut near, mut far) = taken.pop().unwrap();
    let mut refused = tunnel.open().await;
    let error = refused.reader.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    far.writer.shutdown().await.unwrap();
    near.writer.shutdown().await.unwrap();
    assert_eq!((read_all(&mut near).await, read_all(&mut far).await), (vec![], vec![]));
    let (mut near, mut far) = tunnel.connect().await;
    near.writer.write_all(b"x").await.unwrap();
    far.reader.read_exact(&mut [0; 1]).await.unwrap();
}

#[tokio::test]
async fn a_client_that_opens_streams_and_never_reads_is_left() {
    let (mut at_client, at_server) = channel().await;
    let (target, reached) = mpsc::unbounded_channel();
    drop(reached);
    let impatient = Limits { close_timeout: Duration::ZERO, ..limits() };
    let server = serving(at_server, Arc::new(InMemory(target)), impatient);
    // Each is answered by a frame that says that the target cannot be reached.
    let mut ids = 1_u32..;
    while !server.is_finished() {
        let opens: Vec<u8> = ids.by_ref().take(1000).flat_map(open).collect();
        if at_client.sender.send(&opens).await.is_err() {
            break;
        }
        assert!(ids.start < 100_000, "nothing bounds it");
    }
    let error = server.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("more streams than it reads answers for"), "{error}");
}

/// A frame as it travels.
fn frame(kind: u8, id: u32, content: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = (content.len() as u32).to_be_bytes();
    [&[kind][..], &length, &id.to_be_bytes(), content].concat()
}

fn open(id: u32) -> Vec<u8> {
    frame(1, id, &[])
}

#[tokio::test(start_paused = true)]
async fn what_the_session_could_not_take_at_once_is_sent_later() {
    const LEN: usize = 15_000;
    let (mut at_client, at_server) = channel().await;
    let (target, mut reached) = mpsc::unbounded_channel();
    let _server = serving(at_server, Arc::new(InMemory(target)), limits());
    at_client.sender.send(&[open(1), frame(5, 1, &[0, 2, 0, 0])].concat()).await.unwrap();
    let mut connection = reached.recv().await.unwrap();
    // There is room for four of them, and for a part of the last.
    for _ in 0..5 {
        connection.writer.write_all(&[7; LEN]).await.unwrap();
        // All that can be done is done when the clock moves.
        sleep(Duration::from_millis(1)).await;
    }
    // Sooner than any timer of the session.
    let all = timeout(Duration::from_millis(500), receive_len(&mut at_client, 5 * (LEN + 8))).await.expect("it comes");
    assert_eq!(all, frame(2, 1, &[7; LEN]).repeat(5));
}

#[tokio::test]
async fn a_client_may_leave_right_behind_the_end_of_a_stream() {
    let (mut at_client, at_server) = channel().await;
    let (target, mut reached) = mpsc::unbounded_channel();
    let server = serving(at_server, Arc::new(InMemory(target)), limits());
    at_client.sender.send(&[open(1), frame(2, 1, b"all"), frame(3, 1, &[])].concat()).await.unwrap();
    at_client.sender.close().await.unwrap();
    let mut connection = reached.recv().await.unwrap();
    assert_eq!(read_all(&mut connection).await, b"all");
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_connection_that_is_being_made_when_the_session_is_lost_is_reset() {
    let (mut at_client, at_server) = channel().await;
    let (target, mut reached) = mpsc::unbounded_channel();
    let go = Arc::new(Semaphore::new(0));
    let late = Arc::new(Late(target, go.clone()));
    let server = serving(at_server, late, limits());
    at_client.sender.send(&open(1)).await.unwrap();
    let mut connection = reached.recv().await.unwrap();
    drop(at_client);
    assert!(server.await.unwrap().is_err());
    go.add_permits(1);
    let error = connection.reader.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn streams_that_are_reset_count_until_nobody_connects_for_them() {
    let (mut at_client, at_server) = channel().await;
    let (target, mut reached) = mpsc::unbounded_channel();
    let late = Arc::new(Late(target, Arc::new(Semaphore::new(0))));
    let few = Limits { streams: 1, ..limits() };
    let server = serving(at_server, late, few);
    for id in 1..=40 {
        at_client.sender.send(&[open(id), frame(4, id, &[0])].concat()).await.unwrap();
    }
    at_client.sender.close().await.unwrap();
    server.await.unwrap().unwrap();
    // The limit, and what a server takes beyond it since ends overlap.
    let count = std::iter::from_fn(|| reached.try_recv().ok()).count();
    assert_eq!(count, 17);
}

#[tokio::test]
async fn what_breaks_the_rules_ends_the_session() {
    for (bad, says) in [
        (open(2), "out of turn"),
        ([open(1), open(1)].concat(), "out of turn"),
        (frame(3, 1, &[]), "never opened"),
        (frame(2, 0, b"x"), "never opened"),
        ([open(1), frame(3, 1, &[]), frame(2, 1, b"x")].concat(), "behind the end"),
        ([open(1), frame(3, 1, &[]), frame(3, 1, &[])].concat(), "ends twice"),
        ([open(1), frame(2, 1, &[0; 16 * 1024 + 1])].concat(), "credit"),
        ([open(1), frame(5, 1, &[255; 4])].concat(), "credit"),
        (frame(9, 1, &[]), "malformed"),
        ([open(1), vec![2, 0, 0, 9, 0, 0, 0, 1, 1]].concat(), "beyond its record"),
    ] {
        let (mut at_client, at_server) = channel().await;
        let (target, _reached) = mpsc::unbounded_channel();
        let server = serving(at_server, Arc::new(InMemory(target)), limits());
        at_client.sender.send(&bad).await.unwrap();
        while let Ok(Some(_)) = at_client.receiver.receive().await {}
        assert!(at_client.receiver.receive().await.is_err(), "the client is told");
        drop(at_client);
        let error = server.await.unwrap().expect_err(says).to_string();
        assert!(error.contains(says), "{says}: {error}");
    }
}

#[tokio::test]
async fn a_server_opens_no_streams() {
    let (at_client, mut at_server) = channel().await;
    let (_connections, mut coming) = mpsc::channel(1);
    let client = tokio::spawn(async move { carry(at_client, &mut coming, pending(), &limits()).await });
    at_server.sender.send(&[1, 0, 0, 0, 0, 0, 0, 1]).await.unwrap();
    let error = client.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("a server opens no streams"), "{error}");
}

#[tokio::test]
async fn what_is_cut_is_reset_at_both_ends() {
    let (at_client, at_server) = channel().await;
    let (connections, mut coming) = mpsc::channel(1);
    let (target, mut reached) = mpsc::unbounded_channel();
    let (cut, cutting) = oneshot::channel::<()>();
    let client = tokio::spawn(async move {
        let cutting = async move { drop(cutting.await) };
        carry(at_client, &mut coming, cutting, &limits()).await
    });
    let server = serving(at_server, Arc::new(InMemory(target)), limits());
    let (mut near, carried) = Memory::pair();
    assert!(connections.send(carried.into()).await.is_ok());
    let mut far = reached.recv().await.unwrap();
    cut.send(()).unwrap();
    for end in [&mut near, &mut far] {
        let error = end.reader.read(&mut [0; 1]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    }
    assert_eq!(client.await.unwrap().unwrap().broken, 1);
    assert_eq!(server.await.unwrap().unwrap().broken, 1);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_goes_silent_resets_every_connection() {
    let (at_client, _silent) = channel().await;
    let (connections, mut coming) = mpsc::channel(1);
    let client = tokio::spawn(async move { carry(at_client, &mut coming, pending(), &limits()).await });
    let (mut near, carried) = Memory::pair();
    assert!(connections.send(carried.into()).await.is_ok());
    near.writer.write_all(b"into the void").await.unwrap();
    let error = near.reader.read(&mut [0; 1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let error = client.await.unwrap().unwrap_err();
    assert!(matches!(error, ChannelError::Session(SessionError::DeadPeer(90))), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_session_whose_connections_are_silent_lives_on() {
    let tunnel = Tunnel::new().await;
    let (mut near, mut far) = tunnel.connect().await;
    // Ten times as long as a peer may be silent.
    let silence = timeout(Duration::from_secs(900), near.reader.read_u8()).await;
    assert!(silence.is_err(), "neither an end nor a reset");
    near.writer.write_all(b"still here").await.unwrap();
    far.reader.read_exact(&mut [0; 10]).await.unwrap();
}
