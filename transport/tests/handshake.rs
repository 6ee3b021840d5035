//! Handshakes without a pipe: what both ends learn when they come to terms, and who is turned away, by whom and with which word.
#![allow(clippy::unwrap_used)]

mod support;

use sealwire_traits::Suite;
use sealwire_transport::session::{
    Alert, CertificateError, ClientConfig, Epoch, Handshake, HandshakeError, Padding, Received, Rejection,
    ServerConfig, SessionError, plain_alert,
};
use std::sync::Arc;
use std::time::Duration;
use support::drive::{From, Party, pour, run, shake, talk};
use support::*;

/// The configurations of both ends, to be changed by a test.
fn configs(seed: u64) -> (ClientConfig, ServerConfig) {
    (client_config(Seeded::leaked(seed)), server_config(Seeded::leaked(seed + 1)))
}

fn mutual(seed: u64) -> (ClientConfig, ServerConfig) {
    let (mut client, mut server) = configs(seed);
    client.identity = Some(client_identity());
    server.client_auth = true;
    (client, server)
}

/// Runs a handshake that must fail at both ends: the errors, and the last bytes that each end sent.
fn refused(mut client: Party, mut server: Party) -> [(HandshakeError, Vec<u8>); 2] {
    let mut last = [Vec::new(), Vec::new()];
    run(&mut client, &mut server, |from, bytes| {
        last[usize::from(from == From::Server)] = bytes.clone();
        bytes
    });
    let [to_server, to_client] = last;
    [(client.error().clone(), to_server), (server.error().clone(), to_client)]
}

/// The server turned the client away, and the client heard `alert` in the clear.
fn assert_refusal(error: &HandshakeError, alert: Alert) {
    match error {
        HandshakeError::Refused { alert: heard, authentic: false } => assert_eq!(*heard, alert),
        other => panic!("{other}"),
    }
}

#[test]
fn an_anonymous_client_meets_the_server_it_expects() {
    let (client, server) = configs(10);
    let mut shaken = shake(Party::client(client), Party::server(server));
    let (at_client, at_server) = talk(&mut shaken);
    assert_eq!(at_client.identity, Some(server_identity().fingerprint()));
    assert_eq!(at_server.identity, None);
    for peer in [at_client, at_server] {
        assert_eq!((peer.suite, peer.service.as_str(), peer.server_signed), (Suite::AES_256_GCM, "print", false));
    }
}

#[test]
fn a_client_that_is_asked_proves_who_it_is() {
    let (client, server) = mutual(12);
    let mut shaken = shake(Party::client(client), Party::server(server));
    assert_eq!(talk(&mut shaken).1.identity, Some(client_identity().fingerprint()));
}

#[test]
fn a_client_that_is_not_asked_does_not_say_who_it_is() {
    let (mut client, server) = configs(14);
    client.identity = Some(client_identity());
    let mut shaken = shake(Party::client(client), Party::server(server));
    assert_eq!(talk(&mut shaken).1.identity, None);
}

#[test]
fn the_server_takes_the_first_of_its_suites_that_is_offered() {
    const LARGE: usize = 0;
    const SMALL: usize = 1;
    for (offered, own, expected) in [
        (&[LARGE, SMALL][..], &[SMALL][..], 0x0102),
        (&[SMALL], &[LARGE, SMALL], 0x0102),
        (&[SMALL, LARGE], &[LARGE, SMALL], 0x0101),
        (&[LARGE, SMALL], &[SMALL, LARGE], 0x0102),
    ] {
        let (mut client, mut server) = configs(16);
        (client.provider.aeads, server.provider.aeads) = (suites(offered), suites(own));
        let mut shaken = shake(Party::client(client), Party::server(server));
        assert_eq!(talk(&mut shaken).0.suite.id, expected);
    }
}

#[test]
fn no_common_suite_is_unsupported() {
    let (mut client, mut server) = configs(18);
    client.provider.aeads = suites(&[0]);
    server.provider.aeads = suites(&[1]);
    let [(at_client, _), (at_server, wire)] = refused(Party::client(client), Party::server(server));
    assert!(matches!(at_server, HandshakeError::NoCommonSuite));
    assert_eq!(wire, plain_alert(Alert::Unsupported));
    assert_refusal(&at_client, Alert::Unsupported);
}

#[test]
fn the_server_signs_the_handshake_when_asked() {
    let (mut client, server) = mutual(20);
    client.want_server_auth = true;
    let mut shaken = shake(Party::client(client), Party::server(server));
    let (at_client, at_server) = talk(&mut shaken);
    assert!(at_client.server_signed && at_server.server_signed);
}

#[test]
fn a_certificate_out_of_date_makes_the_client_ask_for_the_signature() {
    // Valid from 300 seconds before it was made to 600 behind, both included.
    for (made, signed) in [(0, false), (300, false), (301, true), (-600, false), (-601, true)] {
        let made = UNIX.checked_add_signed(made).unwrap();
        let epoch = certified(transport_key(), &*server_identity(), made, 300);
        assert_eq!(epoch.not_after(), made + 600);
        let (client, server) = configs(22);
        let mut shaken = shake(Party::client(client), Party::server_on(server, epoch, 0));
        assert_eq!(talk(&mut shaken).0.server_signed, signed, "made at {made}");
    }
}

#[test]
fn data_may_follow_message_4_at_once_unless_the_signature_is_awaited() {
    for want_server_auth in [false, true] {
        let (mut client, server) = configs(24);
        client.want_server_auth = want_server_auth;
        let (mut client, mut server) = (Party::client(client), Party::server(server));
        assert!(client.waiting().early_sender().is_none(), "before message 4");
        server.feed(&client.output());
        client.feed(&server.output());
        let mut flight = client.output();
        let Some(sender) = client.waiting().early_sender() else {
            assert!(want_server_auth);
            continue;
        };
        assert!(!want_server_auth);
        sender.data(&[b"early"], at(0), &mut flight).unwrap();
        server.feed(&flight);
        assert_eq!(server.data, b"early");
        client.feed(&server.output());
        let (mut client, mut server) = (client.established(), server.established());
        support::drive::passes(&mut client.sender, &mut server.receiver, b"later");
    }
}

#[test]
fn a_puzzle_is_solved_on_the_way() {
    let (client, server) = configs(26);
    let mut shaken = shake(Party::client(client), Party::server_on(server, epoch(), 10));
    talk(&mut shaken);
}

#[test]
fn a_wanted_identity_is_served_by_its_holder_only() {
    let (mut client, server) = configs(28);
    client.announce_pin = true;
    talk(&mut shake(Party::client(client.clone()), Party::server(server.clone())));

    client.pins = vec![other_identity().fingerprint()];
    let [(at_client, _), (at_server, wire)] = refused(Party::client(client), Party::server(server));
    assert!(matches!(at_server, HandshakeError::WantedUnknown(wanted) if wanted == other_identity().fingerprint()));
    assert_eq!(wire, plain_alert(Alert::Unsupported));
    assert_refusal(&at_client, Alert::Unsupported);
}

#[test]
fn another_server_than_the_pinned_one_is_left_before_anything_is_said() {
    let (mut client, server) = mutual(30);
    client.pins = vec![other_identity().fingerprint()];
    let [(at_client, wire), (at_server, _)] = refused(Party::client(client), Party::server(server));
    let right = server_identity().fingerprint();
    assert!(matches!(&at_client, HandshakeError::WrongServer { found, expected }
        if *found == right && *expected == [other_identity().fingerprint()]));
    assert!(at_client.is_authentication());
    assert_eq!(wire, plain_alert(Alert::HandshakeFailure));
    assert_refusal(&at_server, Alert::HandshakeFailure);
}

#[test]
fn an_unknown_server_is_named_and_nothing_is_said_to_it() {
    let (mut client, server) = mutual(32);
    client.pins.clear();
    let [(at_client, wire), _] = refused(Party::client(client), Party::server(server));
    assert!(matches!(at_client, HandshakeError::UnknownServer(print) if print == server_identity().fingerprint()));
    assert!(at_client.is_authentication());
    assert_eq!(wire, plain_alert(Alert::HandshakeFailure));
}

#[test]
fn an_unlisted_client_is_named_to_the_server_alone() {
    let (mut client, server) = mutual(34);
    client.identity = Some(other_identity());
    let epoch = certified(transport_key(), &*server_identity(), UNIX, 300);
    let party = Party::server_on(server, epoch.clone(), 0);
    let [(at_client, _), (at_server, wire)] = refused(Party::client(client), party);
    let other = other_identity().fingerprint();
    assert!(matches!(at_server, HandshakeError::Rejected(Rejection::Unlisted(print)) if print == other));
    assert!(at_server.to_string().contains(&other.to_string()));
    assert_eq!(wire, plain_alert(Alert::HandshakeFailure), "what every other rejection looks like");
    assert_refusal(&at_client, Alert::HandshakeFailure);
    assert!(at_client.is_authentication() && at_server.is_authentication());
    assert_eq!(epoch.rejected(), 0, "it guessed nothing");
}

#[test]
fn a_server_that_asks_is_left_by_a_client_without_a_key() {
    let (mut client, server) = mutual(36);
    client.identity = None;
    let [(at_client, wire), _] = refused(Party::client(client), Party::server(server));
    assert!(matches!(at_client, HandshakeError::ClientKeyNeeded));
    assert_eq!(wire, plain_alert(Alert::HandshakeFailure));
}

#[test]
fn a_service_not_offered_is_refused_behind_the_handshake() {
    let (mut client, server) = mutual(38);
    client.service = "forward db".to_owned();
    let (mut client, mut server) = (Party::client(client), Party::server(server));
    run(&mut client, &mut server, |_, bytes| bytes);
    let print = client_identity().fingerprint();
    assert!(matches!(server.error(), HandshakeError::Service { service, client: Some(client) }
        if service == "forward db" && *client == print));
    assert!(!server.error().is_authentication());
    assert!(matches!(client.session, Err(SessionError::Alert(Alert::Unsupported))), "under the application key");
    client.established();
}

#[test]
fn services_have_printable_names() {
    for name in ["caf\u{e9}", "a\nb", &"x".repeat(256)] {
        let (mut client, _) = configs(40);
        client.service = name.to_owned();
        let error = Handshake::client(Arc::new(client), start()).err().unwrap();
        assert!(matches!(error, HandshakeError::Malformed(_)), "{name:?}");
    }
}

#[test]
fn certificates_that_live_too_long_are_refused() {
    for (seconds, refusal) in [(300, None), (301, Some(901))] {
        let (client, server) = configs(42);
        let epoch = certified(transport_key(), &*server_identity(), UNIX, seconds);
        let (client, server) = (Party::client(client), Party::server_on(server, epoch, 0));
        match refusal {
            None => drop(shake(client, server)),
            Some(lifetime) => {
                let [(at_client, _), _] = refused(client, server);
                assert!(matches!(at_client,
                    HandshakeError::Certificate(CertificateError::Lifetime(found)) if found == lifetime));
                assert!(at_client.is_authentication());
            }
        }
    }
}

#[test]
fn a_transport_key_that_is_the_identity_is_refused() {
    let (client, server) = configs(44);
    let epoch = certified(identity_as_transport_key(), &*server_identity(), UNIX, 300);
    let [(at_client, _), _] = refused(Party::client(client), Party::server_on(server, epoch, 0));
    assert!(matches!(at_client, HandshakeError::Certificate(CertificateError::SameKey)));
}

#[test]
fn a_certificate_by_somebody_else_is_refused() {
    // The identity that the certificate names is the pinned one, the signature is not its own.
    let (client, server) = configs(46);
    let forged = Epoch::certify(transport_key(), 1, &Impostor, UNIX, 300, Seeded::leaked(1)).unwrap();
    let [(at_client, _), _] = refused(Party::client(client), Party::server_on(server, forged, 0));
    assert!(matches!(at_client, HandshakeError::Certificate(CertificateError::Signature)));
}

#[test]
fn another_key_transport_is_unsupported() {
    let (client, server) = configs(48);
    let epoch = Epoch::certify(transport_key(), 2, &*server_identity(), UNIX, 300, Seeded::leaked(1)).unwrap();
    let [(at_client, wire), _] = refused(Party::client(client), Party::server_on(server, epoch, 0));
    assert!(matches!(at_client, HandshakeError::KeyTransport(2)));
    assert_eq!(wire, plain_alert(Alert::Unsupported));
}

/// Names one identity and signs with another.
struct Impostor;

impl sealwire_traits::SigningKey for Impostor {
    fn public_key(&self) -> &[u8] {
        static NAMED: std::sync::LazyLock<Vec<u8>> =
            std::sync::LazyLock::new(|| server_identity().public_key().to_vec());
        &NAMED
    }
    fn fingerprint(&self) -> sealwire_traits::Fingerprint {
        server_identity().fingerprint()
    }
    fn sign(
        &self,
        message: &[u8],
        random: &dyn sealwire_traits::SecureRandom,
    ) -> Result<Vec<u8>, sealwire_traits::OperationError> {
        other_identity().sign(message, random)
    }
    fn to_pkcs8(&self) -> sealwire_traits::SecretBytes {
        other_identity().to_pkcs8()
    }
}

#[test]
fn a_replayed_server_hello_is_refused() {
    let (client, server) = configs(50);
    let (mut old_client, mut old_server) = (Party::client(client), Party::server(server));
    let mut replay = Vec::new();
    run(&mut old_client, &mut old_server, |from, bytes| {
        if from == From::Server && replay.is_empty() {
            replay.clone_from(&bytes);
        }
        bytes
    });

    let (client, server) = configs(52);
    let epoch = certified(transport_key(), &*server_identity(), UNIX, 300);
    let (mut client, mut server) = (Party::client(client), Party::server_on(server, epoch.clone(), 0));
    run(
        &mut client,
        &mut server,
        |from, bytes| if from == From::Server && bytes[0] == b'H' { replay.clone() } else { bytes },
    );
    assert!(matches!(server.error(), HandshakeError::Rejected(Rejection::Opaque)));
    assert_refusal(client.error(), Alert::HandshakeFailure);
    assert_eq!(epoch.rejected(), 1, "it counts towards an early rotation");
}

#[test]
fn a_broken_generator_ends_the_handshake() {
    assert!(matches!(
        Handshake::client(Arc::new(client_config(&NoRandom)), start()).err(),
        Some(HandshakeError::Operation(_))
    ));
    let (client, _) = configs(54);
    let [(at_client, _), (at_server, _)] = refused(Party::client(client), Party::server(server_config(&NoRandom)));
    assert!(matches!(at_server, HandshakeError::Operation(_)));
    assert_refusal(&at_client, Alert::Internal);
}

#[test]
fn the_deadline_is_absolute() {
    let (mut client, _) = configs(56);
    client.settings.handshake_timeout = Duration::from_secs(7);
    client.settings.padding = Padding::Buckets;
    let mut party = Party::client(client);
    assert_eq!(party.waiting().deadline(), Duration::from_secs(7));
    for (second, byte) in [b'H', 0, 0, 200, 1, 1, 0].into_iter().enumerate() {
        party.now = date(at(second as u64));
        party.feed(&[byte]);
        assert!(party.is_waiting());
    }
    party.now = date(at(7));
    party.feed(&[0]);
    assert!(matches!(party.error(), HandshakeError::Timeout));
}

#[test]
fn an_alert_right_behind_server_hello_is_heard_at_once() {
    let (client, server) = configs(58);
    let (mut client, mut server) = (Party::client(client), Party::server(server));
    server.feed(&client.output());
    client.feed(&[server.output(), plain_alert(Alert::Overloaded)].concat());
    assert_refusal(client.error(), Alert::Overloaded);
}

#[test]
fn close_notify_ends_one_direction() {
    let (client, server) = configs(60);
    let mut shaken = shake(Party::client(client), Party::server(server));
    let (mut wire, mut data) = (Vec::new(), Vec::new());
    shaken.client.sender.close(&mut wire);
    assert_eq!(pour(&mut shaken.server.receiver, &wire, at(0), &mut data).unwrap(), Received::End);
    support::drive::passes(&mut shaken.server.sender, &mut shaken.client.receiver, b"the other one goes on");
}
