//! An encrypted channel over a pipe: drives a [`session`](crate::session) with real bytes, real time and real threads.
//!
//! The life of a message: [`Sender::send`] seals it (`session/send.rs`, `session/direction.rs`, the `Aead`) and writes the records;
//! the peer's [`Receiver::receive`] reads them, opens them in place, and hands out the data.

mod receiver;
mod room;
mod sender;

pub use receiver::Receiver;
pub(crate) use room::FULL;
pub use room::Room;
pub use sender::{MAX_ROOMS, Sender};

use crate::server::TransportKeyError;
use crate::session::{
    Alert, ClientConfig, Epoch, Established, Failure, Handshake, HandshakeError, Peer, ServerConfig, SessionError,
    Step, plain_alert,
};
use crate::workers::Workers;
use crate::{ChannelError, Clock};
use sealwire_traits::{Connection, PipeReader, PipeWriter};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::error::Elapsed;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

/// How long an end that has refused the other goes on reading, so that its alert is not lost to a reset.
const LINGER: Duration = Duration::from_secs(2);

/// An open channel.
pub struct Channel {
    /// To the peer.
    pub sender: Sender,
    /// From the peer.
    pub receiver: Receiver,
    /// Who the peer is and what was agreed.
    pub peer: Peer,
}

/// Opens a channel as a client. Complete when the server has proved itself.
///
/// # Errors
/// [`ChannelError::Handshake`] tells who could not be convinced; [`ChannelError::Io`] when the pipe fails.
pub async fn connect(
    pipe: Connection,
    config: Arc<ClientConfig>,
    workers: &Workers,
    clock: Clock,
) -> Result<Channel, ChannelError> {
    let handshake = Box::new(Handshake::client(config, clock.now())?);
    // A client that is busy itself just leaves: it may have begun to seal, and no plain alert may follow that.
    establish(pipe, handshake, std::future::pending(), || 0, &[], workers, clock).await
}

/// Opens a channel as a server. The transport key, `epoch`, is asked for when the client has said something sound, and may take until half
/// of the time for the handshake has passed. Then, when the client is answered, `difficulty` says how hard a puzzle it has to solve: so many
/// bits, 0 for none.
///
/// # Errors
/// As [`connect`]; [`ChannelError::Overloaded`] when there is no transport key or too much RSA work waits already, and the client is told.
pub async fn accept(
    pipe: Connection,
    config: Arc<ServerConfig>,
    epoch: impl Future<Output = Result<Arc<Epoch>, TransportKeyError>>,
    difficulty: impl Fn() -> u8,
    workers: &Workers,
    clock: Clock,
) -> Result<Channel, ChannelError> {
    let handshake = Box::new(Handshake::server(config, clock.now()));
    establish(pipe, handshake, epoch, difficulty, &plain_alert(Alert::Overloaded), workers, clock).await
}

/// Turns a pipe away before any handshake: the client is told that the server is overloaded.
pub async fn turn_away(mut pipe: Connection) {
    let _ = timeout(LINGER, async {
        let _ = pipe.writer.write_all(&plain_alert(Alert::Overloaded)).await;
        let _ = pipe.writer.shutdown().await;
        discard(&mut pipe.reader).await;
    })
    .await;
}

/// `busy` is the last word of an end that has no transport key, or whose workers have no place for its job.
async fn establish(
    mut pipe: Connection,
    handshake: Box<Handshake>,
    epoch: impl Future<Output = Result<Arc<Epoch>, TransportKeyError>>,
    difficulty: impl Fn() -> u8,
    busy: &[u8],
    workers: &Workers,
    clock: Clock,
) -> Result<Channel, ChannelError> {
    let deadline = clock.at(handshake.deadline());
    // On the heap, and gone with the handshake: as a part of this future its room would be held for as long as the session lasts.
    let handshake = Box::pin(handshake_over(&mut pipe, *handshake, epoch, difficulty, busy, workers, clock));
    let outcome = timeout_at(deadline, handshake).await;
    let error = match outcome {
        Ok(Ok(established)) => return Ok(Channel::new(pipe, *established, clock)),
        Ok(Err(error)) => error,
        // Whoever is that slow is not waited for again.
        Err(_) => return Err(HandshakeError::Timeout.into()),
    };
    let _ = timeout(LINGER, async {
        let _ = pipe.writer.shutdown().await;
        discard(&mut pipe.reader).await;
    })
    .await;
    Err(error)
}

/// The key, unless there is none in time. A client that leaves meanwhile gives up its place among those who wait.
async fn key_for(
    reader: &mut PipeReader,
    key: impl Future<Output = Result<Result<Arc<Epoch>, TransportKeyError>, Elapsed>>,
) -> Result<Option<Arc<Epoch>>, HandshakeError> {
    let mut byte = [0];
    let key = tokio::select! {
        biased;
        key = key => key,
        // Before ServerHello a client has nothing to say.
        count = reader.read(&mut byte) => return match count {
            Ok(0) | Err(_) => Err(HandshakeError::Cut),
            Ok(_) => Err(HandshakeError::Unexpected("nothing may come before ServerHello")),
        },
    };
    match key {
        Ok(Ok(key)) => Ok(Some(key)),
        Ok(Err(error)) => {
            tracing::error!(%error, "no transport key");
            Ok(None)
        }
        Err(_late) => Ok(None),
    }
}

/// Runs a handshake to its end; the alert of a failed one is written.
async fn handshake_over(
    pipe: &mut Connection,
    handshake: Handshake,
    epoch: impl Future<Output = Result<Arc<Epoch>, TransportKeyError>>,
    difficulty: impl Fn() -> u8,
    busy: &[u8],
    workers: &Workers,
    clock: Clock,
) -> Result<Box<Established>, ChannelError> {
    // Whoever gets its key late still has half of the time for the rest, and whoever gets none is there to hear it.
    let half = (handshake.deadline() - clock.elapsed().min(handshake.deadline())) / 2;
    let mut epoch = std::pin::pin!(timeout_at(clock.at(clock.elapsed() + half), epoch));
    let mut step = Step::Read(handshake);
    loop {
        step = match step {
            Step::Read(mut handshake) => {
                let output = handshake.take_output();
                write(&mut pipe.writer, &output).await?;
                let count = read(&mut pipe.reader, handshake.space()).await?;
                handshake.filled(count);
                handshake.advance(clock.now())
            }
            Step::Key(wanted) => match key_for(&mut pipe.reader, epoch.as_mut()).await {
                Ok(Some(epoch)) => wanted.serve(epoch, difficulty(), clock.now()),
                Ok(None) => return overloaded(pipe, busy).await,
                Err(error) => {
                    let alert = error.alert().map(plain_alert).unwrap_or_default();
                    write(&mut pipe.writer, &alert).await?;
                    return Err(error.into());
                }
            },
            Step::Work(work) => match workers.run(work).await {
                Ok(step) => step,
                Err(_busy) => return overloaded(pipe, busy).await,
            },
            Step::Done(established) => {
                write(&mut pipe.writer, &established.output).await?;
                return Ok(established);
            }
            Step::Failed(Failure { error, output }) => {
                write(&mut pipe.writer, &output).await?;
                return Err(error.into());
            }
        }
    }
}

async fn overloaded<T>(pipe: &mut Connection, last_word: &[u8]) -> Result<T, ChannelError> {
    write(&mut pipe.writer, last_word).await?;
    Err(ChannelError::Overloaded)
}

impl Channel {
    fn new(pipe: Connection, established: Established, clock: Clock) -> Channel {
        let Established { sender, receiver, peer, output: _written } = established;
        Channel {
            sender: Sender::new(sender, pipe.writer, clock),
            receiver: Receiver::new(receiver, pipe.reader, clock),
            peer,
        }
    }
}

/// Gives a failed session up: tells the peer why if it can hear, ends both directions, and reads on for a bounded while so that the
/// alert arrives.
pub async fn abandon(mut sender: Sender, mut receiver: Receiver, error: &ChannelError) {
    let Some(alert) = error.alert() else { return };
    let _ = timeout(LINGER, async {
        if sender.end(alert).await.is_ok() {
            discard(&mut receiver.reader).await;
        }
    })
    .await;
}

/// Why a session ended whose sending has failed with `error`: what the peer had to say, if it can still be heard, is the better reason.
pub async fn last_word(error: ChannelError, receiver: &mut Receiver) -> ChannelError {
    let ChannelError::Io(_) = error else { return error };
    let heard = async {
        loop {
            match receiver.receive().await {
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(why) => return Some(why),
            }
        }
    };
    match timeout(LINGER, heard).await {
        Ok(Some(why @ ChannelError::Session(_))) => why,
        _ => error,
    }
}

/// Waits for the peer's close_notify, for `patience` at most; data that still comes is dropped.
///
/// # Errors
/// [`SessionError::Truncated`] when the peer did not close in time; otherwise as [`Receiver::receive`].
pub async fn await_close(receiver: &mut Receiver, patience: Duration) -> Result<(), ChannelError> {
    let late = Instant::now() + patience;
    loop {
        tokio::select! {
            received = receiver.receive() => if received?.is_none() { return Ok(()) },
            () = sleep_until(late) => return Err(SessionError::Truncated.into()),
        }
    }
}

/// Reads until the end or an error, for nothing.
async fn discard(reader: &mut PipeReader) {
    // On the heap: few sessions ever come here, and all would hold the room.
    let mut waste = vec![0; 4096];
    while !matches!(reader.read(&mut waste).await, Ok(0) | Err(_)) {}
}

/// A reset is an end of stream without close_notify, and the session says what that means.
async fn read(reader: &mut PipeReader, space: &mut [u8]) -> Result<usize, ChannelError> {
    match reader.read(space).await {
        Err(error) if is_disconnect(&error) => Ok(0),
        result => Ok(result?),
    }
}

/// Writes all. When the peer is gone, its last word is still to be read: no error then.
async fn write(writer: &mut PipeWriter, bytes: &[u8]) -> Result<(), ChannelError> {
    match writer.write_all(bytes).await {
        Err(error) if is_disconnect(&error) => Ok(()),
        result => {
            result?;
            Ok(writer.flush().await?)
        }
    }
}

fn is_disconnect(error: &io::Error) -> bool {
    use io::ErrorKind::*;
    matches!(error.kind(), ConnectionReset | ConnectionAborted | BrokenPipe | NotConnected | UnexpectedEof)
}
