//! MGF1 with SHA-256 (RFC 8017 appendix B.2.1), applied rather than returned.

use sha2::{Digest, Sha256};
use zeroize::Zeroize;

/// Bytes in a SHA-256 hash: `hLen` of RFC 8017.
pub(crate) const HASH_LEN: usize = 32;

/// `data` XOR MGF1(`seed`, length of `data`). At most 2^32 hashes, which no RSA key comes near.
pub(crate) fn xor_mask(data: &mut [u8], seed: &[u8]) {
    for (counter, chunk) in (0u32..).zip(data.chunks_mut(HASH_LEN)) {
        let mut mask = Sha256::new().chain_update(seed).chain_update(counter.to_be_bytes()).finalize();
        for (byte, mask) in chunk.iter_mut().zip(&mask) {
            *byte ^= mask;
        }
        mask.as_mut_slice().zeroize();
    }
}
