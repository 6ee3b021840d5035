//! Every order of data, ends and resets at both ends of a connection that is carried, against a model: what is read is a beginning of what
//! was sent, an end is read only where one was said and only behind all of the data, and whoever reads hears of every way to end.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod support;

use async_trait::async_trait;
use sealwire_traits::{Connection, PipeReader, PipeWriter, Transport, TransportError};
use sealwire_transport::mux::{Budget, Carried, Limits, Target, carry, serve};
use sealwire_transport::pipe::{Memory, Tcp};
use sealwire_transport::{ChannelError, Ends};
use std::future::pending;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use support::channels::{PATIENCE, both_ends, channel};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Data,
    End,
    Reset,
}

/// Which end does it: 0 the client's, 1 the target's.
type Step = (usize, Act);

/// What an end has said so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Said {
    data: usize,
    ended: bool,
    reset: bool,
}

/// The model: whether a step makes sense, and what has been said behind it.
fn step(said: [Said; 2], (end, act): Step) -> Option<[Said; 2]> {
    let mut next = said;
    let own = &mut next[end];
    // A reset is the end of everything, and an end that of its direction.
    if said.iter().any(|said| said.reset) || (own.ended && act != Act::Reset) {
        return None;
    }
    match act {
        Act::Data => own.data += 1,
        Act::End => own.ended = true,
        Act::Reset => own.reset = true,
    }
    Some(next)
}

/// Every sequence of steps that makes sense, up to `len` of them.
fn sequences(len: usize) -> Vec<Vec<Step>> {
    let steps = [0, 1].into_iter().flat_map(|end| [Act::Data, Act::End, Act::Reset].map(|act| (end, act)));
    let steps: Vec<Step> = steps.collect();
    let mut all: Vec<(Vec<Step>, [Said; 2])> = vec![(Vec::new(), Default::default())];
    let mut from = 0;
    for _ in 0..len {
        let to = all.len();
        for at in from..to {
            for &next in &steps {
                let (sequence, said) = &all[at];
                if let Some(said) = step(*said, next) {
                    all.push(([&sequence[..], &[next]].concat(), said));
                }
            }
        }
        from = to;
    }
    all.into_iter().map(|(sequence, _)| sequence).collect()
}

/// The bytes of the piece with this number: of a length and a look of its own.
fn piece(number: usize) -> Vec<u8> {
    vec![number as u8; 1 + number * 7001]
}

/// How an end reads: all that came, and whether it ended properly.
type Heard = (Vec<u8>, bool);

/// One end of a connection.
struct End {
    writer: Option<PipeWriter>,
    reading: JoinHandle<Heard>,
    said: usize,
}

impl End {
    fn new(Connection { reader, writer, .. }: Connection) -> End {
        End { writer: Some(writer), reading: tokio::spawn(read(reader)), said: 0 }
    }

    async fn act(&mut self, act: Act) {
        let Some(writer) = &mut self.writer else { return };
        match act {
            Act::Data => {
                // The other end may be gone, which its reader has to find out.
                let _ = writer.write_all(&piece(self.said)).await;
                self.said += 1;
            }
            Act::End => drop(writer.shutdown().await),
            Act::Reset => {
                writer.reset();
                self.writer = None;
                self.reading.abort();
            }
        }
    }
}

async fn read(mut reader: PipeReader) -> Heard {
    let mut all = Vec::new();
    let ended = reader.read_to_end(&mut all).await.is_ok();
    (all, ended)
}

/// Where pairs of connected pipes come from.
#[derive(Clone, Copy, Debug)]
enum Pipes {
    Memory,
    Tcp,
}

impl Pipes {
    async fn pair(self) -> (Connection, Connection) {
        match self {
            Pipes::Memory => Memory::pair(),
            Pipes::Tcp => both_ends(&Tcp as &dyn Transport, "127.0.0.1:0").await,
        }
    }
}

struct Reached(Pipes, mpsc::UnboundedSender<Connection>);

#[async_trait]
impl Target for Reached {
    async fn connect(&self) -> Result<Connection, TransportError> {
        let (near, far) = self.0.pair().await;
        self.1.send(far).map_err(|_| TransportError::Closed)?;
        Ok(near)
    }
}

/// A session that carries connections.
struct Tunnel {
    connections: mpsc::Sender<Ends>,
    reached: mpsc::UnboundedReceiver<Connection>,
    client: JoinHandle<Result<Carried, ChannelError>>,
    server: JoinHandle<Result<Carried, ChannelError>>,
}

async fn tunnel(pipes: Pipes) -> Tunnel {
    let limits = Limits {
        streams: 100,
        of_all: Arc::new(Semaphore::new(1000)),
        session_memory: 1 << 20,
        budget: Budget::new(1 << 20),
        close_timeout: Duration::from_secs(10),
    };
    let (at_client, at_server) = channel().await;
    let (connections, mut coming) = mpsc::channel(1);
    let (target, reached) = mpsc::unbounded_channel();
    let client = tokio::spawn({
        let limits = limits.clone();
        async move { carry(at_client, &mut coming, pending(), &limits).await }
    });
    let server =
        tokio::spawn(
            async move { serve(at_server, Arc::new(Reached(pipes, target)), pending(), pending(), &limits).await },
        );
    Tunnel { connections, reached, client, server }
}

impl Tunnel {
    /// The two ends of a connection through it.
    async fn connect(&mut self, pipes: Pipes) -> [Connection; 2] {
        let (near, carried) = pipes.pair().await;
        assert!(self.connections.send(carried.into()).await.is_ok());
        [near, self.reached.recv().await.unwrap()]
    }

    async fn close(self) {
        drop(self.connections);
        let ended = [self.client.await.unwrap(), self.server.await.unwrap()];
        assert!(ended.iter().all(Result::is_ok), "the session itself is whole");
    }
}

/// Plays all sequences of up to `len` steps; with `pauses` others may run between two steps.
async fn play_all(pipes: Pipes, len: usize, pauses: bool) -> usize {
    let mut tunnel = tunnel(pipes).await;
    let sequences = sequences(len);
    for sequence in &sequences {
        let [near, far] = tunnel.connect(pipes).await;
        let ends = [End::new(near), End::new(far)];
        timeout(PATIENCE, play(sequence, ends, pauses)).await.unwrap_or_else(|_| panic!("it hangs: {sequence:?}"));
    }
    tunnel.close().await;
    sequences.len()
}

async fn play(sequence: &[Step], mut ends: [End; 2], pauses: bool) {
    let mut said: [Said; 2] = Default::default();
    for &(end, act) in sequence {
        said = step(said, (end, act)).unwrap();
        ends[end].act(act).await;
        if pauses {
            tokio::task::yield_now().await;
        }
    }
    // Whoever still waits for an end now hears one.
    if said.iter().all(|said| !said.reset) {
        for (end, said) in ends.iter_mut().zip(&mut said) {
            if !said.ended {
                end.act(Act::End).await;
                said.ended = true;
            }
        }
    }
    let resets = said.map(|said| said.reset);
    for reader in [0, 1] {
        if resets[reader] {
            continue;
        }
        let peer = 1 - reader;
        let sent: Vec<u8> = (0..said[peer].data).flat_map(piece).collect();
        let (heard, ended) = (&mut ends[reader].reading).await.unwrap();
        assert!(sent.starts_with(&heard), "{sequence:?}: end {reader} heard what was not said");
        if ended {
            assert!(said[peer].ended, "{sequence:?}: end {reader} heard an end that was not said");
            assert_eq!(heard.len(), sent.len(), "{sequence:?}: end {reader} heard the end before the rest");
        } else {
            assert!(resets[peer], "{sequence:?}: end {reader} heard a reset that was not said");
        }
        if !resets[peer] {
            assert!(ended, "{sequence:?}: end {reader} did not hear the end");
        }
    }
}

#[tokio::test]
async fn every_order_of_six_steps_in_memory() {
    assert_eq!(play_all(Pipes::Memory, 6, false).await, 939);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_order_of_five_steps_in_memory_on_two_threads() {
    assert_eq!(play_all(Pipes::Memory, 5, true).await, 439);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_order_of_four_steps_over_tcp() {
    assert_eq!(play_all(Pipes::Tcp, 4, true).await, 195);
}

/// Time stands still until nothing else can happen: then all is full that lies between the two ends.
#[tokio::test(start_paused = true)]
async fn a_reset_is_heard_by_an_end_that_takes_nothing() {
    for end in [0, 1] {
        let mut tunnel = tunnel(Pipes::Memory).await;
        let mut ends = tunnel.connect(Pipes::Memory).await;
        let all = vec![1; 1 << 24];
        assert!(timeout(PATIENCE, ends[end].writer.write_all(&all)).await.is_err(), "more than there is room for");
        ends[end].writer.reset();
        let error = timeout(PATIENCE, ends[1 - end].reader.broken()).await.expect("heard");
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        tunnel.close().await;
    }
}
