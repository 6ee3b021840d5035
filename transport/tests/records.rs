//! Sessions behind the handshake, without a pipe: lengths on the wire, padding, key update, timers, limits and endings. What an honest
//! peer never sends is sealed by the second implementation in `support::wire`.
#![allow(clippy::unwrap_used)]

mod support;

use sealwire_traits::{Aead, AeadAlgorithm, KeyError, Nonce, OpenError, Suite, TAG_LEN, Tag, Unavailable};
use sealwire_transport::session::{Alert, Padding, Received, SessionError, Settings};
use std::time::Duration;
use support::drive::{Party, Shaken, passes, plain_shake, pour, pour_end, shake};
use support::wire::{Direction, application, inner, record, records};
use support::*;

/// A session, and the client's sending direction in the hands of the test.
fn forged(settings: Settings) -> (Shaken, Direction) {
    let random = Seeded::leaked(200);
    let (mut client, mut server) = (client_config(random), server_config(Seeded::leaked(201)));
    (client.settings, server.settings) = (settings, settings);
    let shaken = shake(Party::client(client), Party::server(server));
    let (up, _) = application(suites(&[0])[0], &shaken.to_server, &shaken.to_client, &random.drawn()[1]);
    (shaken, up)
}

/// What the server says to records that the test sealed.
fn server_says(shaken: &mut Shaken, wire: &[u8]) -> Result<Received, SessionError> {
    pour(&mut shaken.server.receiver, wire, at(0), &mut Vec::new())
}

fn is_protocol(result: Result<Received, SessionError>) -> bool {
    matches!(result, Err(SessionError::Protocol(_)))
}

#[test]
fn data_travels_in_records_of_at_most_64_kibibytes() {
    let mut shaken = plain_shake(1);
    for len in [1, 2, 1535, 1536, 1537, 65_535, 65_536] {
        let text: Vec<u8> = (0..len).map(|i| i as u8).collect();
        let (head, tail) = text.split_at(len / 3);
        let mut wire = b"what is there already".to_vec();
        let start = wire.len();
        shaken.client.sender.data(&[head, b"", tail], at(0), &mut wire).unwrap();
        assert_eq!(records(&wire[start..]).len(), 1);
        assert_eq!(wire.len() - start, len + 24);
        let mut data = Vec::new();
        pour(&mut shaken.server.receiver, &wire[start..], at(0), &mut data).unwrap();
        assert_eq!(data, text);
    }
}

#[test]
fn no_data_is_no_record() {
    let sender = &mut plain_shake(1).client.sender;
    let mut wire = b"what is there already".to_vec();
    sender.data(&[b"", b""], at(1), &mut wire).unwrap();
    assert_eq!(wire, b"what is there already");
    assert_eq!(sender.data_in_place(0, at(1), &mut wire).unwrap(), 0);
    assert_eq!(wire, b"what is there already");
    assert_eq!(sender.deadline(), Some(at(30)), "nothing was sent");
}

#[test]
#[should_panic(expected = "at most 64 KiB")]
fn more_data_than_a_record_holds_is_the_callers_fault() {
    let _ = plain_shake(1).client.sender.data(&[&[1; 65_536], b"x"], at(0), &mut Vec::new());
}

#[test]
fn buckets_hide_lengths_on_the_wire() {
    let settings = Settings { padding: Padding::Buckets, ..Settings::default() };
    let (mut shaken, _) = forged(settings);
    for (len, inner) in
        [(1, 256), (252, 256), (253, 512), (1020, 1024), (32_765, 65_536), (65_532, 65_536), (65_536, 65_540)]
    {
        let mut wire = Vec::new();
        shaken.client.sender.data(&[&vec![1; len]], at(0), &mut wire).unwrap();
        assert_eq!(wire.len(), 4 + inner + 16, "{len} bytes");
        let mut data = Vec::new();
        pour(&mut shaken.server.receiver, &wire, at(0), &mut data).unwrap();
        assert_eq!(data.len(), len);
    }
    let mut wire = Vec::new();
    shaken.client.sender.check_timers(at(30), &mut wire);
    shaken.client.sender.close(&mut wire);
    assert!(records(&wire).iter().all(|record| record.len() == 4 + 256 + 16), "control records look like short data");
}

#[test]
fn padding_around_data_in_place_is_zero() {
    let settings = Settings { padding: Padding::Buckets, ..Settings::default() };
    let (mut shaken, mut up) = forged(settings);
    let mut room = vec![0xee; 1000];
    let len = shaken.client.sender.data_in_place(10, at(0), &mut room).unwrap();
    assert_eq!(len, 4 + 256 + 16);
    assert_eq!(up.open(&room[..len]), (2, vec![0xee; 10], 242));
}

/// An AEAD for counting: no secrecy, and a tag that shows key and nonce.
#[derive(Debug)]
struct Tally;

struct TallyKey([u8; TAG_LEN]);

impl TallyKey {
    fn tag(&self, nonce: &Nonce) -> [u8; TAG_LEN] {
        let mut tag = self.0;
        tag.iter_mut().zip(nonce.as_bytes()).for_each(|(t, n)| *t ^= n);
        tag
    }
}

impl Aead for TallyKey {
    fn seal(&self, nonce: Nonce, _: &[u8], _: &mut [u8]) -> Tag {
        Tag::new(self.tag(&nonce))
    }
    fn open(&self, nonce: Nonce, _: &[u8], _: &mut [u8], tag: &Tag) -> Result<(), OpenError> {
        if self.tag(&nonce) == *tag.as_bytes() { Ok(()) } else { Err(OpenError) }
    }
}

impl AeadAlgorithm for Tally {
    fn suite(&self) -> Suite {
        Suite { id: 0xff01, name: "tally", key_len: TAG_LEN }
    }
    fn backend(&self) -> &'static str {
        "test"
    }
    fn available(&self) -> Result<(), Unavailable> {
        Ok(())
    }
    fn key(&self, key: &[u8]) -> Result<Box<dyn Aead>, KeyError> {
        Ok(Box::new(TallyKey(key.try_into().unwrap())))
    }
}

#[test]
fn a_direction_moves_to_its_next_key_after_2_to_the_20_records() {
    let random = Seeded::leaked(300);
    let (mut client, mut server) = (client_config(random), server_config(Seeded::leaked(301)));
    client.provider.aeads = &[&Tally];
    server.provider.aeads = &[&Tally];
    let mut shaken = shake(Party::client(client), Party::server(server));
    let (mut up, _) = application(&Tally, &shaken.to_server, &shaken.to_client, &random.drawn()[1]);
    let mut wire = Vec::new();
    for number in 0..2 * (1_u32 << 20) + 2 {
        wire.clear();
        shaken.client.sender.data(&[&[number as u8]], at(0), &mut wire).unwrap();
        if number > 0 && number % (1 << 20) == 0 {
            up.update();
            assert_eq!(up.sequence, 0);
        }
        assert_eq!(up.open(&wire), (2, vec![number as u8], 0), "record {number}");
        let mut data = Vec::new();
        pour(&mut shaken.server.receiver, &wire, at(0), &mut data).unwrap();
        assert_eq!(data, [number as u8], "record {number}");
    }
    passes(&mut shaken.server.sender, &mut shaken.client.receiver, b"the other direction has its own count");
}

#[test]
fn keepalives_are_sealed_when_due_and_not_before() {
    let mut shaken = plain_shake(2);
    let sender = &mut shaken.client.sender;
    let mut wire = Vec::new();
    assert_eq!(sender.deadline(), Some(Duration::from_secs(30)));
    sender.check_timers(at(29), &mut wire);
    assert!(wire.is_empty());
    sender.data(&[b"x"], at(10), &mut wire).unwrap();
    let start = wire.len();
    sender.check_timers(at(39), &mut wire);
    assert_eq!(wire.len(), start);
    assert_eq!(sender.deadline(), Some(Duration::from_secs(40)), "data says as much");
    sender.check_timers(at(40), &mut wire);
    assert_eq!((wire.len() - start, sender.deadline()), (24, Some(Duration::from_secs(70))));
    sender.close(&mut wire);
    assert_eq!(sender.deadline(), None);
    let end = wire.len();
    sender.check_timers(at(100), &mut wire);
    assert_eq!(wire.len(), end);
    let (mut shaken, _) = forged(Settings { keepalive: Duration::ZERO, ..Settings::default() });
    assert_eq!(shaken.client.sender.deadline(), None);
    shaken.client.sender.check_timers(at(1000), &mut wire);
    assert_eq!(wire.len(), end, "keepalives are off");
}

#[test]
fn sixty_keepalives_and_one_a_second_are_enough() {
    let (mut shaken, mut up) = forged(Settings::default());
    let receiver = &mut shaken.server.receiver;
    let mut keepalive_at = |now| pour(receiver, &up.seal(&inner(5, b"", 0)), now, &mut Vec::new());
    for _ in 0..60 {
        keepalive_at(at(0)).unwrap();
    }
    for second in 1..200 {
        keepalive_at(at(second)).unwrap();
    }
    for _ in 200..=300 {
        keepalive_at(at(300)).unwrap();
    }
    assert!(is_protocol(keepalive_at(at(301) - Duration::from_nanos(1))));
}

#[test]
fn thirty_two_empty_records_in_a_row_are_enough() {
    let (mut shaken, mut up) = forged(Settings::default());
    for _ in 0..32 {
        server_says(&mut shaken, &up.seal(&inner(2, b"", 0))).unwrap();
    }
    server_says(&mut shaken, &up.seal(&inner(2, b"x", 0))).unwrap();
    for _ in 0..32 {
        server_says(&mut shaken, &up.seal(&inner(2, b"", 100))).unwrap();
    }
    server_says(&mut shaken, &up.seal(&inner(5, b"", 0))).unwrap();
    assert!(is_protocol(server_says(&mut shaken, &up.seal(&inner(2, b"", 0)))), "a keepalive is not data");
}

#[test]
fn a_peer_that_says_nothing_whole_is_dead() {
    let mut shaken = plain_shake(3);
    let mut wire = Vec::new();
    shaken.client.sender.data(&[&[0; 200]], at(0), &mut wire).unwrap();
    let receiver = &mut shaken.server.receiver;
    for second in 0..90 {
        let byte = &wire[second as usize..=second as usize];
        assert_eq!(pour(receiver, byte, at(second), &mut Vec::new()).unwrap(), Received::Nothing);
        receiver.check_timers(at(second)).unwrap();
    }
    assert_eq!(receiver.deadline(), Some(at(90)));
    assert!(matches!(receiver.check_timers(at(90)), Err(SessionError::DeadPeer(90))));
    assert!(matches!(receiver.next(at(91)), Err(SessionError::DeadPeer(90))), "for ever");
    assert_eq!(receiver.deadline(), None);
}

#[test]
fn every_whole_record_shows_that_the_peer_lives() {
    let (mut shaken, mut up) = forged(Settings::default());
    let receiver = &mut shaken.server.receiver;
    for (second, kind, content) in [(80, 5, &b""[..]), (160, 2, b""), (240, 2, b"x")] {
        pour(receiver, &up.seal(&inner(kind, content, 0)), at(second), &mut Vec::new()).unwrap();
        receiver.check_timers(at(second + 1)).unwrap();
        assert_eq!(receiver.deadline(), Some(Duration::from_secs(second + 90)));
    }
}

#[test]
fn silence_counts_from_when_the_last_data_was_taken() {
    let mut shaken = plain_shake(4);
    let mut wire = Vec::new();
    shaken.client.sender.data(&[b"long to digest"], at(0), &mut wire).unwrap();
    let receiver = &mut shaken.server.receiver;
    receiver.space()[..wire.len()].copy_from_slice(&wire);
    receiver.filled(wire.len());
    assert_eq!(receiver.next(at(1)).unwrap(), Received::Data);
    assert_eq!(receiver.next(at(500)).unwrap(), Received::Nothing);
    receiver.check_timers(at(501)).unwrap();
    assert_eq!(receiver.deadline(), Some(Duration::from_secs(590)));
    assert_eq!(receiver.next(at(510)).unwrap(), Received::Nothing);
    assert_eq!(receiver.deadline(), Some(Duration::from_secs(590)), "once");
}

#[test]
fn a_session_without_data_is_idle_although_it_lives() {
    let settings = Settings { idle: Duration::from_secs(100), ..Settings::default() };
    let (mut shaken, mut up) = forged(settings);
    for second in [50, 70] {
        shaken.server.sender.data(&[b"out"], at(second), &mut Vec::new()).unwrap();
    }
    let receiver = &mut shaken.server.receiver;
    receiver.check_timers(at(1)).unwrap();
    pour(receiver, &up.seal(&inner(5, b"", 0)), at(90), &mut Vec::new()).unwrap();
    assert_eq!(receiver.deadline(), Some(at(170)), "data out counts, keepalives do not");
    receiver.check_timers(at(169)).unwrap();
    let error = receiver.check_timers(at(170)).unwrap_err();
    assert!(matches!(error, SessionError::Idle(100)));
    assert_eq!(error.alert(), Some(Alert::CloseNotify));
}

#[test]
fn timers_that_are_off_never_fire() {
    let (mut shaken, _) = forged(Settings { dead_peer: Duration::ZERO, ..Settings::default() });
    shaken.server.receiver.check_timers(at(1_000_000)).unwrap();
    assert_eq!(shaken.server.receiver.deadline(), None);
}

#[test]
fn each_direction_ends_on_its_own_and_for_good() {
    let mut shaken = plain_shake(5);
    let (sender, receiver) = (&mut shaken.client.sender, &mut shaken.server.receiver);
    let (mut wire, mut data) = (Vec::new(), Vec::new());
    sender.data(&[b"last"], at(0), &mut wire).unwrap();
    sender.close(&mut wire);
    let whole = wire.len();
    assert!(sender.is_closed());
    assert!(matches!(sender.data(&[b"more"], at(0), &mut wire), Err(SessionError::Closed)));
    sender.close(&mut wire);
    sender.alert(Alert::Internal, &mut wire);
    assert_eq!(wire.len(), whole, "nothing comes behind close_notify");
    wire.extend_from_slice(b"S\0\0\x10whatever comes here");
    assert_eq!(pour(receiver, &wire, at(0), &mut data).unwrap(), Received::End);
    assert_eq!(data, b"last");
    assert_eq!(pour_end(receiver, at(0)).unwrap(), Received::End);
    assert_eq!(receiver.deadline(), None);
    passes(&mut shaken.server.sender, &mut shaken.client.receiver, b"the other one goes on");
}

#[test]
fn an_end_without_close_notify_is_a_truncation() {
    for keep in 0..30 {
        let mut shaken = plain_shake(6);
        let (mut wire, mut data) = (Vec::new(), Vec::new());
        shaken.client.sender.data(&[b"data"], at(0), &mut wire).unwrap();
        shaken.client.sender.close(&mut wire);
        pour(&mut shaken.server.receiver, &wire[..keep], at(0), &mut data).unwrap();
        assert_eq!(data, if keep < 28 { &b""[..] } else { b"data" });
        let error = pour_end(&mut shaken.server.receiver, at(0)).unwrap_err();
        assert!(matches!(error, SessionError::Truncated), "{error}");
    }
}

#[test]
fn alerts_end_the_session() {
    use Alert::*;
    for alert in [HandshakeFailure, ProtocolError, Unsupported, Overloaded, Internal, BadRecord] {
        let mut shaken = plain_shake(7);
        let mut wire = Vec::new();
        shaken.client.sender.alert(alert, &mut wire);
        assert!(shaken.client.sender.is_closed());
        assert!(matches!(server_says(&mut shaken, &wire), Err(SessionError::Alert(heard)) if heard == alert));
    }
    for content in [&[7][..], &[0, 0], &[]] {
        let (mut shaken, mut up) = forged(Settings::default());
        assert!(is_protocol(server_says(&mut shaken, &up.seal(&inner(3, content, 0)))), "{content:?}");
    }
}

#[test]
fn what_is_sealed_and_malformed_breaks_the_protocol() {
    let longer_than_itself = [&[2, 0, 0, 5][..], b"four"].concat();
    for bad in [
        vec![],
        vec![2, 0, 0],
        longer_than_itself,
        vec![2, 0xff, 0xff, 0xff],
        inner(0, b"x", 0),
        inner(1, b"a handshake message", 0),
        inner(4, b"\x01", 0),
        inner(5, b"a keepalive is empty", 0),
        inner(6, b"x", 0),
        inner(255, b"x", 0),
    ] {
        let (mut shaken, mut up) = forged(Settings::default());
        let error = server_says(&mut shaken, &up.seal(&bad)).unwrap_err();
        assert!(matches!(error, SessionError::Protocol(_)), "{bad:02x?}: {error}");
        assert_eq!(error.alert(), Some(Alert::ProtocolError));
        assert!(is_protocol(server_says(&mut shaken, &up.seal(&inner(2, b"x", 0)))), "for ever");
    }
}

#[test]
fn what_does_not_open_is_a_bad_record() {
    let (mut shaken, _) = forged(Settings::default());
    let mut wire = Vec::new();
    for text in [b"0", b"1", b"2"] {
        shaken.client.sender.data(&[text], at(0), &mut wire).unwrap();
    }
    let sent = records(&wire);
    let zeros = record(b'S', &[0; 20]);
    for wrong in [
        &[sent[1]][..],
        &[sent[0], sent[0]],
        &[sent[0], sent[2]],
        &[&record(b'S', &[0; 15])],
        &[&record(b'S', &[0; 16])],
        &[&zeros],
        &[&record(b'S', b"")],
    ] {
        let (mut fresh, _) = forged(Settings::default());
        let error = server_says(&mut fresh, &wrong.concat()).unwrap_err();
        assert!(matches!(error, SessionError::BadRecord), "{error}");
        assert_eq!(error.alert(), Some(Alert::BadRecord));
    }
}

#[test]
fn what_has_no_place_in_a_session_is_refused_by_its_header() {
    for header in [&b"H"[..], b"A", b"\0", b"S\x01\0\x15", b"S\xff\xff\xff", b"A\0\0\x01"] {
        let (mut shaken, _) = forged(Settings::default());
        assert!(is_protocol(server_says(&mut shaken, header)), "{header:02x?}");
    }
    let (mut shaken, _) = forged(Settings::default());
    assert_eq!(server_says(&mut shaken, b"S\x01\0\x14").unwrap(), Received::Nothing, "65,556 bytes are allowed");
    assert!(shaken.server.receiver.space().len() <= 65_560);
}

#[test]
fn padding_is_not_looked_at() {
    let (mut shaken, mut up) = forged(Settings::default());
    let padded = [inner(2, b"data", 0), vec![0xa5; 65_532]].concat();
    let mut data = Vec::new();
    pour(&mut shaken.server.receiver, &up.seal(&padded), at(0), &mut data).unwrap();
    assert_eq!(data, b"data");
}
