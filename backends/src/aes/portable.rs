//! AES in portable, constant-time Rust: bitsliced, sixteen blocks at a time, both directions.
//!
//! The functions are the steps of FIPS 197 sections 5.1 and 5.3 under their own names, written for sixteen bitsliced
//! states at once.

use super::bitslice::{BITS, LANES, Planes, ROWS, pack, unpack};
use super::sbox::{Bits, inv_sbox, sbox};
use super::schedule::{KEY_LENS, RoundKeys};
use sealwire_traits::{Block, BlockCipher, BlockCipherAlgorithm, KeyError, Unavailable};
use std::array::from_fn;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// AES on any processor. Cipher `aes`, backend `portable`.
#[derive(Clone, Copy, Debug)]
pub struct AesAlgorithm;

impl BlockCipherAlgorithm for AesAlgorithm {
    fn cipher(&self) -> &'static str {
        "aes"
    }
    fn backend(&self) -> &'static str {
        "portable"
    }
    fn available(&self) -> Result<(), Unavailable> {
        Ok(())
    }
    fn key_lens(&self) -> &'static [usize] {
        KEY_LENS
    }
    fn key(&self, key: &[u8]) -> Result<Box<dyn BlockCipher>, KeyError> {
        Ok(Box::new(Aes::new(key)?))
    }
}

/// An AES key, expanded and bitsliced: 256 bytes a round key. Wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct Aes {
    round_keys: Box<[Planes]>,
}

impl Aes {
    /// Expands a key of 16, 24 or 32 bytes.
    ///
    /// # Errors
    /// [`KeyError::Length`] for any other length.
    pub fn new(key: &[u8]) -> Result<Aes, KeyError> {
        let expanded = RoundKeys::expand(key)?;
        let mut round_keys = vec![Planes::default(); expanded.as_blocks().len()].into_boxed_slice();
        for (planes, &round_key) in round_keys.iter_mut().zip(expanded.as_blocks()) {
            pack(&Zeroizing::new([round_key; LANES]), planes);
        }
        Ok(Aes { round_keys })
    }

    /// Cipher, FIPS 197 section 5.1.
    fn encrypt(&self, state: &mut Planes) {
        let last = self.round_keys.len() - 1;
        add_round_key(state, &self.round_keys[0]);
        for round_key in &self.round_keys[1..last] {
            sub_bytes(state);
            shift_rows(state);
            mix_columns(state);
            add_round_key(state, round_key);
        }
        sub_bytes(state);
        shift_rows(state);
        add_round_key(state, &self.round_keys[last]);
    }

    /// InvCipher, FIPS 197 section 5.3.
    fn decrypt(&self, state: &mut Planes) {
        let last = self.round_keys.len() - 1;
        add_round_key(state, &self.round_keys[last]);
        for round_key in self.round_keys[1..last].iter().rev() {
            inv_shift_rows(state);
            inv_sub_bytes(state);
            add_round_key(state, round_key);
            inv_mix_columns(state);
        }
        inv_shift_rows(state);
        inv_sub_bytes(state);
        add_round_key(state, &self.round_keys[0]);
    }
}

impl BlockCipher for Aes {
    fn encrypt_blocks(&self, blocks: &mut [Block]) {
        for_each_batch(blocks, |state| self.encrypt(state));
    }
    fn decrypt_blocks(&self, blocks: &mut [Block]) {
        for_each_batch(blocks, |state| self.decrypt(state));
    }
}

/// Runs `permute` over all blocks, sixteen at a time; the last batch is filled up with zeros.
fn for_each_batch(blocks: &mut [Block], permute: impl Fn(&mut Planes)) {
    let mut state = Zeroizing::new(Planes::default());
    let mut run = |batch: &mut [Block; LANES]| {
        pack(batch, &mut state);
        permute(&mut state);
        unpack(&mut state, batch);
    };
    let (batches, rest) = blocks.as_chunks_mut();
    batches.iter_mut().for_each(&mut run);
    if !rest.is_empty() {
        let mut batch = Zeroizing::new([Block::default(); LANES]);
        batch[..rest.len()].copy_from_slice(rest);
        run(&mut batch);
        rest.copy_from_slice(&batch[..rest.len()]);
    }
}

fn add_round_key(state: &mut Planes, round_key: &Planes) {
    for (word, key) in state.as_flattened_mut().iter_mut().zip(round_key.as_flattened()) {
        *word ^= key;
    }
}

fn sub_bytes(state: &mut Planes) {
    for_each_row(state, sbox);
}

fn inv_sub_bytes(state: &mut Planes) {
    for_each_row(state, inv_sbox);
}

#[inline(always)]
fn for_each_row(state: &mut Planes, circuit: impl Fn(Bits<u64>) -> Bits<u64>) {
    for r in 0..ROWS {
        let row = circuit(from_fn(|i| state[i][r]));
        for (plane, word) in state.iter_mut().zip(row) {
            plane[r] = word;
        }
    }
}

/// Row r moves r columns to the left; a column is 16 bits of a word.
fn shift_rows(state: &mut Planes) {
    for plane in state {
        *plane = from_fn(|r| plane[r].rotate_right(16 * r as u32));
    }
}

fn inv_shift_rows(state: &mut Planes) {
    for plane in state {
        *plane = from_fn(|r| plane[r].rotate_left(16 * r as u32));
    }
}

/// Row r becomes 2 a(r) + 3 a(r+1) + a(r+2) + a(r+3), which is 2 t(r) + a(r+1) + t(r+2) with t(r) = a(r) + a(r+1).
fn mix_columns(state: &mut Planes) {
    let sums: Planes = from_fn(|i| from_fn(|r| state[i][r] ^ state[i][(r + 1) % ROWS]));
    let doubled = double(&sums);
    for i in 0..BITS {
        state[i] = from_fn(|r| doubled[i][r] ^ state[i][(r + 1) % ROWS] ^ sums[i][(r + 2) % ROWS]);
    }
}

/// The matrix (14 11 13 9) is (2 3 1 1) times (5 0 4 0): row r becomes a(r) + 4 (a(r) + a(r+2)), then MixColumns.
fn inv_mix_columns(state: &mut Planes) {
    let sums: Planes = from_fn(|i| from_fn(|r| state[i][r] ^ state[i][(r + 2) % ROWS]));
    add_round_key(state, &double(&double(&sums)));
    mix_columns(state);
}

/// Multiplication by x in GF(2^8) (xTimes, FIPS 197 section 4.2): bits move up, bit 7 returns as x^4 + x^3 + x + 1.
#[inline(always)]
fn double(a: &Planes) -> Planes {
    from_fn(|i| match i {
        0 => a[7],
        1 | 3 | 4 => from_fn(|r| a[i - 1][r] ^ a[7][r]),
        _ => a[i - 1],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeroize_leaves_no_round_key() {
        fn wiped_on_drop(_: &impl ZeroizeOnDrop) {}
        let mut aes = Aes::new(&[0x5a; 32]).expect("32 bytes");
        wiped_on_drop(&aes);
        assert!(aes.round_keys.iter().all(|planes| planes.as_flattened().iter().any(|&word| word != 0)));
        aes.zeroize();
        assert!(aes.round_keys.as_flattened().as_flattened().iter().all(|&word| word == 0));
    }
}
