//! Known answers: everything that is hashed, derived, signed and sealed in a handshake, computed a second time from what travelled and
//! from the client's secret. A label, an order of fields or a length that drifts fails here.
#![allow(clippy::unwrap_used)]

mod support;

use sealwire_backends::registry;
use sealwire_traits::{Fingerprint, SigningKey};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use support::drive::{Party, Shaken, shake};
use support::wire::{Fields, Schedule, expand, hmac, records, sha256, signed};
use support::*;

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
}

#[test]
fn the_second_implementation_knows_hmac_and_hkdf() {
    // RFC 5869 appendix A.1, in two steps: extract is HMAC(salt, ikm), the first block of expand is HMAC(prk, info || 1).
    let prk = hmac(&hex("000102030405060708090a0b0c"), &[0x0b; 22]);
    assert_eq!(prk.to_vec(), hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"));
    let block = hmac(&prk, &[hex("f0f1f2f3f4f5f6f7f8f9"), vec![1]].concat());
    assert_eq!(block.to_vec(), hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"));
    // openssl kdf -keylen 32 -kdfopt digest:SHA256 -kdfopt mode:EXPAND_ONLY -kdfopt hexkey:00..1f -kdfopt hexinfo:INFO HKDF
    // with INFO = 0020 || 08 || "sw1 c ap" || 02 || abcd.
    let key: Vec<u8> = (0..32).collect();
    assert_eq!(expand(&key, "c ap", &[0xab, 0xcd], 32), hex(OPENSSL_EXPAND));
}

const OPENSSL_EXPAND: &str = "ee21c5d3f77e8ec8d409f83a23586c8d74ef3bae555cdaa21d833a5a7bf4b33e";

/// A mutual handshake with everything in it, and the client's secret.
fn full(suite: usize) -> (Shaken, Vec<u8>) {
    let random = Seeded::leaked(100);
    let (mut client, mut server) = (client_config(random), server_config(Seeded::leaked(101)));
    client.provider.aeads = suites(&[suite]);
    (client.identity, client.announce_pin, client.want_server_auth) = (Some(client_identity()), true, true);
    server.client_auth = true;
    let server = Party::server_on(server, epoch(), 7);
    let shaken = shake(Party::client(client), server);
    let drawn = random.drawn();
    assert_eq!((drawn[0].len(), drawn[1].len()), (32, 32), "the random of the hello, then the secret");
    (shaken, drawn[1].clone())
}

fn verify(key: &Arc<dyn SigningKey>, message: &[u8], signature: &[u8]) {
    let verifying = registry::signature("rsa-pss-sha256", "auto").unwrap().verifying_key(key.public_key()).unwrap();
    verifying.verify(message, signature).expect("the signature verifies");
}

#[test]
fn what_travels_in_a_handshake_is_what_the_specification_says() {
    for (index, number) in [(0, [1, 1]), (1, [1, 2])] {
        let (mut shaken, pms) = full(index);
        let (ours, theirs) = (records(&shaken.to_server), records(&shaken.to_client));
        assert_eq!([ours[0][0], theirs[0][0], ours[1][0], ours[2][0], theirs[1][0]], *b"HHHSS");
        let (m1, m2, m3) = (&ours[0][4..], &theirs[0][4..], &ours[1][4..]);

        let mut hello = Fields(m1);
        assert_eq!(hello.take(9), b"SEALWIRE\x01");
        assert_eq!(hello.x8(), number);
        hello.take(32);
        assert_eq!(hello.x8(), server_identity().fingerprint().0);
        assert_eq!((hello.x16(), hello.0), (&[][..], &[][..]));

        let mut hello = Fields(m2);
        assert_eq!(hello.take(2), number);
        hello.take(32);
        assert_eq!(hello.take(2), [1, 7], "client authentication, difficulty");
        let (tbs, signature) = (hello.x16(), hello.x16());
        assert!(hello.0.is_empty());
        verify(&server_identity(), &signed("epoch", &[tbs]), signature);
        let mut certificate = Fields(tbs);
        assert_eq!(certificate.take(1), [1]);
        assert_eq!(certificate.take(8), (UNIX - 300).to_be_bytes());
        assert_eq!(certificate.take(8), (UNIX + 600).to_be_bytes());
        assert_eq!(certificate.x16(), transport_key().public_key());
        assert_eq!((certificate.x16(), certificate.0), (server_identity().public_key(), &[][..]));

        let schedule = Schedule::new(suites(&[index])[0], [m1, m2, m3], &pms);
        let mut keys = Fields(m3);
        assert_eq!(keys.take(1), [1], "want_server_auth");
        let work = sha256(&[b"sealwire/1 puzzle", &schedule.th1, keys.take(8)]);
        assert_eq!(work[0] >> 1, 0, "seven zero bits");
        let label = [b"sealwire/1 kt\0".as_slice(), &schedule.th1].concat();
        let unwrapped = transport_key().unwrap_secret(keys.x16(), &label, Seeded::leaked(1)).unwrap();
        assert_eq!(unwrapped.expose().as_slice(), pms);
        assert!(keys.0.is_empty());

        let (inner, m4, padding) = schedule.direction("c hs", b"").open(ours[2]);
        assert_eq!((inner, (4 + m4.len() + padding) % 1024), (1, 0));
        let mut finish = Fields(&m4);
        assert_eq!(finish.x8(), b"print");
        let (identity, signature) = (finish.x16(), finish.x16());
        assert_eq!(identity, client_identity().public_key());
        verify(&client_identity(), &signed("client", &[&schedule.th2, &sha256(&[identity])]), signature);
        let covered = &m4[..m4.len() - 32];
        assert_eq!(finish.0, hmac(&schedule.secret("c fin", b""), &sha256(&[m1, m2, m3, covered])));

        let th4 = sha256(&[m1, m2, m3, &m4]);
        let (inner, m5, padding) = schedule.direction("s hs", b"").open(theirs[1]);
        assert_eq!((inner, (4 + m5.len() + padding) % 1024), (1, 0));
        let mut finish = Fields(&m5);
        verify(&server_identity(), &signed("server", &[&th4]), finish.x16());
        let covered = &m5[..m5.len() - 32];
        assert_eq!(finish.0, hmac(&schedule.secret("s fin", b""), &sha256(&[m1, m2, m3, &m4, covered])));

        for (half, label, text) in
            [(&mut shaken.client.sender, "c ap", b"up"), (&mut shaken.server.sender, "s ap", b"dn")]
        {
            let (mut wire, mut direction) = (Vec::new(), schedule.direction(label, &th4));
            half.data(&[text], at(0), &mut wire).unwrap();
            half.close(&mut wire);
            let records = records(&wire);
            assert_eq!(direction.open(records[0]), (2, text.to_vec(), 0));
            assert_eq!(direction.open(records[1]), (3, vec![0], 0), "close_notify");
        }
    }
}

#[test]
fn a_fingerprint_is_the_hash_of_the_ssh_form() {
    // The modulus of a 2048-bit key stands 33 bytes into its SPKI; its first bit is set, so an mpint has a zero byte before it.
    let spki = server_identity().public_key().to_vec();
    let string = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes(), bytes].concat();
    let modulus = [&[0], &spki[33..289]].concat();
    let ssh = [string(b"ssh-rsa"), string(&[1, 0, 1]), string(&modulus)].concat();
    assert_eq!(server_identity().fingerprint(), Fingerprint(Sha256::digest(ssh).into()));
}
