//! An encrypted channel over a pipe: drives a [`session`](crate::session) with real bytes, real time and real threads.
//!
//! The life of a message: [`Sender::send`] seals it (`session/send.rs`, `session/direction.rs`, the `Aead`) and writes the records;
//! the peer's [`Receiver::receive`] reads them, opens them in place, and hands out the data.

use crate::copying::CACHE_LINE;
use crate::session::{
    Alert, ClientConfig, Epoch, Established, Failure, Handshake, HandshakeError, MAX_CONTENT, Now, Peer, ReceiveHalf,
    Received, SendHalf, ServerConfig, SessionError, Step, plain_alert, record_start,
};
use crate::workers::Workers;
use crate::{ChannelError, Clock};
use sealwire_traits::{Connection, PipeReader, PipeWriter};
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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
    let handshake = Handshake::client(config, clock.now())?;
    // A client that is busy itself just leaves: it may have begun to seal, and no plain alert may follow that.
    establish(pipe, handshake, &[], workers, clock).await
}

/// Opens a channel as a server, on the transport key `epoch`, with a puzzle of `difficulty` bits for the client (0: none).
///
/// # Errors
/// As [`connect`]; [`ChannelError::Overloaded`] when too much RSA work waits already, and the client is told.
pub async fn accept(
    pipe: Connection,
    config: Arc<ServerConfig>,
    epoch: Arc<Epoch>,
    difficulty: u8,
    workers: &Workers,
    clock: Clock,
) -> Result<Channel, ChannelError> {
    let handshake = Handshake::server(config, epoch, difficulty, clock.now());
    establish(pipe, handshake, &plain_alert(Alert::Overloaded), workers, clock).await
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

/// `busy` is the last word of an end whose workers have no place for its job.
async fn establish(
    mut pipe: Connection,
    handshake: Handshake,
    busy: &[u8],
    workers: &Workers,
    clock: Clock,
) -> Result<Channel, ChannelError> {
    let deadline = clock.at(handshake.deadline());
    let outcome = timeout_at(deadline, handshake_over(&mut pipe, handshake, busy, workers, clock)).await;
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

/// Runs a handshake to its end; the alert of a failed one is written.
async fn handshake_over(
    pipe: &mut Connection,
    handshake: Handshake,
    busy: &[u8],
    workers: &Workers,
    clock: Clock,
) -> Result<Box<Established>, ChannelError> {
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
            Step::Work(job) => match workers.run(move || job.run()).await {
                Ok(step) => step,
                Err(_busy) => {
                    write(&mut pipe.writer, busy).await?;
                    return Err(ChannelError::Overloaded);
                }
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

impl Channel {
    fn new(pipe: Connection, established: Established, clock: Clock) -> Channel {
        let Established { sender, receiver, peer, output: _written } = established;
        Channel {
            sender: Sender { half: sender, writer: pipe.writer, clock, sealed: Vec::new(), written: 0 },
            receiver: Receiver { half: receiver, reader: pipe.reader, clock },
            peer,
        }
    }
}

/// The sending half of a channel.
pub struct Sender {
    half: SendHalf,
    writer: PipeWriter,
    clock: Clock,
    /// Sealed records; `sealed[written..]` is still to be written.
    sealed: Vec<u8>,
    written: usize,
}

impl Sender {
    /// Sends data and waits until the pipe has taken it. Cancelling it may lose the end of `data`, but never garbles the stream.
    ///
    /// # Errors
    /// [`SessionError::Closed`] after [`close`](Self::close); [`ChannelError::Io`] when the pipe fails.
    pub async fn send(&mut self, data: &[u8]) -> Result<(), ChannelError> {
        for content in data.chunks(MAX_CONTENT) {
            self.flush().await?;
            self.align_record(content.len());
            self.half.data(content, self.clock.timer(), &mut self.sealed)?;
            self.flush().await?;
        }
        Ok(())
    }

    /// Places the next record, of `len` bytes of data, so that its body is aligned.
    fn align_record(&mut self, len: usize) {
        // The room is made first: making it moves the buffer.
        self.sealed.reserve(CACHE_LINE + self.half.record_len(len));
        self.written = record_start(&self.sealed);
        self.sealed.resize(self.written, 0);
    }

    /// Waits for `future`, and meanwhile tells the peer from time to time that this end is alive.
    ///
    /// # Errors
    /// [`ChannelError::Io`] when the pipe fails.
    pub async fn while_idle<F: Future>(&mut self, future: F) -> Result<F::Output, ChannelError> {
        // The future goes on while a keepalive waits for room in the pipe: it may be what makes the peer read again.
        tokio::select! {
            biased;
            output = future => Ok(output),
            error = self.keep_alive() => Err(error),
        }
    }

    /// Looks after the timers of this direction for ever; the error that ends it.
    async fn keep_alive(&mut self) -> ChannelError {
        loop {
            if let Err(error) = self.flush().await {
                return error;
            }
            match self.half.deadline() {
                Some(due) => sleep_until(self.clock.at(due)).await,
                None => return std::future::pending().await,
            }
            self.half.check_timers(self.clock.timer(), &mut self.sealed);
        }
    }

    /// Ends this direction: the peer learns that it has all of the data. The other direction goes on.
    ///
    /// # Errors
    /// [`ChannelError::Io`] when the pipe fails.
    pub async fn close(&mut self) -> Result<(), ChannelError> {
        self.end(Alert::CloseNotify).await
    }

    /// Ends the session with an alert.
    async fn end(&mut self, alert: Alert) -> Result<(), ChannelError> {
        self.half.alert(alert, &mut self.sealed);
        self.flush().await?;
        self.sealed = Vec::new();
        match self.writer.shutdown().await {
            // The peer is gone; whether it had everything, its own close_notify tells.
            Err(error) if is_disconnect(&error) => Ok(()),
            result => Ok(result?),
        }
    }

    async fn flush(&mut self) -> Result<(), ChannelError> {
        if self.sealed.is_empty() {
            return Ok(());
        }
        while self.written < self.sealed.len() {
            match self.writer.write(&self.sealed[self.written..]).await? {
                0 => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                count => self.written += count,
            }
        }
        self.writer.flush().await?;
        self.sealed.clear();
        self.written = 0;
        Ok(())
    }
}

/// The receiving half of a channel.
pub struct Receiver {
    half: ReceiveHalf,
    reader: PipeReader,
    clock: Clock,
}

impl Receiver {
    /// The next piece of data, at least one byte, or `None` when the peer has closed its direction and everything was delivered. May
    /// be cancelled without loss.
    ///
    /// # Errors
    /// [`ChannelError::Session`] when anything was changed, cut or broken, or nothing came for too long; [`ChannelError::Io`] when the
    /// pipe fails. Give it to [`abandon`] then.
    pub async fn receive(&mut self) -> Result<Option<&[u8]>, ChannelError> {
        let mut now = self.clock.timer();
        loop {
            match self.half.next(now)? {
                Received::Data => return Ok(Some(self.half.data())),
                Received::End => return Ok(None),
                Received::Nothing => now = self.read_more(now).await?,
            }
        }
    }

    /// What the last [`receive`](Self::receive) gave, until it is called again.
    pub(crate) fn data(&self) -> &[u8] {
        self.half.data()
    }

    /// Reads what the pipe has, or looks after the timers when it has nothing for too long. Returns the moment it is then.
    async fn read_more(&mut self, now: Now) -> Result<Now, ChannelError> {
        let (clock, deadline, mut waited) = (self.clock, self.half.deadline(), false);
        // Bytes that are there already cost neither a timer nor a look at the clock.
        let patience = async {
            waited = true;
            match deadline {
                Some(deadline) => sleep_until(clock.at(deadline)).await,
                None => std::future::pending().await,
            }
        };
        let count = tokio::select! {
            biased;
            count = read(&mut self.reader, self.half.space()) => Some(count?),
            () = patience => None,
        };
        let now = if waited { clock.timer() } else { now };
        match count {
            Some(count) => self.half.filled(count),
            None => self.half.check_timers(now)?,
        }
        Ok(now)
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
    let mut waste = [0; 4096];
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
