//! The key stream of GCM: GCTR of SP 800-38D section 6.5 with the counter of section 6.2, made in batches.

use sealwire_traits::{BLOCK_LEN, Block, BlockCipher, NONCE_LEN};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Blocks made in one call of the cipher.
const BATCH: usize = 64;

/// The key stream of one record. Its first block masks the tag, and the text follows: for a short record all of it is
/// one call of the cipher. What was made and not yet used waits in a buffer on the stack, wiped on drop.
pub(super) struct Keystream<'a, C: BlockCipher> {
    cipher: &'a C,
    nonce: [u8; NONCE_LEN],
    next: u32,
    buffer: [Block; BATCH],
    /// Blocks at the start of the buffer that hold any of the stream. No later batch is longer than the first.
    used: usize,
}

impl<C: BlockCipher> Zeroize for Keystream<'_, C> {
    fn zeroize(&mut self) {
        self.buffer[..self.used].as_flattened_mut().zeroize();
    }
}

impl<C: BlockCipher> Drop for Keystream<'_, C> {
    fn drop(&mut self) {
        self.zeroize();
    }
}

impl<C: BlockCipher> ZeroizeOnDrop for Keystream<'_, C> {}

impl<'a, C: BlockCipher> Keystream<'a, C> {
    /// For a text of `len` bytes.
    pub(super) fn new(cipher: &'a C, nonce: &[u8; NONCE_LEN], len: usize) -> Keystream<'a, C> {
        // The counter of J0 for a nonce of 96 bits (SP 800-38D section 7.1, step 2).
        Keystream::starting_at(1, cipher, nonce, len)
    }

    fn starting_at(counter: u32, cipher: &'a C, nonce: &[u8; NONCE_LEN], len: usize) -> Keystream<'a, C> {
        let used = 1 + len.div_ceil(BLOCK_LEN).min(BATCH - 1);
        let mut stream = Keystream { cipher, nonce: *nonce, next: counter, buffer: [Block::default(); BATCH], used };
        stream.refill(used);
        stream
    }

    /// The block that masks the tag: the encrypted J0.
    pub(super) fn tag_mask(&self) -> &Block {
        &self.buffer[0]
    }

    /// Adds the stream to the text, whose length is the one that was announced.
    pub(super) fn apply(mut self, text: &mut [u8]) {
        let (first, rest) = text.split_at_mut(text.len().min((BATCH - 1) * BLOCK_LEN));
        add(first, &self.buffer[1..]);
        for chunk in rest.chunks_mut(BATCH * BLOCK_LEN) {
            self.refill(chunk.len().div_ceil(BLOCK_LEN));
            add(chunk, &self.buffer);
        }
    }

    /// Makes the next `blocks` blocks, at most [`BATCH`].
    fn refill(&mut self, blocks: usize) {
        let batch = &mut self.buffer[..blocks];
        for block in batch.iter_mut() {
            block[..NONCE_LEN].copy_from_slice(&self.nonce);
            block[NONCE_LEN..].copy_from_slice(&self.next.to_be_bytes());
            self.next = self.next.wrapping_add(1);
        }
        self.cipher.encrypt_blocks(batch);
    }
}

fn add(text: &mut [u8], stream: &[Block]) {
    for (byte, key) in text.iter_mut().zip(stream.as_flattened()) {
        *byte ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aes::Aes;

    /// inc32 of SP 800-38D section 6.2: the last 32 bits wrap, the nonce stays. No record is long enough to get there.
    #[test]
    fn counter_wraps_in_its_32_bits() {
        let aes = Aes::new(&[7; 16]).expect("16 bytes");
        for start in [u32::MAX - 2, u32::MAX - (BATCH as u32)] {
            let stream = Keystream::starting_at(start, &aes, &[0xff; NONCE_LEN], 3 * BATCH * BLOCK_LEN);
            let mut text = vec![0; 3 * BATCH * BLOCK_LEN];
            stream.apply(&mut text);
            for (i, got) in text.as_chunks::<BLOCK_LEN>().0.iter().enumerate() {
                let mut block = [0xff; BLOCK_LEN];
                let counter = (u64::from(start) + 1 + i as u64) as u32;
                block[NONCE_LEN..].copy_from_slice(&counter.to_be_bytes());
                aes.encrypt_blocks(std::slice::from_mut(&mut block));
                assert_eq!(got, &block, "start {start:#x}, block {i}");
            }
        }
    }

    #[test]
    fn zeroize_leaves_nothing_of_the_stream() {
        let aes = Aes::new(&[7; 16]).expect("16 bytes");
        for len in [0, 1, 16, 100, 1008, 5000] {
            let mut stream = Keystream::new(&aes, &[1; NONCE_LEN], len);
            let made = stream.buffer.iter().filter(|block| block.iter().any(|&byte| byte != 0)).count();
            assert_eq!(made, BATCH.min(1 + len.div_ceil(BLOCK_LEN)), "{len} bytes");
            stream.zeroize();
            assert_eq!(stream.buffer.as_flattened(), [0; BATCH * BLOCK_LEN], "{len} bytes");
        }
    }
}
