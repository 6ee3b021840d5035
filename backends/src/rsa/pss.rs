//! EMSA-PSS with SHA-256, MGF1-SHA-256 and a salt of 32 bytes (RFC 8017 section 9.1).
//!
//! ```text
//! EM = maskedDB (emLen - 33) || H (32) || 0xbc
//! DB = PS (zeros) || 0x01 || salt (32)        H = SHA-256(8 zeros || SHA-256(M) || salt)
//! ```
//!
//! Moduli have a multiple of 8 bits, so emBits = bits - 1 leaves one bit of the first byte unused, and emLen is the
//! length of the modulus.

use super::mgf1::{HASH_LEN, xor_mask};
use sealwire_traits::{RandomError, SecureRandom};
use sha2::{Digest, Sha256};

/// Bytes of salt: `sLen` of RFC 8017.
const SALT_LEN: usize = 32;
/// The bits of the first byte that are in use.
const FIRST: u8 = 0x7f;

/// Encodes the hash of `message` into `em_len` bytes, at least 66, which every key exceeds. Nothing here is secret,
/// once signed.
///
/// # Errors
/// [`RandomError`] when the generator gives no salt.
pub(crate) fn encode(message: &[u8], em_len: usize, random: &dyn SecureRandom) -> Result<Vec<u8>, RandomError> {
    // Section 9.1.1, step 4: a random salt. (Steps 1 and 3 cannot fail for these sizes.)
    let mut salt = [0; SALT_LEN];
    random.fill(&mut salt)?;
    let mut em = vec![0; em_len];
    let (db, tail) = em.split_at_mut(em_len - HASH_LEN - 1);
    // Steps 2, 5, 6: H = Hash(8 zeros || mHash || salt).
    tail[..HASH_LEN].copy_from_slice(&hash(message, &salt));
    tail[HASH_LEN] = 0xbc;
    // Steps 7, 8: DB = PS || 0x01 || salt.
    let at = db.len() - SALT_LEN;
    db[at - 1] = 1;
    db[at..].copy_from_slice(&salt);
    // Steps 9 to 11: mask DB and clear the unused bit. Step 12: EM stands.
    xor_mask(db, &tail[..HASH_LEN]);
    db[0] &= FIRST;
    Ok(em)
}

/// Whether `em`, as long as the modulus, is an encoding of `message`. All of it is public.
pub(crate) fn verify(message: &[u8], mut em: Vec<u8>) -> bool {
    // Section 9.1.2, step 3: long enough.
    let Some(db_len) = em.len().checked_sub(HASH_LEN + 1).filter(|len| *len > SALT_LEN) else { return false };
    // Steps 4 to 6: the trailer, the two parts, the unused bit.
    let (db, tail) = em.split_at_mut(db_len);
    if tail[HASH_LEN] != 0xbc || db[0] & !FIRST != 0 {
        return false;
    }
    // Steps 7 to 9: unmask DB and clear the unused bit.
    xor_mask(db, &tail[..HASH_LEN]);
    db[0] &= FIRST;
    // Steps 10 and 11: zeros, 0x01, salt.
    let (padding, salt) = db.split_at(db_len - SALT_LEN);
    let well_padded = padding.split_last().is_some_and(|(&one, zeros)| one == 1 && zeros.iter().all(|&byte| byte == 0));
    // Steps 2 and 12 to 14: H' = Hash(8 zeros || mHash || salt) is H.
    well_padded && hash(message, salt)[..] == tail[..HASH_LEN]
}

/// Hash(8 zero bytes || Hash(message) || salt).
fn hash(message: &[u8], salt: &[u8]) -> [u8; HASH_LEN] {
    let message = Sha256::digest(message);
    Sha256::new().chain_update([0; 8]).chain_update(message).chain_update(salt).finalize().into()
}
