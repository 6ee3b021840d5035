//! One end of the simulated conversation: a handshake, then a script over a session. It has no clock and no pipe either.

use crate::support::drive::{Answer, End, settle};
use sealwire_transport::session::{
    Epoch, Established, Handshake, HandshakeError, Now, ReceiveHalf, Received, SendHalf, SessionError,
};
use std::sync::Arc;
use std::time::Duration;

/// Questions and answers.
pub const EXCHANGES: usize = 12;
/// What the server says once the client has closed.
const FAREWELL: &[u8] = b"and this is all that there was to say";

/// The pieces of question or answer `i`: two records.
fn pieces(from: &str, i: usize) -> [Vec<u8>; 2] {
    [format!("{from} {i}: ").into_bytes(), vec![b'0' + i as u8; 1 + (i * 7) % 13]]
}

/// What a whole conversation delivers to the server, and to the client.
pub fn whole(to_client: bool) -> Vec<u8> {
    let from = if to_client { "answer" } else { "question" };
    let mut all = (0..EXCHANGES).flat_map(|i| pieces(from, i)).flatten().collect::<Vec<u8>>();
    if to_client {
        all.extend_from_slice(FAREWELL);
    }
    all
}

#[derive(Clone, Debug)]
pub enum Error {
    Handshake(HandshakeError),
    Session(SessionError),
}

struct Talk {
    sender: SendHalf,
    receiver: ReceiveHalf,
    /// Exchanges begun by the client, or answered by the server.
    exchanges: usize,
    /// Bytes of the peer that complete the exchange at hand.
    due: usize,
}

enum State {
    Shaking(Handshake),
    Talking(Talk),
    Over(Result<(), Error>),
}

/// One end.
pub struct Node {
    is_client: bool,
    /// For the server: the key that it will ask for.
    answer: Option<Answer>,
    state: Option<State>,
    pub output: Vec<u8>,
    pub received: Vec<u8>,
    pub sent: Vec<u8>,
}

impl Node {
    pub fn client(handshake: Handshake) -> Node {
        Node::new(handshake, None)
    }

    pub fn server(handshake: Handshake, epoch: Arc<Epoch>) -> Node {
        Node::new(handshake, Some((epoch, 0)))
    }

    fn new(handshake: Handshake, answer: Option<Answer>) -> Node {
        let (output, received, sent) = (Vec::new(), Vec::new(), Vec::new());
        let mut node = Node { is_client: answer.is_none(), answer, state: None, output, received, sent };
        node.wait(handshake);
        node
    }

    pub fn outcome(&self) -> Option<&Result<(), Error>> {
        match self.state.as_ref().unwrap() {
            State::Over(outcome) => Some(outcome),
            _ => None,
        }
    }

    fn wait(&mut self, mut handshake: Handshake) {
        self.output.extend(handshake.take_output());
        self.state = Some(State::Shaking(handshake));
    }

    /// Bytes arrive; with `ended`, nothing comes behind them.
    pub fn receive(&mut self, bytes: &[u8], ended: bool, now: Now) {
        let mut rest = bytes;
        while self.outcome().is_none() {
            let space = match self.state.as_mut().unwrap() {
                State::Shaking(handshake) => handshake.space(),
                State::Talking(talk) => talk.receiver.space(),
                State::Over(_) => return,
            };
            let count = rest.len().min(space.len());
            space[..count].copy_from_slice(&rest[..count]);
            rest = &rest[count..];
            if count > 0 || ended {
                self.filled(count, now);
            }
            if rest.is_empty() && (count == 0 || !ended) {
                return;
            }
        }
    }

    fn filled(&mut self, count: usize, now: Now) {
        match self.state.take().unwrap() {
            State::Shaking(mut handshake) => {
                handshake.filled(count);
                self.shake(handshake, now);
            }
            State::Talking(mut talk) => {
                talk.receiver.filled(count);
                self.talk(talk, now);
            }
            over => self.state = Some(over),
        }
    }

    fn shake(&mut self, handshake: Handshake, now: Now) {
        match settle(handshake.advance(now), &mut self.answer, now) {
            End::Waiting(handshake) => self.wait(handshake),
            End::Failed(failure) => {
                self.output.extend(failure.output);
                self.state = Some(State::Over(Err(Error::Handshake(failure.error))));
            }
            End::Done(established) => {
                let Established { sender, receiver, output, .. } = *established;
                self.output.extend(output);
                let mut talk = Talk { sender, receiver, exchanges: 0, due: 0 };
                if self.is_client {
                    self.answer(&mut talk, now);
                } else {
                    talk.due = pieces("question", 0).concat().len();
                }
                self.talk(talk, now);
            }
        }
    }

    /// Goes on with what has arrived.
    fn talk(&mut self, mut talk: Talk, now: Now) {
        let end = loop {
            match talk.receiver.next(now.elapsed) {
                Ok(Received::Data) => {
                    self.received.extend_from_slice(talk.receiver.data());
                    while talk.due > 0 && self.received.len() >= talk.due {
                        self.answer(&mut talk, now);
                    }
                }
                Ok(Received::Nothing) => {
                    self.state = Some(State::Talking(talk));
                    return;
                }
                Ok(Received::End) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        match end {
            Ok(()) if self.is_client => {}
            Ok(()) => {
                self.say(&mut talk, &FAREWELL[..20], now);
                self.say(&mut talk, &FAREWELL[20..], now);
                talk.sender.close(&mut self.output);
            }
            Err(ref error) => {
                if let Some(alert) = error.alert() {
                    talk.sender.alert(alert, &mut self.output);
                }
            }
        }
        self.state = Some(State::Over(end.map_err(Error::Session)));
    }

    /// The peer has said its part of the exchange: the client asks the next question or closes, the server answers.
    fn answer(&mut self, talk: &mut Talk, now: Now) {
        let (own, peers) = if self.is_client { ("question", "answer") } else { ("answer", "question") };
        if talk.exchanges == EXCHANGES {
            talk.due = 0;
            talk.sender.close(&mut self.output);
            return;
        }
        for piece in pieces(own, talk.exchanges) {
            self.say(talk, &piece, now);
        }
        talk.exchanges += 1;
        let awaited = if self.is_client { talk.exchanges } else { talk.exchanges + 1 };
        talk.due = if awaited > EXCHANGES { 0 } else { (0..awaited).map(|i| pieces(peers, i).concat().len()).sum() };
    }

    fn say(&mut self, talk: &mut Talk, data: &[u8], now: Now) {
        talk.sender.data(&[data], now.elapsed, &mut self.output).unwrap();
        self.sent.extend_from_slice(data);
    }

    /// When this end does something although nothing arrives.
    pub fn deadline(&self) -> Option<Duration> {
        match self.state.as_ref().unwrap() {
            State::Shaking(handshake) => Some(handshake.deadline()),
            State::Talking(talk) => talk.receiver.deadline().into_iter().chain(talk.sender.deadline()).min(),
            State::Over(_) => None,
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Now) {
        match self.state.take().unwrap() {
            State::Shaking(handshake) => self.shake(handshake, now),
            State::Talking(mut talk) => {
                talk.sender.check_timers(now.elapsed, &mut self.output);
                // An error stays, and `next` gives it again.
                let _ = talk.receiver.check_timers(now.elapsed);
                self.talk(talk, now);
            }
            over => self.state = Some(over),
        }
    }
}
