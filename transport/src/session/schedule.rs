//! The key schedule (PROTOCOL.md, "Handshake"): HKDF (RFC 5869) over SHA-256, with labels in the manner of RFC 8446 section 7.1.

use super::transcript::Hash;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sealwire_traits::{NONCE_LEN, PreMaster, Secret, SecretBytes, Suite};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A secret of the schedule, as long as the hash.
pub(super) type Key = Secret<32>;

/// `XL(secret, label, context, length)`: HKDF-Expand of a labelled context.
fn expand_label(secret: &Key, label: &str, context: &[u8], out: &mut [u8]) {
    let len = u16::try_from(out.len()).expect("keys are short").to_be_bytes();
    let label = [b"sw1 ", label.as_bytes()].concat();
    let prk = Hkdf::<Sha256>::from_prk(secret.expose()).expect("a PRK as long as the hash");
    let info: [&[u8]; 5] = [&len, &[label.len() as u8], &label, &[context.len() as u8], context];
    prk.expand_multi_info(&info, out).expect("keys are shorter than 255 hashes");
}

fn derive(secret: &Key, label: &str, context: &[u8]) -> Key {
    let mut key = Key::zeroed();
    expand_label(secret, label, context, key.expose_mut());
    key
}

/// What both ends know once the secret has been carried over. Dropping it erases the way back to the secret.
pub(super) struct HandshakeSecrets {
    prk: Key,
    /// Seals message 4.
    pub(super) client: Key,
    /// Seals message 5.
    pub(super) server: Key,
    /// The MAC key of message 4.
    pub(super) client_finished: Key,
    /// The MAC key of message 5.
    pub(super) server_finished: Key,
}

impl HandshakeSecrets {
    /// From the secret and the transcript of messages 1 to 3.
    pub(super) fn new(pre_master: &PreMaster, th2: &Hash) -> HandshakeSecrets {
        let mut prk = Key::zeroed();
        let (mut extracted, _) = Hkdf::<Sha256>::extract(Some(th2), pre_master.expose());
        prk.expose_mut().copy_from_slice(&extracted);
        extracted.as_mut_slice().zeroize();
        HandshakeSecrets {
            client: derive(&prk, "c hs", &[]),
            server: derive(&prk, "s hs", &[]),
            client_finished: derive(&prk, "c fin", &[]),
            server_finished: derive(&prk, "s fin", &[]),
            prk,
        }
    }

    /// The secrets of both directions from the transcript of messages 1 to 4: (client to server, server to client).
    pub(super) fn application(&self, th4: &Hash) -> (Key, Key) {
        (derive(&self.prk, "c ap", th4), derive(&self.prk, "s ap", th4))
    }
}

/// The secret that follows `secret` when a direction has used up its key.
pub(super) fn next_secret(secret: &Key) -> Key {
    derive(secret, "upd", &[])
}

/// AEAD key and iv of one direction's secret.
pub(super) fn traffic_key(secret: &Key, suite: Suite) -> (SecretBytes, [u8; NONCE_LEN]) {
    let mut key = SecretBytes::zeroed(suite.key_len);
    let mut iv = [0; NONCE_LEN];
    expand_label(secret, "key", &[], key.expose_mut());
    expand_label(secret, "iv", &[], &mut iv);
    (key, iv)
}

/// The MAC of a Finished message.
pub(super) fn finished_mac(key: &Key, transcript: &Hash) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key.expose()).expect("HMAC takes any key");
    mac.update(transcript);
    mac.finalize().into_bytes().into()
}

/// Checks the MAC of a Finished message, in constant time.
pub(super) fn finished_mac_matches(key: &Key, transcript: &Hash, mac: &[u8; 32]) -> bool {
    finished_mac(key, transcript).ct_eq(mac).into()
}
