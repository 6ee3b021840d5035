//! Bytes of chance into both handshakes and into a session: nothing panics, nothing is accepted.
#![allow(clippy::unwrap_used)]

mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use sealwire_transport::session::Received;
use support::drive::{Party, plain_shake, pour, pour_end};
use support::wire::record;
use support::*;

/// Bytes, as they are or in the body of a record.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let framed = (prop::sample::select(b"HAS".as_slice()), vec(any::<u8>(), 0..600));
    prop_oneof![vec(any::<u8>(), 0..600), framed.prop_map(|(kind, body)| record(kind, &body))]
}

fn client() -> Party {
    Party::client(client_config(Seeded::leaked(1)))
}

fn server() -> Party {
    Party::server(server_config(Seeded::leaked(2)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_handshake_fails_on_them(bytes in bytes()) {
        for mut party in [client(), server()] {
            party.feed(&bytes);
            party.feed_end();
            party.error();
        }
    }

    #[test]
    fn a_handshake_that_has_begun_fails_on_them(bytes in bytes()) {
        let (mut client, mut server) = (client(), server());
        server.feed(&client.output());
        client.feed(&server.output());
        for party in [&mut client, &mut server] {
            party.feed(&bytes);
            party.feed_end();
            party.error();
        }
    }

    #[test]
    fn a_changed_server_hello_fails(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let (mut client, mut server) = (client(), server());
        server.feed(&client.output());
        let mut hello = server.output();
        let at = at.index(hello.len());
        prop_assume!(hello[at] != byte);
        hello[at] = byte;
        client.feed(&hello);
        server.feed(&client.output());
        server.feed_end();
        client.feed_end();
        server.error();
        client.error();
    }

    #[test]
    fn a_session_fails_on_them(bytes in bytes()) {
        let (mut shaken, mut data) = (plain_shake(3), Vec::new());
        let receiver = &mut shaken.client.receiver;
        if let Ok(said) = pour(receiver, &bytes, at(0), &mut data) {
            prop_assert_eq!(said, Received::Nothing);
        }
        prop_assert!(pour_end(receiver, at(0)).is_err());
        prop_assert!(data.is_empty());
    }
}
