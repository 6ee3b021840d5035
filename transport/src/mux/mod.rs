//! Many connections in one session (PROTOCOL.md, "8. Multiplexing"): each is a stream with flow control and an end of its own in either
//! direction.
//!
//! | file | what it is |
//! |---|---|
//! | `frame` | the form of what is said |
//! | `credit` | flow control |
//! | `streams` | what each frame means, and the tasks that work for a stream |
//! | `inlet` | from a connection to the queue |
//! | `outgoing` | sealing and sending, and the queue of what waits for that |
//! | `outlet` | from the session to a connection |
//!
//! The way of a byte: a task of its stream reads it into the [`Room`](crate::channel::Room) of a record (`inlet`), where the sending task
//! seals it, or that task itself if it is little (`outgoing`); at the other end the receiving task opens it in its buffer and writes it from
//! there to the connection (`outlet`). It is copied between the two only if the connection does not take it at once.

mod credit;
mod frame;
mod inlet;
mod outgoing;
mod outlet;
mod streams;

pub use credit::Budget;

use crate::ChannelError;
use crate::channel::{Channel, Receiver, Sender, abandon, await_close, last_word};
use crate::ends::Ends;
use crate::session::SessionError;
use async_trait::async_trait;
use outgoing::{queue, send_all};
use sealwire_traits::{Connection, TransportError};
use std::future::{pending, ready};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;
use streams::Streams;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The longest time that what is under way may take when the rest is cut.
const FAREWELL: Duration = Duration::from_secs(1);

/// Records that are taken before all else has its turn.
const MAX_IN_A_ROW: u32 = 16;

/// What a session may use.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Streams at a time, in one session.
    pub streams: usize,
    /// A server's, in all sessions that share it.
    pub of_all: Arc<Semaphore>,
    /// Bytes that windows may grow by, in one session.
    pub session_memory: usize,
    /// The same for all sessions that share it.
    pub budget: Arc<Budget>,
    /// How long the other end may take to leave.
    pub close_timeout: Duration,
}

/// Where a server connects streams to.
#[async_trait]
pub trait Target: Send + Sync {
    /// A new connection.
    ///
    /// # Errors
    /// When the target cannot be reached: the stream is reset.
    async fn connect(&self) -> Result<Connection, TransportError>;
}

/// What a session has carried, for the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Carried {
    /// Streams that were opened.
    pub streams: u64,
    /// Of them, those that did not come to a proper end.
    pub broken: u64,
    /// Bytes of data from the peer.
    pub received: u64,
}

/// Carries the connections that come through `connections`, each in a stream, until no more can come and all have ended, or the session
/// ends, or `cut` is ready. Connections are reset when that comes before their ends; those that were not taken yet stay where they are.
///
/// # Errors
/// [`ChannelError`] when the session did not end as it should; the peer has been told.
pub async fn carry(
    channel: Channel,
    connections: &mut mpsc::Receiver<Ends>,
    cut: impl Future<Output = ()>,
    limits: &Limits,
) -> Result<Carried, ChannelError> {
    let source = Source { connections: Some(connections), target: None };
    drive(channel, source, pending(), cut, limits).await
}

/// Connects each stream that the client opens to `target`, until the client leaves. When `stopping` is ready, new streams are refused, and
/// the session ends when the last stream has, or when `cut` is ready: connections that had no end by then are reset.
///
/// # Errors
/// As [`carry`].
pub async fn serve(
    channel: Channel,
    target: Arc<dyn Target>,
    stopping: impl Future<Output = ()>,
    cut: impl Future<Output = ()>,
    limits: &Limits,
) -> Result<Carried, ChannelError> {
    drive(channel, Source { connections: None, target: Some(target) }, stopping, cut, limits).await
}

/// Where new streams come from.
struct Source<'a> {
    /// A client's.
    connections: Option<&'a mut mpsc::Receiver<Ends>>,
    /// What a server connects those of its client to.
    target: Option<Arc<dyn Target>>,
}

impl Source<'_> {
    /// The next connection of a client, or `None` when no more can come.
    async fn next(&mut self) -> Option<Ends> {
        match &mut self.connections {
            Some(connections) => connections.recv().await,
            None => pending().await,
        }
    }
}

type Sending = JoinHandle<Result<Sender, ChannelError>>;

async fn drive(
    channel: Channel,
    source: Source<'_>,
    stopping: impl Future<Output = ()>,
    cut: impl Future<Output = ()>,
    limits: &Limits,
) -> Result<Carried, ChannelError> {
    let Channel { sender, mut receiver, peer: _ } = channel;
    let (queue, items) = queue(sender);
    // Of its own, so that sealing and opening can have a core each.
    let mut sending = Some(tokio::spawn(send_all(items)));
    let mut streams = Streams::new(queue, limits);
    let carried = async {
        let end = until_done(&mut streams, &mut receiver, &mut sending, source, stopping).await?;
        if let End::Peer = end {
            // The peer may leave right behind the end of a stream, before that has reached its connection.
            let _ = timeout(limits.close_timeout, streams.hand_on_ends()).await;
        }
        Ok(end)
    };
    let result = tokio::select! {
        biased;
        () = cut => Ok(End::Cut),
        result = carried => result,
    };
    let carried = streams.end().await;
    part(result, receiver, sending, limits.close_timeout).await.map(|()| carried)
}

/// Who ends the session.
enum End {
    /// The peer has closed its direction.
    Peer,
    /// Nothing is left to do here.
    Ours,
    /// Nobody waits for it any more.
    Cut,
}

/// Until no stream is open and none can be opened any more.
async fn until_done(
    streams: &mut Streams,
    receiver: &mut Receiver,
    sending: &mut Option<Sending>,
    mut source: Source<'_>,
    stopping: impl Future<Output = ()>,
) -> Result<End, ChannelError> {
    let mut stopping = std::pin::pin!(stopping);
    let mut in_a_row = 0;
    while !(streams.is_closing() && streams.is_empty()) {
        tokio::select! {
            biased;
            // What happens most often is looked for first, since a look at all the rest costs as much as a short record; but it may always
            // be ready.
            received = receiver.receive(), if in_a_row < MAX_IN_A_ROW => match received? {
                Some(content) => {
                    in_a_row += 1;
                    read(content, streams, source.target.as_ref()).await?;
                }
                None => return Ok(End::Peer),
            },
            event = streams.event() => streams.note(event),
            connection = source.next(), if !streams.is_closing() && !streams.is_full() => match connection {
                Some(connection) => streams.carry(connection),
                None => streams.close(),
            },
            () = &mut stopping, if !streams.is_closing() => streams.close(),
            error = failed(sending) => return Err(last_word(error, receiver).await),
            () = ready(()), if in_a_row == MAX_IN_A_ROW => in_a_row = 0,
        }
        if streams.is_flooded() {
            return Err(SessionError::Protocol("more streams than it reads answers for").into());
        }
    }
    Ok(End::Ours)
}

/// Takes the frames of one record.
async fn read(mut content: &[u8], streams: &mut Streams, target: Option<&Arc<dyn Target>>) -> Result<(), SessionError> {
    while let Some((id, frame)) = frame::next(&mut content).map_err(SessionError::Protocol)? {
        streams.frame(id, frame, target).await.map_err(SessionError::Protocol)?;
        if streams.is_flooded() {
            break;
        }
    }
    Ok(())
}

/// Ready when sending has failed. It goes on for as long as there is anybody who could send.
async fn failed(sending: &mut Option<Sending>) -> ChannelError {
    let Some(task) = sending else { return pending().await };
    let ended = task.await;
    *sending = None;
    match ended {
        Ok(Err(error)) => error,
        Ok(Ok(_)) => pending().await,
        // The runtime is shutting down.
        Err(error) if error.is_cancelled() => pending().await,
        Err(error) => resume_unwind(error.into_panic()),
    }
}

/// Ends the session as it deserves.
async fn part(
    result: Result<End, ChannelError>,
    mut receiver: Receiver,
    sending: Option<Sending>,
    patience: Duration,
) -> Result<(), ChannelError> {
    // Whoever cuts connections does not wait for a peer that is slow to take the rest of them.
    let patience = if matches!(result, Ok(End::Cut)) { patience.min(FAREWELL) } else { patience };
    match (result, sender_of(sending, patience).await) {
        (Err(error), sender) => {
            if let Some(sender) = sender {
                abandon(sender, receiver, &error).await;
            }
            Err(error)
        }
        (Ok(End::Ours), None) => Err(SessionError::Truncated.into()),
        (Ok(End::Ours), Some(mut sender)) => {
            timeout(patience, sender.close()).await.map_err(|_| SessionError::Truncated)??;
            await_close(&mut receiver, patience).await
        }
        // A peer that has left need not hear it any more.
        (Ok(End::Peer | End::Cut), sender) => {
            if let Some(mut sender) = sender {
                let _ = timeout(patience, sender.close()).await;
            }
            Ok(())
        }
    }
}

/// The sending half, once all that waited is sent; nothing when that fails, or takes too long.
async fn sender_of(sending: Option<Sending>, patience: Duration) -> Option<Sender> {
    let mut task = sending?;
    let ended = timeout(patience, &mut task).await;
    if ended.is_err() {
        task.abort();
    }
    ended.ok()?.ok()?.ok()
}
