//! Authenticated encryption with associated data (RFC 5116), a record at a time and in place.

use crate::{KeyError, OpenError, Unavailable};
use std::fmt::Debug;
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bytes in a nonce.
pub const NONCE_LEN: usize = 12;
/// Bytes in a tag.
pub const TAG_LEN: usize = 16;

/// What two peers agree on: an AEAD and its key length. Which backend computes it is each peer's own affair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Suite {
    /// The number on the wire. 0xff00 to 0xffff is left to private use.
    pub id: u16,
    /// The name in the config, for example `aes-256-gcm`.
    pub name: &'static str,
    /// Bytes in a key.
    pub key_len: usize,
}

impl Suite {
    /// AES-256-GCM, the default.
    pub const AES_256_GCM: Suite = Suite { id: 0x0101, name: "aes-256-gcm", key_len: 32 };
    /// AES-128-GCM.
    pub const AES_128_GCM: Suite = Suite { id: 0x0102, name: "aes-128-gcm", key_len: 16 };
}

/// The fixed part of the nonces under one key, derived together with it.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Iv([u8; NONCE_LEN]);

impl Iv {
    /// Takes the 12 derived bytes.
    pub fn new(bytes: [u8; NONCE_LEN]) -> Iv {
        Iv(bytes)
    }
}

/// A nonce: 12 bytes that are used once under a key. It cannot be copied, so that a call to `seal` uses it up.
#[derive(Debug)]
pub struct Nonce([u8; NONCE_LEN]);

impl Nonce {
    /// `iv` XOR the big-endian record number in its last eight bytes (as RFC 8446, section 5.3).
    pub fn new(iv: &Iv, sequence: u64) -> Nonce {
        let mut bytes = iv.0;
        for (byte, s) in bytes[4..].iter_mut().zip(sequence.to_be_bytes()) {
            *byte ^= s;
        }
        Nonce(bytes)
    }

    /// A nonce given whole, as test vectors do. Never use one twice under a key.
    pub fn from_bytes(bytes: [u8; NONCE_LEN]) -> Nonce {
        Nonce(bytes)
    }

    /// The 12 bytes.
    pub fn as_bytes(&self) -> &[u8; NONCE_LEN] {
        &self.0
    }
}

/// An authentication tag. Compared in constant time only.
#[derive(Clone, Copy, Debug)]
pub struct Tag([u8; TAG_LEN]);

impl Tag {
    /// Takes the 16 bytes of a tag.
    pub fn new(bytes: [u8; TAG_LEN]) -> Tag {
        Tag(bytes)
    }

    /// The 16 bytes.
    pub fn as_bytes(&self) -> &[u8; TAG_LEN] {
        &self.0
    }
}

impl ConstantTimeEq for Tag {
    fn ct_eq(&self, other: &Tag) -> Choice {
        // As one number: byte by byte it takes longer than a short record.
        u128::from_ne_bytes(self.0).ct_eq(&u128::from_ne_bytes(other.0))
    }
}

/// One AEAD key, ready. Implemented by `Gcm` for any block cipher, and directly by fused kernels.
pub trait Aead: Send + Sync {
    /// Encrypts `in_out` in place and authenticates it together with `aad`. Records are far below every limit of the AEAD.
    ///
    /// # Panics
    /// When `in_out` is longer than the AEAD allows (GCM: 2^36 - 32 bytes, SP 800-38D section 5.2.1.1).
    fn seal(&self, nonce: Nonce, aad: &[u8], in_out: &mut [u8]) -> Tag;

    /// Checks the tag, then leaves the plaintext in `in_out`.
    ///
    /// # Errors
    /// [`OpenError`] when anything was changed; `in_out` is zeroed then, so that unauthenticated plaintext cannot be used.
    fn open(&self, nonce: Nonce, aad: &[u8], in_out: &mut [u8], tag: &Tag) -> Result<(), OpenError>;

    /// Drops, wiped, what can be made again from the rest of the key, such as tables for long records: a session that is idle holds
    /// on to little. The key works as before; the next record that needs something of it makes it anew.
    fn release(&mut self) {}
}

/// Makes AEAD keys; one object a suite and backend, found by name in a registry.
pub trait AeadAlgorithm: Send + Sync + Debug {
    /// What it computes.
    fn suite(&self) -> Suite;
    /// The backend that computes it, for example `portable`.
    fn backend(&self) -> &'static str;
    /// Why this backend cannot run on this machine, if it cannot.
    fn available(&self) -> Result<(), Unavailable>;
    /// Prepares a key.
    ///
    /// # Errors
    /// [`KeyError::Length`] unless `key` has `suite().key_len` bytes.
    fn key(&self, key: &[u8]) -> Result<Box<dyn Aead>, KeyError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonce_is_iv_xor_sequence_in_its_last_eight_bytes() {
        let iv = Iv::new([0xa0, 0xa1, 0xa2, 0xa3, 0xff, 0, 0, 0, 0, 0, 0, 0x0f]);
        let nonce = Nonce::new(&iv, 0x8000_0000_0000_0001);
        assert_eq!(nonce.as_bytes(), &[0xa0, 0xa1, 0xa2, 0xa3, 0x7f, 0, 0, 0, 0, 0, 0, 0x0e]);
    }
}
