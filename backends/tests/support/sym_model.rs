//! GCM by the book and slowly, for comparison: a bit at a time in the field, a block at a time in the cipher.

use sealwire_traits::{Block, BlockCipher};

/// The product in GF(2^128): SP 800-38D section 6.3, algorithm 1.
pub(crate) fn multiply(x: &Block, y: &Block) -> Block {
    const R: u128 = 0xe1 << 120;
    let x = u128::from_be_bytes(*x);
    let mut z = 0;
    let mut v = u128::from_be_bytes(*y);
    for i in 0..128 {
        if x >> (127 - i) & 1 == 1 {
            z ^= v;
        }
        v = if v & 1 == 0 { v >> 1 } else { v >> 1 ^ R };
    }
    z.to_be_bytes()
}

/// GHASH of `data`, filled up with zeros to whole blocks: SP 800-38D section 6.4, algorithm 2.
pub(crate) fn ghash(h: &Block, data: &[u8]) -> Block {
    data.chunks(16).fold([0; 16], |mut y, block| {
        add(&mut y, block);
        multiply(&y, h)
    })
}

/// GCM-AE of SP 800-38D section 7.1; gives the ciphertext and the tag.
#[allow(dead_code, reason = "not every user of the model seals")]
pub(crate) fn seal(cipher: &dyn BlockCipher, nonce: &[u8; 12], aad: &[u8], text: &[u8]) -> (Vec<u8>, Block) {
    seal_from(1, cipher, nonce, aad, text)
}

/// The same with another counter in J0, to reach the place where the counter wraps.
#[allow(dead_code, reason = "not every user of the model seals")]
pub(crate) fn seal_from(
    first: u32,
    cipher: &dyn BlockCipher,
    nonce: &[u8; 12],
    aad: &[u8],
    text: &[u8],
) -> (Vec<u8>, Block) {
    let stream_block = |counter: u32| {
        let mut block = [0; 16];
        block[..12].copy_from_slice(nonce);
        block[12..].copy_from_slice(&counter.to_be_bytes());
        encrypt(cipher, block)
    };
    let mut ciphertext = text.to_vec();
    for (i, chunk) in ciphertext.chunks_mut(16).enumerate() {
        add(chunk, &stream_block(first.wrapping_add(1 + i as u32)));
    }
    let mut hashed = padded(aad);
    hashed.extend(padded(&ciphertext));
    hashed.extend((8 * aad.len() as u64).to_be_bytes());
    hashed.extend((8 * text.len() as u64).to_be_bytes());
    let mut tag = ghash(&encrypt(cipher, [0; 16]), &hashed);
    add(&mut tag, &stream_block(first));
    (ciphertext, tag)
}

fn encrypt(cipher: &dyn BlockCipher, mut block: Block) -> Block {
    cipher.encrypt_blocks(std::slice::from_mut(&mut block));
    block
}

fn padded(data: &[u8]) -> Vec<u8> {
    let mut data = data.to_vec();
    data.resize(data.len().next_multiple_of(16), 0);
    data
}

fn add(to: &mut [u8], from: &[u8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to ^= from;
    }
}
