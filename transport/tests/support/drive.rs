//! Runs handshakes and sessions without a pipe: two parties, and what passes between them in the hands of the test.

use super::{at, client_config, epoch, server_config, start};
use sealwire_transport::session::{
    ClientConfig, Epoch, Established, Failure, Handshake, HandshakeError, Now, Peer, ReceiveHalf, Received, SendHalf,
    ServerConfig, SessionError, Step,
};
use std::sync::Arc;
use std::time::Duration;

/// How far an end has come.
#[expect(clippy::large_enum_variant, reason = "two a test")]
pub enum End {
    Waiting(Handshake),
    Done(Box<Established>),
    Failed(Failure),
}

/// What a server answers with: its transport key, and the difficulty of its puzzle.
pub type Answer = (Arc<Epoch>, u8);

/// Runs the jobs until the handshake waits or is over. A server's takes its key and its puzzle from `answer`.
pub fn settle(mut step: Step, answer: &mut Option<Answer>, now: Now) -> End {
    loop {
        step = match step {
            Step::Read(handshake) => return End::Waiting(handshake),
            Step::Key(wanted) => {
                let (epoch, difficulty) = answer.take().expect("one key a handshake, for a server");
                wanted.serve(epoch, difficulty, now)
            }
            Step::Work(work) => work.complete(),
            Step::Done(established) => return End::Done(established),
            Step::Failed(failure) => return End::Failed(failure),
        }
    }
}

/// One end of a handshake, and of the session behind it.
pub struct Party {
    end: Option<End>,
    /// For a server.
    answer: Option<Answer>,
    pub now: Now,
    /// Data that came once the handshake was over.
    pub data: Vec<u8>,
    /// What the session said last.
    pub session: Result<Received, SessionError>,
}

impl Party {
    fn new(handshake: Handshake, answer: Option<Answer>) -> Party {
        let session = Ok(Received::Nothing);
        Party { end: Some(End::Waiting(handshake)), answer, now: start(), data: Vec::new(), session }
    }

    pub fn client(config: ClientConfig) -> Party {
        Party::new(Handshake::client(Arc::new(config), start()).unwrap(), None)
    }

    pub fn server(config: ServerConfig) -> Party {
        Party::server_on(config, epoch(), 0)
    }

    /// A server on this key, with a puzzle.
    pub fn server_on(config: ServerConfig, epoch: Arc<Epoch>, difficulty: u8) -> Party {
        Party::new(Handshake::server(Arc::new(config), start()), Some((epoch, difficulty)))
    }

    /// What this end wants to write.
    pub fn output(&mut self) -> Vec<u8> {
        match self.end.as_mut().unwrap() {
            End::Waiting(handshake) => handshake.take_output(),
            End::Done(established) => std::mem::take(&mut established.output),
            End::Failed(failure) => std::mem::take(&mut failure.output),
        }
    }

    /// Bytes arrive. No bytes: the stream has ended.
    pub fn feed(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        loop {
            match self.end.take().unwrap() {
                End::Waiting(mut handshake) => {
                    let count = fill(handshake.space(), rest);
                    rest = &rest[count..];
                    handshake.filled(count);
                    self.end = Some(settle(handshake.advance(self.now), &mut self.answer, self.now));
                    if rest.is_empty() && self.is_waiting() {
                        return;
                    }
                }
                End::Done(mut established) => {
                    self.session = pour(&mut established.receiver, rest, self.now.elapsed, &mut self.data);
                    self.end = Some(End::Done(established));
                    return;
                }
                failed => {
                    self.end = Some(failed);
                    return;
                }
            }
        }
    }

    /// The stream ends.
    pub fn feed_end(&mut self) {
        if let Some(End::Waiting(_)) = self.end {
            self.feed(&[]);
        }
    }

    pub fn is_waiting(&self) -> bool {
        matches!(self.end, Some(End::Waiting(_)))
    }

    pub fn waiting(&mut self) -> &mut Handshake {
        match self.end.as_mut().unwrap() {
            End::Waiting(handshake) => handshake,
            _ => panic!("the handshake is over"),
        }
    }

    pub fn established(self) -> Established {
        match self.end.unwrap() {
            End::Done(established) => *established,
            End::Failed(failure) => panic!("the handshake failed: {}", failure.error),
            End::Waiting(_) => panic!("the handshake waits"),
        }
    }

    pub fn error(&self) -> &HandshakeError {
        match self.end.as_ref().unwrap() {
            End::Failed(failure) => &failure.error,
            End::Done(_) => panic!("the handshake is complete"),
            End::Waiting(_) => panic!("the handshake waits"),
        }
    }
}

/// Copies what fits: the number of bytes.
fn fill(space: &mut [u8], bytes: &[u8]) -> usize {
    let count = bytes.len().min(space.len());
    space[..count].copy_from_slice(&bytes[..count]);
    count
}

/// Bytes arrive at a session; its data goes to `data`. The last thing that it said.
pub fn pour(
    receiver: &mut ReceiveHalf,
    bytes: &[u8],
    now: Duration,
    data: &mut Vec<u8>,
) -> Result<Received, SessionError> {
    let mut rest = bytes;
    loop {
        match receiver.next(now)? {
            Received::Data => data.extend_from_slice(receiver.data()),
            Received::End => return Ok(Received::End),
            Received::Nothing if rest.is_empty() => return Ok(Received::Nothing),
            Received::Nothing => {
                let count = fill(receiver.space(), rest);
                receiver.filled(count);
                rest = &rest[count..];
            }
        }
    }
}

/// The stream of a session ends.
pub fn pour_end(receiver: &mut ReceiveHalf, now: Duration) -> Result<Received, SessionError> {
    receiver.space();
    receiver.filled(0);
    receiver.next(now)
}

/// Whose bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    Client,
    Server,
}

/// Carries bytes between two parties until nothing moves; `carry` sees each burst and may change it. An end that waits then learns that
/// the stream has ended.
pub fn run(client: &mut Party, server: &mut Party, mut carry: impl FnMut(From, Vec<u8>) -> Vec<u8>) {
    loop {
        let to_server = client.output();
        let to_client = server.output();
        if to_server.is_empty() && to_client.is_empty() {
            break;
        }
        for (from, bytes, to) in [(From::Client, to_server, &mut *server), (From::Server, to_client, &mut *client)] {
            let carried = if bytes.is_empty() { bytes } else { carry(from, bytes) };
            if !carried.is_empty() {
                to.feed(&carried);
            }
        }
    }
    client.feed_end();
    server.feed_end();
}

/// Both ends of a complete handshake, and what travelled.
pub struct Shaken {
    pub client: Established,
    pub server: Established,
    pub to_server: Vec<u8>,
    pub to_client: Vec<u8>,
}

/// A handshake that must succeed.
pub fn shake(client: Party, server: Party) -> Shaken {
    let (mut client, mut server) = (client, server);
    let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
    run(&mut client, &mut server, |from, bytes| {
        match from {
            From::Client => to_server.extend_from_slice(&bytes),
            From::Server => to_client.extend_from_slice(&bytes),
        }
        bytes
    });
    Shaken { client: client.established(), server: server.established(), to_server, to_client }
}

/// A complete anonymous handshake.
pub fn plain_shake(seed: u64) -> Shaken {
    let random = super::Seeded::leaked(seed);
    shake(Party::client(client_config(random)), Party::server(server_config(random)))
}

/// Data goes from one end to the other and arrives.
pub fn passes(sender: &mut SendHalf, receiver: &mut ReceiveHalf, text: &[u8]) {
    let (mut wire, mut data) = (Vec::new(), Vec::new());
    sender.data(&[text], at(0), &mut wire).unwrap();
    assert_eq!(pour(receiver, &wire, at(0), &mut data).unwrap(), Received::Nothing);
    assert_eq!(data, text);
}

/// Both ends agree on whom they talk to, and data goes both ways.
pub fn talk(shaken: &mut Shaken) -> (&Peer, &Peer) {
    passes(&mut shaken.client.sender, &mut shaken.server.receiver, b"from the client");
    passes(&mut shaken.server.sender, &mut shaken.client.receiver, b"from the server");
    (&shaken.client.peer, &shaken.server.peer)
}
