//! What a session holds on to while nobody says anything: the tables of its keys and the room of long records go after a second without
//! data, and at once where a direction has ended. The AEAD here counts how often each of its keys was asked to release.
#![allow(clippy::unwrap_used)]

mod support;

use sealwire_traits::{Aead, AeadAlgorithm, KeyError, Nonce, OpenError, OsRandom, Suite, TAG_LEN, Tag, Unavailable};
use sealwire_transport::channel::Channel;
use sealwire_transport::pipe::Memory;
use sealwire_transport::session::{Alert, MAX_CONTENT, Padding, Received, Settings};
use std::future::pending;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::channels::{accept_with, connect_with};
use support::drive::{Party, Shaken, pour, shake};
use support::wire::{application, inner};
use support::*;
use tokio::time::{sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);
/// More than the receiver asks of a pipe when it knows of no long record.
const SMALL: usize = 4 * 1024;

/// More than the receiver asks of a pipe when it expects single keepalives.
const SMALLEST: usize = 512;

/// An AEAD without secrecy. Its keys count, in the order in which they were made.
#[derive(Debug, Default)]
struct Counting(Mutex<Vec<Arc<AtomicUsize>>>);

struct CountingKey(Arc<AtomicUsize>);

impl Counting {
    fn leaked() -> &'static Counting {
        Box::leak(Box::default())
    }

    /// Releases of all keys together.
    fn releases(&self) -> usize {
        self.of_each_key().iter().sum()
    }

    fn of_each_key(&self) -> Vec<usize> {
        self.0.lock().unwrap().iter().map(|count| count.load(Ordering::Relaxed)).collect()
    }
}

impl Aead for CountingKey {
    fn seal(&self, _: Nonce, _: &[u8], _: &mut [u8]) -> Tag {
        Tag::new([0; TAG_LEN])
    }
    fn open(&self, _: Nonce, _: &[u8], _: &mut [u8], _: &Tag) -> Result<(), OpenError> {
        Ok(())
    }
    fn release(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl AeadAlgorithm for Counting {
    fn suite(&self) -> Suite {
        Suite { id: 0xff02, name: "counting", key_len: 16 }
    }
    fn backend(&self) -> &'static str {
        "test"
    }
    fn available(&self) -> Result<(), Unavailable> {
        Ok(())
    }
    fn key(&self, _: &[u8]) -> Result<Box<dyn Aead>, KeyError> {
        let count = Arc::<AtomicUsize>::default();
        self.0.lock().unwrap().push(count.clone());
        Ok(Box::new(CountingKey(count)))
    }
}

/// The AEADs of the client and of the server.
type Counts = [&'static Counting; 2];

fn algorithms() -> (Counts, [&'static [&'static dyn AeadAlgorithm]; 2]) {
    let counts = [Counting::leaked(), Counting::leaked()];
    (counts, counts.map(|count| &*vec![count as &dyn AeadAlgorithm].leak()))
}

fn session(settings: Settings) -> (Shaken, Counts) {
    let (counts, aeads) = algorithms();
    let (mut client, mut server) = (client_config(&OsRandom), server_config(&OsRandom));
    (client.settings, server.settings) = (settings, settings);
    (client.provider.aeads, server.provider.aeads) = (aeads[0], aeads[1]);
    (shake(Party::client(client), Party::server(server)), counts)
}

#[test]
fn a_second_without_data_releases_a_direction_once() {
    let (mut shaken, [of_client, of_server]) = session(Settings::default());
    let (sender, receiver) = (&mut shaken.client.sender, &mut shaken.server.receiver);
    let (mut wire, mut data) = (Vec::new(), Vec::new());
    for (round, began) in [(1, 10_000), (2, 20_000)] {
        let text = vec![round as u8; MAX_CONTENT];
        sender.data(&[&text], Duration::from_millis(began), &mut wire).unwrap();
        pour(receiver, &wire, Duration::from_millis(began), &mut data).unwrap();
        assert!(data == text, "as before");
        assert_eq!(sender.deadline(), Some(Duration::from_millis(began + 1000)));
        assert_eq!(receiver.deadline(), Some(Duration::from_millis(began + 1000)));
        wire.clear();
        data.clear();

        assert!(!sender.check_timers(Duration::from_millis(began + 999), &mut wire));
        receiver.check_timers(Duration::from_millis(began + 999)).unwrap();
        assert_eq!([of_client.releases(), of_server.releases()], [round - 1; 2]);
        assert!(receiver.space().len() > MAX_CONTENT, "a bulk transfer keeps its room");

        for late in [1000, 1001, 5000] {
            assert_eq!(sender.check_timers(Duration::from_millis(began + late), &mut wire), late == 1000);
            receiver.check_timers(Duration::from_millis(began + late)).unwrap();
            assert_eq!([of_client.releases(), of_server.releases()], [round; 2]);
        }
        assert!(receiver.space().len() <= SMALL);
        assert_eq!(sender.deadline(), Some(Duration::from_millis(began + 30_000)), "a keepalive is next");
        assert_eq!(receiver.deadline(), Some(Duration::from_millis(began + 90_000)), "the peer's silence is next");
    }
}

#[test]
fn data_in_place_counts_as_data() {
    let (mut shaken, [of_client, _]) = session(Settings::default());
    let sender = &mut shaken.client.sender;
    let mut room = vec![7; sender.record_len(100) + 1];
    let len = sender.data_in_place(100, at(5), &mut room).unwrap();
    assert_eq!((len, room[len]), (124, 7), "what lies behind the record is left alone");
    let mut data = Vec::new();
    pour(&mut shaken.server.receiver, &room[..len], at(5), &mut data).unwrap();
    assert_eq!(data, [7; 100]);
    sender.check_timers(at(6), &mut Vec::new());
    assert_eq!(of_client.releases(), 1);
}

#[test]
fn keepalives_neither_delay_a_release_nor_ask_for_one() {
    let settings = Settings { keepalive: Duration::from_millis(300), ..Settings::default() };
    let (mut shaken, [of_client, of_server]) = session(settings);
    let (sender, receiver) = (&mut shaken.client.sender, &mut shaken.server.receiver);
    let mut wire = Vec::new();
    sender.data(&[b"data"], at(0), &mut wire).unwrap();
    for now in (0..5000).step_by(100).map(Duration::from_millis) {
        sender.check_timers(now, &mut wire);
        pour(receiver, &wire, now, &mut Vec::new()).unwrap();
        receiver.check_timers(now).unwrap();
        wire.clear();
        let expected = usize::from(now >= SECOND);
        assert_eq!([of_client.releases(), of_server.releases()], [expected; 2], "{now:?}");
    }
}

#[test]
fn a_session_that_never_had_data_waits_in_little_room() {
    let (mut shaken, _) = session(Settings { keepalive: 5 * SECOND, ..Settings::default() });
    let (sender, receiver) = (&mut shaken.client.sender, &mut shaken.server.receiver);
    assert!(receiver.space().len() > SMALLEST, "as its handshake left it");
    assert_eq!(receiver.deadline(), Some(at(1)));
    receiver.check_timers(at(1)).unwrap();
    assert!(receiver.space().len() <= SMALLEST);
    let mut wire = Vec::new();
    sender.check_timers(at(5), &mut wire);
    assert_eq!(pour(receiver, &wire, at(5), &mut Vec::new()).unwrap(), Received::Nothing);
    assert!(!wire.is_empty() && receiver.space().len() <= SMALLEST, "a keepalive leaves it as it is");
    wire.clear();
    sender.data(&[b"something"], at(6), &mut wire).unwrap();
    pour(receiver, &wire, at(6), &mut Vec::new()).unwrap();
    assert!(receiver.space().len() > SMALLEST, "there may be more");
}

#[test]
fn a_long_record_is_released_whatever_its_type() {
    for inner_type in [5, 2] {
        let random = Seeded::leaked(400);
        let (mut client, mut server) = (client_config(random), server_config(Seeded::leaked(401)));
        let ([of_client, of_server], aeads) = algorithms();
        (client.provider.aeads, server.provider.aeads) = (aeads[0], aeads[1]);
        let mut shaken = shake(Party::client(client), Party::server(server));
        let (mut up, _) = application(of_client, &shaken.to_server, &shaken.to_client, &random.drawn()[1]);
        let receiver = &mut shaken.server.receiver;
        pour(receiver, &up.seal(&inner(inner_type, b"", 65_000)), at(0), &mut Vec::new()).unwrap();
        for second in 0..200 {
            if second % 30 == 29 {
                pour(receiver, &up.seal(&inner(5, b"", 0)), at(second), &mut Vec::new()).unwrap();
            }
            receiver.check_timers(at(second)).unwrap();
            assert_eq!(of_server.releases(), usize::from(second >= 1), "at {second} s");
        }
        assert!(receiver.space().len() <= SMALL);
    }
}

#[test]
fn a_padded_keepalive_is_released_at_both_ends() {
    let settings = Settings { padding: Padding::Buckets, ..Settings::default() };
    let (mut shaken, [of_client, of_server]) = session(settings);
    let (sender, receiver, mut wire) = (&mut shaken.client.sender, &mut shaken.server.receiver, Vec::new());
    sender.check_timers(at(30), &mut wire);
    pour(receiver, &wire, at(30), &mut Vec::new()).unwrap();
    assert_eq!([sender.deadline(), receiver.deadline()], [Some(at(31)); 2]);
    sender.check_timers(at(31), &mut wire);
    receiver.check_timers(at(31)).unwrap();
    assert_eq!([of_client.releases(), of_server.releases()], [1; 2]);
}

#[test]
fn what_is_still_needed_stays() {
    let (mut shaken, [_, of_server]) = session(Settings::default());
    let (sender, receiver) = (&mut shaken.client.sender, &mut shaken.server.receiver);
    let mut wire = Vec::new();
    sender.data(&[b"first"], at(0), &mut wire).unwrap();
    sender.data(&[b"second"], at(0), &mut wire).unwrap();
    let sealed = wire.clone();
    sender.check_timers(at(1), &mut wire);
    assert_eq!(wire, sealed, "what is not written yet");

    let half = wire.len() - 10;
    receiver.space()[..half].copy_from_slice(&wire[..half]);
    receiver.filled(half);
    assert_eq!(receiver.next(at(1)).unwrap(), Received::Data);
    receiver.check_timers(at(80)).unwrap();
    assert_eq!((receiver.data(), of_server.releases()), (&b"first"[..], 0), "what its reader has not taken");
    assert_eq!(receiver.next(at(80)).unwrap(), Received::Nothing);
    receiver.check_timers(at(81)).unwrap();
    assert_eq!(of_server.releases(), 1);
    let mut data = Vec::new();
    pour(receiver, &wire[half..], at(82), &mut data).unwrap();
    assert_eq!(data, b"second", "the beginning of a record");
}

#[test]
fn data_at_hand_outlives_its_session() {
    let (mut shaken, _) = session(Settings::default());
    let (receiver, mut wire) = (&mut shaken.server.receiver, Vec::new());
    shaken.client.sender.data(&[b"data"], at(0), &mut wire).unwrap();
    receiver.space()[..wire.len()].copy_from_slice(&wire);
    receiver.filled(wire.len());
    assert_eq!(receiver.next(at(0)).unwrap(), Received::Data);
    assert!(receiver.check_timers(at(90)).is_err());
    assert_eq!(receiver.data(), b"data");
}

#[test]
fn a_direction_that_has_ended_is_released_at_once() {
    for alert in [Alert::CloseNotify, Alert::Internal] {
        let (mut shaken, [of_client, of_server]) = session(Settings::default());
        let mut wire = Vec::new();
        shaken.client.sender.data(&[&[1; MAX_CONTENT]], at(0), &mut wire).unwrap();
        shaken.client.sender.alert(alert, &mut wire);
        let _ = pour(&mut shaken.server.receiver, &wire, at(0), &mut Vec::new());
        assert_eq!([of_client.releases(), of_server.releases()], [1; 2]);
        assert_eq!(shaken.client.sender.deadline(), None);
        assert_eq!(shaken.server.receiver.deadline(), None);
        assert!(shaken.server.receiver.space().len() <= SMALL);
    }
}

#[test]
fn the_key_in_use_is_the_one_released() {
    let (mut shaken, [of_client, _]) = session(Settings::default());
    let sender = &mut shaken.client.sender;
    let (before, mut wire) = (of_client.of_each_key().len(), Vec::new());
    for _ in 0..=1 << 20 {
        wire.clear();
        sender.data(&[b"x"], at(0), &mut wire).unwrap();
    }
    sender.check_timers(at(1), &mut wire);
    let counts = of_client.of_each_key();
    assert_eq!(counts.len(), before + 1, "one key update");
    assert_eq!((counts.last(), of_client.releases()), (Some(&1), 1));
}

/// A channel within this process, with keepalives off, so that nothing but the release wakes anybody.
async fn channel() -> (Channel, Channel, Counts) {
    let (counts, aeads) = algorithms();
    let (mut client, mut server) = (client_config(&OsRandom), server_config(&OsRandom));
    (client.settings.keepalive, server.settings.keepalive) = (Duration::ZERO, Duration::ZERO);
    (client.settings.dead_peer, server.settings.dead_peer) = (Duration::ZERO, Duration::ZERO);
    (client.provider.aeads, server.provider.aeads) = (aeads[0], aeads[1]);
    let (ours, theirs) = Memory::pair();
    let (client, server) = tokio::join!(connect_with(ours, client), accept_with(theirs, server));
    (client.unwrap(), server.unwrap(), counts)
}

#[tokio::test(start_paused = true)]
async fn both_ends_of_a_silent_channel_wake_up_to_release() {
    let (mut client, mut server, [of_client, of_server]) = channel().await;
    for round in 1..=2 {
        client.sender.send(b"something").await.unwrap();
        assert_eq!(server.receiver.receive().await.unwrap().unwrap(), b"something");
        let waiting = async { tokio::join!(client.sender.while_idle(pending::<()>()), server.receiver.receive()) };
        assert!(timeout(SECOND / 2, waiting).await.is_err());
        assert_eq!([of_client.releases(), of_server.releases()], [round - 1; 2]);
        let waiting = async { tokio::join!(client.sender.while_idle(pending::<()>()), server.receiver.receive()) };
        assert!(timeout(SECOND, waiting).await.is_err());
        assert_eq!([of_client.releases(), of_server.releases()], [round; 2]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_silence_that_nobody_watched_is_made_up_for() {
    let (mut client, _server, [of_client, _]) = channel().await;
    client.sender.send(b"something").await.unwrap();
    sleep(100 * SECOND).await;
    assert_eq!(of_client.releases(), 0);
    assert!(timeout(SECOND / 100, client.sender.while_idle(pending::<()>())).await.is_err());
    assert_eq!(of_client.releases(), 1);
}
