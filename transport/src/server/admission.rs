//! Who is let in: caps on connections and on handshakes in progress, and what puzzle a client has to solve when they fill up.

use super::places::{Caps, Full, Place, Places, Use};
use super::progress::{InProgress, Progress};
use crate::Clock;
use crate::session::MAX_DIFFICULTY;
use crate::workers::Workers;
use std::net::IpAddr;
use std::time::Duration;

/// Those beyond the caps who are told so at a time; more are just closed. One address has an eighth of it.
const LOBBY: Caps = Caps { total: 64, per_address: 8 };
/// Leading zero bits of the easiest puzzle: finding a solution takes about as long as the server's part of the handshake. An easier one
/// would cost whoever floods the server less than it costs the server.
const EASIEST: u8 = 12;

/// The caps of a server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// On connections.
    pub connections: Caps,
    /// On connections that are in the handshake.
    pub handshakes: Caps,
    /// How long as many failed handshakes as there are places count as though they were still in progress. With the time for a handshake,
    /// failing at once gains nothing over saying nothing until the deadline.
    pub memory: Duration,
}

/// Lets a bounded number of connections in at a time. A clone shares the places.
#[derive(Clone)]
pub struct Admission {
    connections: Places,
    handshakes: Progress,
    lobby: Places,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TurnedAway {
    /// Too many connections.
    Connections(Full),
    /// Too many handshakes of its address that are in progress or failed of late.
    HandshakesOfAddress,
}

/// A connection's place; it is free again when this is dropped.
pub struct Admitted {
    _connection: Place,
    /// Until the client has proved itself.
    handshake: Option<InProgress>,
}

/// A place in the lobby, for somebody who is told that there is none within; it is free again when this is dropped.
pub struct InLobby {
    _place: Place,
}

impl Admission {
    /// Room for as many as `limits` say.
    pub fn new(limits: Limits, clock: Clock) -> Admission {
        Admission {
            connections: Places::new(limits.connections, Duration::ZERO, clock),
            handshakes: Progress::new(Places::new(limits.handshakes, limits.memory, clock)),
            lobby: Places::new(LOBBY, Duration::ZERO, clock),
        }
    }

    /// A place for a connection from `origin`, if there is one. `None` is for pipes that have no internet address: they know the caps for
    /// all alone. When all places for handshakes are taken, the handshake that began first [gives way](Admitted::gave_way).
    ///
    /// # Errors
    /// [`TurnedAway`] says which cap was reached.
    pub fn enter(&self, origin: Option<IpAddr>) -> Result<Admitted, TurnedAway> {
        let connection = self.connections.enter(origin).map_err(TurnedAway::Connections)?;
        let handshake = self.handshakes.begin(origin).ok_or(TurnedAway::HandshakesOfAddress)?;
        Ok(Admitted { _connection: connection, handshake: Some(handshake) })
    }

    /// A place in the lobby. Without one, a connection that was turned away is closed without a word.
    pub fn lobby(&self, origin: Option<IpAddr>) -> Option<InLobby> {
        self.lobby.enter(origin).ok().map(|place| InLobby { _place: place })
    }
}

impl Admitted {
    /// The puzzle for this client: by how full the handshakes are, in all and for its address, and the queue of `workers`, whichever is the
    /// fullest. None while all have room for as many again.
    pub fn difficulty(&self, workers: &Workers) -> u8 {
        let [all, address] = self.handshake.as_ref().map_or([(0, 1); 2], InProgress::others);
        [all, address, workers.load()].map(difficulty).into_iter().max().unwrap_or_default()
    }

    /// Ready once the handshake had to give its place up to a newer one: it is to be broken off. Never behind the handshake. May be cancelled
    /// and called again.
    pub async fn gave_way(&self) {
        match &self.handshake {
            Some(handshake) => handshake.gave_way().await,
            None => std::future::pending().await,
        }
    }

    /// The handshake is complete: its place is free for another one.
    pub fn complete(&mut self) {
        self.handshake = None;
    }

    /// The handshake has failed.
    pub fn failed(&mut self) {
        if let Some(handshake) = self.handshake.take() {
            handshake.fail();
        }
    }
}

/// Leading zero bits for the next client, when `used` of `cap` places are taken: none up to half of them, then from [`EASIEST`] up to
/// [`MAX_DIFFICULTY`] when they are all taken.
fn difficulty((used, cap): Use) -> u8 {
    let (half, steps) = (cap / 2, usize::from(MAX_DIFFICULTY - EASIEST));
    match used.saturating_sub(half) {
        0 => 0,
        over => EASIEST + (steps * over / (cap - half)).min(steps) as u8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwire_traits::Slices;
    use std::pin::pin;
    use std::task::{Context, Waker};

    const ONE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));
    const OTHER: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 2)));

    fn admission(connections: (usize, usize), handshakes: (usize, usize)) -> Admission {
        let [connections, handshakes] =
            [connections, handshakes].map(|(total, per_address)| Caps { total, per_address });
        Admission::new(Limits { connections, handshakes, memory: Duration::from_secs(10) }, Clock::start())
    }

    #[test]
    fn each_cap_turns_away() {
        for (connections, handshakes, of_one, refusal) in [
            ((2, 9), (9, 9), 2, TurnedAway::Connections(Full::Total)),
            ((9, 2), (9, 9), 2, TurnedAway::Connections(Full::Address)),
            ((9, 9), (9, 2), 2, TurnedAway::HandshakesOfAddress),
        ] {
            let admission = admission(connections, handshakes);
            let inside: Vec<_> = (0..of_one).map(|_| admission.enter(ONE)).collect();
            assert!(inside.iter().all(Result::is_ok));
            assert_eq!(admission.enter(ONE).err(), Some(refusal));
            let for_all = refusal == TurnedAway::Connections(Full::Total);
            assert_eq!(admission.enter(OTHER).is_err(), for_all, "{refusal:?}");
        }
    }

    /// Whether a handshake is to be broken off.
    fn gave_way(admitted: &Admitted) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        pin!(admitted.gave_way()).poll(&mut context).is_ready()
    }

    #[test]
    fn the_oldest_handshake_gives_way_and_no_session_does() {
        let admission = admission((9, 9), (3, 2));
        let [mut session, oldest] = [admission.enter(ONE), admission.enter(ONE)].map(|place| place.expect("room"));
        session.complete();
        let _others = [admission.enter(OTHER), admission.enter(OTHER)].map(|place| place.expect("room"));
        assert!(!gave_way(&oldest));
        assert!(admission.enter(OTHER).is_err(), "its address has enough, so nobody gives way");
        assert!(!gave_way(&oldest));
        let newcomer = admission.enter(None).expect("the oldest has failed");
        assert!(gave_way(&oldest) && !gave_way(&session) && !gave_way(&newcomer));
        drop(oldest);
        assert_eq!(newcomer.difficulty(&Workers::new(1, 1)), 20, "two others, and one that failed");
    }

    #[test]
    fn whoever_has_proved_itself_makes_room_for_a_handshake() {
        let admission = admission((9, 9), (9, 1));
        let mut first = admission.enter(ONE).expect("room");
        assert!(admission.enter(ONE).is_err());
        first.complete();
        assert!(admission.enter(ONE).is_ok());
    }

    #[test]
    fn somebody_who_is_turned_away_takes_no_place() {
        let admission = admission((2, 2), (1, 1));
        let first = admission.enter(ONE).expect("room");
        for _ in 0..5 {
            assert!(admission.enter(ONE).is_err());
        }
        drop(first);
        assert!(admission.enter(ONE).is_ok());
    }

    #[test]
    fn one_address_does_not_fill_the_lobby() {
        let admission = admission((1, 1), (1, 1));
        let greedy: Vec<_> = (0..100).filter_map(|_| admission.lobby(ONE)).collect();
        assert_eq!(greedy.len(), LOBBY.per_address);
        assert!(admission.lobby(OTHER).is_some());
    }

    #[test]
    fn the_puzzle_is_as_hard_as_the_places_are_full() {
        let table = [0, 32, 33, 36, 39, 40, 44, 48, 52, 56, 60, 63, 64, 65, 1000];
        let bits = [0, 0, 12, 13, 13, 14, 15, 16, 17, 18, 19, 19, 20, 20, 20];
        assert_eq!(table.map(|used| difficulty((used, 64))), bits);
        assert_eq!([0, 1, 2].map(|used| difficulty((used, 1))), [0, 20, 20]);
        assert_eq!([0, 1, 2, 3].map(|used| difficulty((used, 3))), [0, 0, 16, 20]);
    }

    #[test]
    fn the_fullest_of_all_decides() {
        let workers = Workers::new(1, 4);
        let admission = admission((99, 99), (20, 4));
        let first = admission.enter(ONE).expect("room");
        assert_eq!(first.difficulty(&workers), 0, "its own place does not count");
        let _more: Vec<_> = (0..3).map(|_| admission.enter(ONE)).collect();
        let second = admission.enter(OTHER).expect("room");
        assert_eq!((first.difficulty(&workers), second.difficulty(&workers)), (16, 0), "who is many has to work");
        let _others: Vec<_> = (0..7).map(|_| admission.enter(None)).collect();
        assert_eq!(second.difficulty(&workers), 12, "eleven others");
    }

    #[tokio::test]
    async fn a_queue_that_fills_up_asks_everybody_to_work() {
        let workers = Workers::new(1, 4);
        let (release, gate) = std::sync::mpsc::channel::<()>();
        let (started, has_started) = tokio::sync::oneshot::channel();
        let first = tokio::spawn({
            let workers = workers.clone();
            async move { workers.run(Slices::one(move || (started.send(()), gate.recv().is_err()).1)).await }
        });
        has_started.await.expect("started");
        let client = admission((9, 9), (9, 9)).enter(ONE).expect("room");
        for (waiting, bits) in [(0, 0), (1, 0), (2, 0), (3, 16), (4, 20)] {
            while workers.load() != (waiting, 4) {
                tokio::task::yield_now().await;
            }
            assert_eq!(client.difficulty(&workers), bits, "{waiting} wait");
            let workers = workers.clone();
            tokio::spawn(async move { workers.run(Slices::one(|| ())).await });
        }
        drop(release);
        assert_eq!(first.await.expect("joined"), Ok(true));
    }
}
