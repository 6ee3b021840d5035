//! One AES block by itself, for what comes one by one: the hash key of GCM, the mask of an empty record's tag.
//!
//! The state is a number whose byte `4 c + r`, from the lowest, is row r of column c; the steps are those of FIPS 197
//! section 5.1, again without a table.

use super::sbox::sbox;
use super::schedule::RoundKeys;
use sealwire_traits::Block;
use std::array::from_fn;
use zeroize::Zeroizing;

/// Row 0 of every column.
const ROW_0: u128 = 0x0000_00ff_0000_00ff_0000_00ff_0000_00ff;

/// Cipher, FIPS 197 section 5.1.
pub(super) fn encrypt(round_keys: &RoundKeys, block: &mut Block) {
    let (first, middle, last) = round_keys.by_round();
    let mut state = Zeroizing::new(number(block) ^ number(first));
    for round_key in middle {
        *state = mix_columns(shift_rows(sub_bytes(*state))) ^ number(round_key);
    }
    *block = (shift_rows(sub_bytes(*state)) ^ number(last)).to_le_bytes();
}

fn number(block: &Block) -> u128 {
    u128::from_le_bytes(*block)
}

/// SubBytes. Each word of the circuit has bit i of the bytes of both halves, side by side.
fn sub_bytes(state: u128) -> u128 {
    const EVEN: u64 = u64::MAX / 3;
    const PAIRS: u64 = u64::MAX / 0xff * 3;
    let (low, high) = (state as u64, (state >> 64) as u64);
    let by_parity = [(low & EVEN) | (high & EVEN) << 1, (low >> 1 & EVEN) | (high & !EVEN)];
    let bits = sbox(from_fn(|i| by_parity[i % 2] >> (i & 6) & PAIRS));
    let pairs = |parity: usize| (0..4).fold(0, |sum, j| sum | (bits[2 * j + parity] & PAIRS) << (2 * j));
    let (even, odd) = (pairs(0), pairs(1));
    let (low, high) = ((even & EVEN) | (odd & EVEN) << 1, (even >> 1 & EVEN) | (odd & !EVEN));
    u128::from(low) | u128::from(high) << 64
}

/// Row r moves r columns to the left; a column is 32 bits.
fn shift_rows(state: u128) -> u128 {
    (0..4).fold(0, |sum, r| sum | (state.rotate_right(32 * r) & ROW_0 << (8 * r)))
}

/// Row r becomes 2 t(r) + a(r+1) + t(r+2) with t(r) = a(r) + a(r+1).
fn mix_columns(state: u128) -> u128 {
    let next = rows_up(state, 1);
    let sums = state ^ next;
    double(sums) ^ next ^ rows_up(sums, 2)
}

/// Row r becomes row r + `by`.
fn rows_up(state: u128, by: u32) -> u128 {
    let low_rows = ROW_0 / 0xff * ((1 << (8 * (4 - by))) - 1);
    (state >> (8 * by) & low_rows) | ((state & !(low_rows << (8 * by))) << (8 * (4 - by)))
}

/// Multiplication of every byte by x in GF(2^8) (xTimes, FIPS 197 section 4.2).
fn double(bytes: u128) -> u128 {
    let top = bytes >> 7 & (u128::MAX / 0xff);
    (bytes << 1 & (u128::MAX / 0xff * 0xfe)) ^ (top * 0x1b)
}
