//! OAEP-encoded messages (RFC 8017 section 7.1.1, with SHA-256), right and wrong: a second implementation, since the product's makes only
//! right ones.

use crate::random;
use sha2::{Digest, Sha256};

const HASH_LEN: usize = 32;
/// Bytes of a secret that travels.
const SECRET_LEN: usize = 32;
/// Where DB begins in EM.
const DB: usize = 1 + HASH_LEN;

/// What is wrong with a message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// The first byte is not zero.
    FirstByte,
    /// The hash is of another label.
    Hash,
    /// There is nothing but zeros behind the hash.
    NoSeparator,
    /// The byte that ends the zeros is not 1.
    Separator,
    /// The message is a byte shorter than a secret: good padding, of no use.
    Short,
}

/// Encodes a random secret for a modulus of `k` bytes.
pub fn encode(fault: Fault, label: &[u8], k: usize) -> Vec<u8> {
    let mut em = vec![0; k];
    let (head, db) = em.split_at_mut(DB);
    let separator = db.len() - SECRET_LEN - 1;
    db[..HASH_LEN].copy_from_slice(&Sha256::digest(label));
    db[separator] = 1;
    random::fill(&mut db[separator + 1..]);
    match fault {
        Fault::None => {}
        Fault::FirstByte => head[0] = 1,
        Fault::Hash => db[0] ^= 1,
        Fault::NoSeparator => db[separator..].fill(0),
        Fault::Separator => db[separator] = 2,
        Fault::Short => db[separator..separator + 2].copy_from_slice(&[0, 1]),
    }
    let seed = &mut head[1..];
    random::fill(seed);
    xor_mask(db, seed);
    xor_mask(seed, db);
    em
}

/// Decodes as books have it: with an end as soon as something is wrong, which is what Manger's attack listens for.
pub fn decode_hastily(mut em: Vec<u8>, label: &[u8]) -> Option<Vec<u8>> {
    let (head, db) = em.split_at_mut(DB);
    if head[0] != 0 {
        return None;
    }
    let seed = &mut head[1..];
    xor_mask(seed, db);
    xor_mask(db, seed);
    let (hash, padded) = db.split_at(HASH_LEN);
    if hash != Sha256::digest(label).as_slice() {
        return None;
    }
    let separator = padded.iter().position(|&byte| byte != 0)?;
    (padded[separator] == 1).then(|| padded[separator + 1..].to_vec())
}

/// MGF1 (RFC 8017 appendix B.2.1) onto `data`.
fn xor_mask(data: &mut [u8], seed: &[u8]) {
    for (block, counter) in data.chunks_mut(HASH_LEN).zip(0u32..) {
        let mask = Sha256::new().chain_update(seed).chain_update(counter.to_be_bytes()).finalize();
        block.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_wrong() {
        let decode = |fault, label| decode_hastily(encode(fault, b"label", 256), label).map(|message| message.len());
        assert_eq!(decode(Fault::None, b"label"), Some(32));
        assert_eq!(decode(Fault::Short, b"label"), Some(31));
        assert_eq!(decode(Fault::None, b"other"), None);
        for fault in [Fault::FirstByte, Fault::Hash, Fault::NoSeparator, Fault::Separator] {
            assert_eq!(decode(fault, b"label"), None);
        }
    }
}
