//! The transcript: SHA-256 over the bodies of the handshake messages, in order, without record headers or padding.

use sha2::{Digest, Sha256};

/// A value of the transcript hash.
pub(super) type Hash = [u8; 32];

/// The running hash.
#[derive(Clone)]
pub(super) struct Transcript(Sha256);

impl Transcript {
    pub(super) fn new() -> Transcript {
        Transcript(Sha256::new())
    }

    /// Appends a message, or a part of one.
    pub(super) fn add(&mut self, body: &[u8]) {
        self.0.update(body);
    }

    /// The hash of all that was added.
    pub(super) fn hash(&self) -> Hash {
        self.0.clone().finalize().into()
    }

    /// The hash of all that was added and `part`, which is not added: a Finished MAC covers its own message up to itself.
    pub(super) fn hash_with(&self, part: &[u8]) -> Hash {
        self.0.clone().chain_update(part).finalize().into()
    }
}

/// `ctx(L)`: what stands before everything that is signed, so that a signature for one purpose is never one for another.
pub(super) fn signed(purpose: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut message = vec![0x20; 64];
    message.extend_from_slice(b"sealwire/1 ");
    message.extend_from_slice(purpose.as_bytes());
    message.push(0);
    message.extend(parts.concat());
    message
}

/// A label of key transport, bound to a transcript.
pub(super) fn wrap_label(hash: &Hash) -> Vec<u8> {
    [b"sealwire/1 kt\0".as_slice(), hash].concat()
}

/// Plain SHA-256.
pub(super) fn sha256(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}
