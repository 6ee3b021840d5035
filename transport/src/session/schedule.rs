//! The key schedule (PROTOCOL.md, "Handshake"): HKDF (RFC 5869) over SHA-256, with labels in the manner of RFC 8446 section 7.1.

use super::transcript::Hash;
use hmac::{Hmac, KeyInit, Mac};
use sealwire_traits::{NONCE_LEN, PreMaster, Secret, SecretBytes, Suite};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A secret of the schedule, as long as the hash.
pub(super) type Key = Secret<32>;

/// HMAC under a key that may have any length.
fn hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes any key")
}

/// A secret that others are derived from: HMAC takes it in once for all of them. It stays in one place, where it is wiped.
struct Prk(Box<Hmac<Sha256>>);

impl Prk {
    fn new(secret: &[u8; 32]) -> Prk {
        Prk(Box::new(hmac(secret)))
    }

    /// HKDF-Extract.
    fn extract(salt: &Hash, secret: &[u8]) -> Prk {
        let mut extracted = hmac(salt).chain_update(secret).finalize().into_bytes();
        let prk = Prk::new(extracted.as_ref());
        extracted.as_mut_slice().zeroize();
        prk
    }

    /// `XL(secret, label, context, length)`: HKDF-Expand of a labelled context, where no key is longer than the first block.
    fn expand_label(&self, label: &str, context: &[u8], out: &mut [u8]) {
        let [length, label_len, context_len] =
            [out.len(), PREFIX.len() + label.len(), context.len()].map(|len| u8::try_from(len).expect("short"));
        let info: [&[u8]; 5] = [&[0, length, label_len], PREFIX, label.as_bytes(), &[context_len], context];
        let mut hmac = (*self.0).clone();
        info.iter().for_each(|part| hmac.update(part));
        let mut block = hmac.chain_update([1]).finalize().into_bytes();
        out.copy_from_slice(&block[..out.len()]);
        block.as_mut_slice().zeroize();
    }

    fn derive(&self, label: &str, context: &[u8]) -> Key {
        let mut key = Key::zeroed();
        self.expand_label(label, context, key.expose_mut());
        key
    }
}

/// In front of every label.
const PREFIX: &[u8] = b"sw1 ";

/// What both ends know once the secret has been carried over. Dropping it erases the way back to the secret.
pub(super) struct HandshakeSecrets {
    prk: Prk,
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
        let prk = Prk::extract(th2, pre_master.expose());
        HandshakeSecrets {
            client: prk.derive("c hs", &[]),
            server: prk.derive("s hs", &[]),
            client_finished: prk.derive("c fin", &[]),
            server_finished: prk.derive("s fin", &[]),
            prk,
        }
    }

    /// The secrets of both directions from the transcript of messages 1 to 4: (client to server, server to client).
    pub(super) fn application(&self, th4: &Hash) -> (Key, Key) {
        (self.prk.derive("c ap", th4), self.prk.derive("s ap", th4))
    }
}

/// The secret that follows `secret` when a direction has used up its key.
pub(super) fn next_secret(secret: &Key) -> Key {
    Prk::new(secret.expose()).derive("upd", &[])
}

/// AEAD key and iv of one direction's secret.
pub(super) fn traffic_key(secret: &Key, suite: Suite) -> (SecretBytes, [u8; NONCE_LEN]) {
    let prk = Prk::new(secret.expose());
    let mut key = SecretBytes::zeroed(suite.key_len);
    let mut iv = [0; NONCE_LEN];
    prk.expand_label("key", &[], key.expose_mut());
    prk.expand_label("iv", &[], &mut iv);
    (key, iv)
}

/// The MAC of a Finished message.
pub(super) fn finished_mac(key: &Key, transcript: &Hash) -> [u8; 32] {
    hmac(key.expose()).chain_update(transcript).finalize().into_bytes().into()
}

/// Checks the MAC of a Finished message, in constant time.
pub(super) fn finished_mac_matches(key: &Key, transcript: &Hash, mac: &[u8; 32]) -> bool {
    finished_mac(key, transcript).ct_eq(mac).into()
}
