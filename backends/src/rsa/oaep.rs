//! EME-OAEP with SHA-256 and MGF1-SHA-256 (RFC 8017 section 7.1).
//!
//! ```text
//! EM = 0x00 || maskedSeed (32) || maskedDB (k - 33)        DB = lHash (32) || PS (zeros) || 0x01 || M
//! ```

use super::mgf1::{HASH_LEN, xor_mask};
use sealwire_traits::{PreMaster, RandomError, Secret, SecretBytes, SecureRandom};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// Bytes of a secret that travels.
const SECRET_LEN: usize = 32;
/// Where DB begins in EM.
const DB: usize = 1 + HASH_LEN;

/// Encodes `secret` for a modulus of `k` bytes, at least 99, which every key exceeds.
///
/// # Errors
/// [`RandomError`] when the generator gives no seed.
pub(crate) fn encode(
    secret: &PreMaster,
    label: &[u8],
    k: usize,
    random: &dyn SecureRandom,
) -> Result<SecretBytes, RandomError> {
    let mut encoded = SecretBytes::zeroed(k);
    let em = encoded.expose_mut();
    // Section 7.1.1, steps 2a to 2c: DB = lHash || PS || 0x01 || M.
    em[DB..DB + HASH_LEN].copy_from_slice(&Sha256::digest(label));
    em[k - SECRET_LEN - 1] = 1;
    em[k - SECRET_LEN..].copy_from_slice(secret.expose());
    let (head, db) = em.split_at_mut(DB);
    let seed = &mut head[1..];
    // 2d: a random seed.
    random.fill(seed)?;
    // 2e, 2f: maskedDB = DB XOR MGF(seed).
    xor_mask(db, seed);
    // 2g, 2h: maskedSeed = seed XOR MGF(maskedDB). 2i: EM stands.
    xor_mask(seed, db);
    Ok(encoded)
}

/// An encoded message with the masks taken off. What is wrong with it stays a secret until the caller decides.
pub(crate) struct Decoded {
    em: SecretBytes,
    label_hash: [u8; HASH_LEN],
}

/// Takes off the masks, in a time that depends on the lengths of `em` and `label` alone.
pub(crate) fn decode(mut em: SecretBytes, label: &[u8]) -> Decoded {
    // Section 7.1.2, step 3b: EM = Y || maskedSeed || maskedDB.
    let (head, db) = em.expose_mut().split_at_mut(DB);
    let seed = &mut head[1..];
    // 3c, 3d: seed = maskedSeed XOR MGF(maskedDB). 3e, 3f: DB = maskedDB XOR MGF(seed).
    xor_mask(seed, db);
    xor_mask(db, seed);
    // 3a: lHash.
    Decoded { em, label_hash: Sha256::digest(label).into() }
}

impl Decoded {
    /// The secret, if the padding is valid and the message has exactly 32 bytes, and otherwise `substitute`, without a
    /// trace of which.
    pub(crate) fn secret_or(self, substitute: &PreMaster) -> PreMaster {
        let take = self.holds(SECRET_LEN);
        let message = &self.em.expose()[self.em.expose().len() - SECRET_LEN..];
        let mut secret = Secret::zeroed();
        for (i, byte) in secret.expose_mut().iter_mut().enumerate() {
            *byte = u8::conditional_select(&substitute.expose()[i], &message[i], take);
        }
        secret
    }

    /// Whether the padding is valid and the message has exactly `len` bytes: 3g, with M where it has to be. All of it is
    /// looked at before anything is concluded.
    fn holds(&self, len: usize) -> Choice {
        let em = self.em.expose();
        let (label_hash, padding) = em[DB..em.len() - len].split_at(HASH_LEN);
        let (zeros, separator) = padding.split_at(padding.len() - 1);
        let not_zero = zeros.iter().fold(em[0], |or, byte| or | byte);
        label_hash.ct_eq(&self.label_hash) & not_zero.ct_eq(&0) & separator.ct_eq(&[1])
    }

    /// The message, of whatever length. For test vectors: it tells valid from invalid.
    #[cfg(test)]
    pub(crate) fn message(self) -> Option<SecretBytes> {
        let em = self.em.expose();
        let len = (0..em.len() - DB - HASH_LEN).find(|len| bool::from(self.holds(*len)))?;
        Some(SecretBytes::new(em[em.len() - len..].to_vec()))
    }
}
