//! AES in portable, constant-time Rust: bitsliced, up to 64 blocks at a time, both directions.
//!
//! The functions are the steps of FIPS 197 sections 5.1 and 5.3 under their own names, written for sixteen bitsliced
//! states at once.

use super::bitslice::{BITS, LANES, Planes, ROWS, Slice, pack, spread, unpack};
use super::sbox::{Bits, inv_sbox, sbox};
use super::schedule::{KEY_LENS, RoundKeys};
use super::single;
use sealwire_traits::{Block, BlockCipher, BlockCipherAlgorithm, KeyError, Unavailable};
use std::array::from_fn;
use zeroize::Zeroizing;

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

/// Words in a plane for many blocks: 64 at a time, enough for the compiler to find vectors for every step.
const WIDE: usize = 4 * ROWS;
/// Words in a plane for few blocks: sixteen at a time.
const NARROW: usize = ROWS;
/// Blocks that are encrypted sooner one by one than in a narrow batch.
const FEW: usize = 3;

/// An AES key, expanded. Wiped on drop.
pub struct Aes {
    round_keys: RoundKeys,
}

impl Aes {
    /// Expands a key of 16, 24 or 32 bytes.
    ///
    /// # Errors
    /// [`KeyError::Length`] for any other length.
    pub fn new(key: &[u8]) -> Result<Aes, KeyError> {
        Ok(Aes { round_keys: RoundKeys::expand(key)? })
    }

    /// Cipher, FIPS 197 section 5.1.
    fn encrypt<const N: usize>(&self, states: &mut Planes<N>) {
        let (first, middle, last) = self.round_keys.by_round();
        let mut key = Zeroizing::new(Slice::default());
        round(states, spread(first, &mut key), add_round_key);
        for round_key in middle {
            sub_bytes(states, sbox);
            round(states, spread(round_key, &mut key), |state, key| add_round_key(mix_columns(shift_rows(state)), key));
        }
        sub_bytes(states, sbox);
        round(states, spread(last, &mut key), |state, key| add_round_key(shift_rows(state), key));
    }

    /// InvCipher, FIPS 197 section 5.3, where InvShiftRows and InvSubBytes may change places.
    fn decrypt<const N: usize>(&self, states: &mut Planes<N>) {
        let (first, middle, last) = self.round_keys.by_round();
        let mut key = Zeroizing::new(Slice::default());
        round(states, spread(last, &mut key), |state, key| inv_shift_rows(add_round_key(state, key)));
        for round_key in middle.iter().rev() {
            sub_bytes(states, inv_sbox);
            round(states, spread(round_key, &mut key), |state, key| {
                inv_shift_rows(inv_mix_columns(add_round_key(state, key)))
            });
        }
        sub_bytes(states, inv_sbox);
        round(states, spread(first, &mut key), add_round_key);
    }
}

impl BlockCipher for Aes {
    fn encrypt_blocks(&self, blocks: &mut [Block]) {
        let (wide, rest) = split_wide(blocks);
        let few = rest.len() % LANES;
        let (narrow, alone) = rest.split_at_mut(rest.len() - if few <= FEW { few } else { 0 });
        for_each_batch::<WIDE>(wide, |states| self.encrypt(states));
        for_each_batch::<NARROW>(narrow, |states| self.encrypt(states));
        alone.iter_mut().for_each(|block| single::encrypt(&self.round_keys, block));
    }
    fn decrypt_blocks(&self, blocks: &mut [Block]) {
        let (wide, narrow) = split_wide(blocks);
        for_each_batch::<WIDE>(wide, |states| self.decrypt(states));
        for_each_batch::<NARROW>(narrow, |states| self.decrypt(states));
    }
}

/// The blocks that fill wide batches, and the rest.
fn split_wide(blocks: &mut [Block]) -> (&mut [Block], &mut [Block]) {
    blocks.split_at_mut(blocks.len() - blocks.len() % (4 * WIDE))
}

/// Runs `permute` over all blocks, `4 N` at a time.
fn for_each_batch<const N: usize>(blocks: &mut [Block], permute: impl Fn(&mut Planes<N>)) {
    if blocks.is_empty() {
        return;
    }
    let mut states = Zeroizing::new([[0; N]; BITS]);
    for batch in blocks.chunks_mut(4 * N) {
        pack(batch, &mut states);
        permute(&mut states);
        unpack(&mut states, batch);
    }
}

/// `step` on all states, sixteen after sixteen, with the same round key.
#[inline(always)]
fn round<const N: usize>(states: &mut Planes<N>, round_key: &Slice, step: impl Fn(Slice, &Slice) -> Slice) {
    let n = N / ROWS;
    for k in 0..n {
        let state = step(from_fn(|i| from_fn(|r| states[i][r * n + k])), round_key);
        for i in 0..BITS {
            for r in 0..ROWS {
                states[i][r * n + k] = state[i][r];
            }
        }
    }
}

/// SubBytes or InvSubBytes.
#[inline(always)]
fn sub_bytes<const N: usize>(states: &mut Planes<N>, circuit: impl Fn(Bits<u64>) -> Bits<u64>) {
    for j in 0..N {
        let bits = circuit(from_fn(|i| states[i][j]));
        for (plane, bit) in states.iter_mut().zip(bits) {
            plane[j] = bit;
        }
    }
}

#[inline(always)]
fn add_round_key(state: Slice, round_key: &Slice) -> Slice {
    from_fn(|i| from_fn(|r| state[i][r] ^ round_key[i][r]))
}

/// Row r moves r columns to the left; a column is 16 bits of a word.
#[inline(always)]
fn shift_rows(state: Slice) -> Slice {
    state.map(|plane| from_fn(|r| plane[r].rotate_right((LANES * r) as u32)))
}

#[inline(always)]
fn inv_shift_rows(state: Slice) -> Slice {
    state.map(|plane| from_fn(|r| plane[r].rotate_left((LANES * r) as u32)))
}

/// Row r becomes 2 a(r) + 3 a(r+1) + a(r+2) + a(r+3), which is 2 t(r) + a(r+1) + t(r+2) with t(r) = a(r) + a(r+1).
#[inline(always)]
fn mix_columns(state: Slice) -> Slice {
    let sums: Slice = from_fn(|i| from_fn(|r| state[i][r] ^ state[i][(r + 1) % ROWS]));
    let doubled = double(&sums);
    from_fn(|i| from_fn(|r| doubled[i][r] ^ state[i][(r + 1) % ROWS] ^ sums[i][(r + 2) % ROWS]))
}

/// The matrix (14 11 13 9) is (2 3 1 1) times (5 0 4 0): row r becomes a(r) + 4 (a(r) + a(r+2)), then MixColumns.
#[inline(always)]
fn inv_mix_columns(state: Slice) -> Slice {
    let sums: Slice = from_fn(|i| from_fn(|r| state[i][r] ^ state[i][(r + 2) % ROWS]));
    mix_columns(add_round_key(state, &double(&double(&sums))))
}

/// Multiplication by x in GF(2^8) (xTimes, FIPS 197 section 4.2): bits move up, bit 7 returns as x^4 + x^3 + x + 1.
#[inline(always)]
fn double(a: &Slice) -> Slice {
    from_fn(|i| match i {
        0 => a[7],
        1 | 3 | 4 => from_fn(|r| a[i - 1][r] ^ a[7][r]),
        _ => a[i - 1],
    })
}
