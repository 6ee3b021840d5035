//! What the handshakes of both ends share: the buffer, the deadline, and the steps an outside driver takes.

use super::direction::{Direction, InnerType};
use super::limits::{ALERT_LEN, HANDSHAKE_PADDING, INNER_HEADER_LEN, MAX_DIFFICULTY};
use super::record::{FrameError, Kind, Record, RecordBuffer, plain_alert};
use super::schedule::Key;
use super::{
    Activity, Alert, ClientConfig, Epoch, HandshakeError, Now, ReceiveHalf, SendHalf, ServerConfig, Settings, client,
    server,
};
use sealwire_traits::{AeadAlgorithm, Fingerprint, Slices, Suite};
use std::sync::Arc;
use std::time::Duration;

/// What the driver of a handshake has to do next.
#[expect(clippy::large_enum_variant, reason = "one a connection, moved a few times")]
pub enum Step {
    /// Write [`take_output`](Handshake::take_output), read into [`space`](Handshake::space), then [`advance`](Handshake::advance).
    Read(Handshake),
    /// Server: a sound ClientHello came. [`serve`](KeyWanted::serve) it with a transport key.
    Key(KeyWanted),
    /// RSA work, or a puzzle: milliseconds of processor time. It holds the handshake, and gives it back.
    Work(Slices<'static, Step>),
    /// The handshake is complete.
    Done(Box<Established>),
    /// The handshake has failed.
    Failed(Failure),
}

/// A server's handshake that needs its transport key from now on. Whoever sends nothing, or something else, is not given one.
pub struct KeyWanted {
    io: Io,
    state: server::AwaitKey,
}

impl KeyWanted {
    pub(super) fn new(io: Io, state: server::AwaitKey) -> KeyWanted {
        KeyWanted { io, state }
    }

    /// Goes on with the transport key `epoch`, and asks for a puzzle of `difficulty` leading zero bits (0: none; more than
    /// [`MAX_DIFFICULTY`] is taken for that).
    pub fn serve(self, epoch: Arc<Epoch>, difficulty: u8, now: Now) -> Step {
        let KeyWanted { mut io, state } = self;
        match state.answer(&mut io, epoch, difficulty.min(MAX_DIFFICULTY)) {
            // More may have come in the same read.
            Ok(state) => Handshake { io, state: State::ClientKeys(state) }.advance(now),
            Err(error) => io.fail(error),
        }
    }
}

/// A failed handshake.
pub struct Failure {
    /// Why.
    pub error: HandshakeError,
    /// What is still to be written, so that the peer hears of it. May be empty.
    pub output: Vec<u8>,
}

/// A complete handshake.
pub struct Established {
    /// Seals what this end sends.
    pub sender: SendHalf,
    /// Opens what the peer sends.
    pub receiver: ReceiveHalf,
    /// Who the peer is and what was agreed.
    pub peer: Peer,
    /// What is still to be written before anything else. May be empty.
    pub output: Vec<u8>,
}

/// What a handshake has established.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The peer's proven identity; `None` for a client that was not asked.
    pub identity: Option<Fingerprint>,
    /// What the client asked for.
    pub service: String,
    /// What the records are sealed with.
    pub suite: Suite,
    /// Whether the server signed this very handshake.
    pub server_signed: bool,
}

/// A message of the handshake, copied out of the buffer.
pub(super) struct Message {
    header: [u8; 4],
    pub(super) body: Vec<u8>,
}

impl Message {
    /// Opens a sealed message with a key that is used for it alone.
    pub(super) fn open(mut self, mut direction: Direction) -> Option<Vec<u8>> {
        let record = Record { kind: Kind::Sealed, header: self.header, body: &mut self.body, offset: 0 };
        let (inner, content) = direction.open(record).ok()?;
        (inner == InnerType::Handshake).then(|| self.body[content].to_vec())
    }
}

/// Seals one message of the handshake, the only one under its key.
pub(super) fn seal_handshake(aead: &'static dyn AeadAlgorithm, secret: Key, body: &[u8], out: &mut Vec<u8>) {
    let padded = (INNER_HEADER_LEN + body.len()).next_multiple_of(HANDSHAKE_PADDING);
    Direction::new(aead, secret).seal(InnerType::Handshake, body, padded, out);
}

/// The states, each in the file of its role.
#[expect(clippy::large_enum_variant, reason = "one a connection, moved a few times")]
pub(super) enum State {
    ServerHello(client::AwaitServerHello),
    ServerFinish(client::AwaitServerFinish),
    ClientHello(server::AwaitClientHello),
    ClientKeys(server::AwaitClientKeys),
    ClientFinish(server::AwaitClientFinish),
}

/// What every state needs of the outside.
pub(super) struct Io {
    pub(super) buffer: RecordBuffer,
    pub(super) output: Vec<u8>,
    deadline: Duration,
    stream_ended: bool,
}

impl Io {
    fn new(settings: &Settings, now: Now) -> Io {
        let deadline = now.elapsed + settings.handshake_timeout;
        Io { buffer: RecordBuffer::new(), output: Vec::new(), deadline, stream_ended: false }
    }

    /// The next message of the one kind that may come now; an alert in the clear may come in its place.
    fn message(&mut self, expected: Kind, cap: usize, first: bool) -> Result<Option<Message>, HandshakeError> {
        let caps = |kind| match kind {
            Kind::Alert => Some(ALERT_LEN),
            _ => (kind == expected).then_some(cap),
        };
        match self.buffer.next(caps) {
            Ok(Some(record)) if record.kind == Kind::Alert => {
                let alert = Alert::from_wire(record.body).ok_or(HandshakeError::Malformed("an unknown alert"))?;
                Err(HandshakeError::Refused { alert, authentic: false })
            }
            Ok(record) => Ok(record.map(|r| Message { header: r.header, body: r.body.to_vec() })),
            Err(FrameError::Kind) if first => Err(HandshakeError::NotSealwire),
            Err(FrameError::Kind) => Err(HandshakeError::Unexpected("its kind has no place here")),
            Err(FrameError::Length) => Err(HandshakeError::Unexpected("it is longer than its message can be")),
        }
    }

    /// The end of a failed handshake, with an alert in the clear if there is one.
    pub(super) fn fail(mut self, error: HandshakeError) -> Step {
        if let Some(alert) = error.alert() {
            self.output.extend(plain_alert(alert));
        }
        Step::Failed(Failure { error, output: self.output })
    }

    /// The halves of a complete handshake.
    pub(super) fn receiver(
        &mut self,
        direction: Direction,
        settings: &Settings,
        activity: Activity,
        now: Duration,
    ) -> ReceiveHalf {
        let buffer = std::mem::replace(&mut self.buffer, RecordBuffer::new());
        ReceiveHalf::new(direction, buffer, settings, activity, now)
    }
}

/// A handshake that waits for the peer.
pub struct Handshake {
    pub(super) io: Io,
    pub(super) state: State,
}

impl Handshake {
    /// Begins as a client: message 1 is in the output.
    ///
    /// # Errors
    /// [`HandshakeError::Operation`] without randomness, [`HandshakeError::Malformed`] for a service that has no valid name.
    pub fn client(config: Arc<ClientConfig>, now: Now) -> Result<Handshake, HandshakeError> {
        let mut io = Io::new(&config.settings, now);
        let state = client::start(config, &mut io)?;
        Ok(Handshake { io, state: State::ServerHello(state) })
    }

    /// Begins as a server.
    pub fn server(config: Arc<ServerConfig>, now: Now) -> Handshake {
        let io = Io::new(&config.settings, now);
        Handshake { io, state: State::ClientHello(server::AwaitClientHello::new(config)) }
    }

    /// What is to be written to the pipe before anything is read.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.io.output)
    }

    /// Room for the pipe to read into.
    pub fn space(&mut self) -> &mut [u8] {
        self.io.buffer.space()
    }

    /// `count` bytes were read into [`space`](Self::space); 0 means that the stream has ended.
    ///
    /// # Panics
    /// When there was no room for so many.
    pub fn filled(&mut self, count: usize) {
        self.io.stream_ended |= count == 0;
        self.io.buffer.filled(count);
    }

    /// When the handshake must be over, as a time since the clock's start.
    pub fn deadline(&self) -> Duration {
        self.io.deadline
    }

    /// Client, behind message 4: data may be sent already, unless the server's signature is awaited.
    pub fn early_sender(&mut self) -> Option<&mut SendHalf> {
        match &mut self.state {
            State::ServerFinish(state) => state.early_sender(),
            _ => None,
        }
    }

    /// Goes on with what was read.
    pub fn advance(mut self, now: Now) -> Step {
        if now.elapsed >= self.io.deadline {
            return self.fail(HandshakeError::Timeout);
        }
        let (kind, cap, first) = match &self.state {
            State::ServerHello(_) => client::AwaitServerHello::EXPECTED,
            State::ServerFinish(_) => client::AwaitServerFinish::EXPECTED,
            State::ClientHello(_) => server::AwaitClientHello::EXPECTED,
            State::ClientKeys(_) => server::AwaitClientKeys::EXPECTED,
            State::ClientFinish(_) => server::AwaitClientFinish::EXPECTED,
        };
        let message = match self.io.message(kind, cap, first) {
            Ok(Some(message)) => message,
            Ok(None) if self.io.stream_ended => return self.fail(HandshakeError::Cut),
            Ok(None) => return Step::Read(self),
            Err(error) => return self.fail(error),
        };
        let Handshake { io, state } = self;
        let step = match state {
            State::ServerHello(state) => state.receive(io, message, now),
            State::ServerFinish(state) => state.receive(io, message, now),
            State::ClientHello(state) => state.receive(io, message),
            State::ClientKeys(state) => state.receive(io, message),
            State::ClientFinish(state) => state.receive(io, message, now),
        };
        match step {
            // More may have come in the same read.
            Step::Read(next) => next.advance(now),
            step => step,
        }
    }

    fn fail(self, error: HandshakeError) -> Step {
        match self.state {
            State::ServerFinish(state) => state.fail(self.io, error),
            _ => self.io.fail(error),
        }
    }
}
