//! AES (FIPS 197) on blocks that have nothing to do with each other, several at a time, and its key expansion.

use super::cpu::AesNi;
use super::stitched::{CHAINS, MAX_STEP};
use super::vector::{Vector, Xmm};
use super::wipe::wipe;
use crate::aes::schedule::{MAX_ROUND_KEYS, expand_with};
use sealwire_traits::{BLOCK_LEN, Block};

/// Takes the last word of a block four times.
const LAST_WORD: Block = [12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15];
/// The same with RotWord of FIPS 197 section 5.2.
const LAST_WORD_ROTATED: Block = [13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12];
/// Rcon (FIPS 197 table 5).
const ROUND_CONSTANTS: [u32; 10] = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x1b, 0x36];

/// KeyExpansion (FIPS 197 section 5.2) of a key of 16, 24 or 32 bytes; the number of round keys.
#[inline(always)]
pub(super) fn expand(cpu: AesNi, key: &[u8], round_keys: &mut [Block; MAX_ROUND_KEYS]) -> usize {
    match key.len() {
        16 => expand_blocks::<1>(cpu, key, &mut round_keys[..11]),
        32 => expand_blocks::<2>(cpu, key, round_keys),
        // Six words are out of step with the blocks.
        _ => expand_with(key, round_keys, |word| substitute(cpu, Xmm::splat(cpu, word), 0).first_word()),
    }
}

/// For a key of `NK` blocks, a block at a time.
#[inline(always)]
fn expand_blocks<const NK: usize>(cpu: AesNi, key: &[u8], round_keys: &mut [Block]) -> usize {
    let (first, rest) = round_keys.split_at_mut(NK);
    first.as_flattened_mut().copy_from_slice(key);
    let mut k = [Xmm::broadcast(cpu, &first[0]); NK];
    k[NK - 1] = Xmm::broadcast(cpu, &first[NK - 1]);
    let mut last = k[NK - 1];
    for (turn, constant) in rest.chunks_mut(NK).zip(ROUND_CONSTANTS) {
        for i in 0..turn.len() {
            let (order, constant) = if i == 0 { (&LAST_WORD_ROTATED, constant) } else { (&LAST_WORD, 0) };
            let word = substitute(cpu, last.shuffle(Xmm::broadcast(cpu, order)), constant);
            last = k[i].sums_of_words().xor(word);
            k[i] = last;
            last.store(&mut turn[i..]);
        }
    }
    round_keys.len()
}

/// SubWord of FIPS 197 section 5.2, and a round constant, on a word that is there four times. In a block of four equal columns ShiftRows
/// moves nothing, so the last round is the S-box and the addition of a key.
#[inline(always)]
fn substitute(cpu: AesNi, words: Xmm, constant: u32) -> Xmm {
    words.aesenclast(Xmm::splat(cpu, constant))
}

/// The round keys of the equivalent inverse cipher (FIPS 197 section 5.3.5) in its order: InvMixColumns of all but the first and last.
#[inline(always)]
pub(super) fn inverse_keys(cpu: AesNi, round_keys: &[Block], inverse: &mut [Block]) {
    let zero = Xmm::broadcast(cpu, &[0; BLOCK_LEN]);
    let last = round_keys.len() - 1;
    for (i, (to, from)) in inverse.iter_mut().zip(round_keys.iter().rev()).enumerate() {
        *to = *from;
        if i != 0 && i != last {
            // A decryption round undoes the S-box of an encryption round and is left with InvMixColumns.
            Xmm::broadcast(cpu, from).aesenclast(zero).aesdec(zero).store(std::slice::from_mut(to));
        }
    }
}

/// Encrypts (`ENCRYPTS`) with the round keys of the cipher, or decrypts with those of the equivalent inverse cipher.
#[inline(always)]
pub(super) fn blocks<V: Vector, const ENCRYPTS: bool>(cpu: V::Cpu, round_keys: &[Block], blocks: &mut [Block]) {
    let mut steps = blocks.chunks_exact_mut(CHAINS * V::BLOCKS);
    for step in &mut steps {
        one_step::<V, ENCRYPTS>(cpu, round_keys, step);
    }
    let rest = steps.into_remainder();
    if !rest.is_empty() {
        let mut step = [[0; BLOCK_LEN]; MAX_STEP];
        step[..rest.len()].copy_from_slice(rest);
        one_step::<V, ENCRYPTS>(cpu, round_keys, &mut step[..CHAINS * V::BLOCKS]);
        rest.copy_from_slice(&step[..rest.len()]);
        // The encryption of zero blocks is the hash key of GCM.
        wipe(&mut step);
    }
}

#[inline(always)]
fn one_step<V: Vector, const ENCRYPTS: bool>(cpu: V::Cpu, round_keys: &[Block], step: &mut [Block]) {
    let last = round_keys.len() - 1;
    let whitening = V::broadcast(cpu, &round_keys[0]);
    let mut x = [whitening; CHAINS];
    for i in 0..CHAINS {
        x[i] = V::load(cpu, &step[i * V::BLOCKS..]).xor(whitening);
    }
    for round_key in &round_keys[1..last] {
        let round_key = V::broadcast(cpu, round_key);
        for i in 0..CHAINS {
            x[i] = if ENCRYPTS { x[i].aesenc(round_key) } else { x[i].aesdec(round_key) };
        }
    }
    let round_key = V::broadcast(cpu, &round_keys[last]);
    for i in 0..CHAINS {
        let block = if ENCRYPTS { x[i].aesenclast(round_key) } else { x[i].aesdeclast(round_key) };
        block.store(&mut step[i * V::BLOCKS..]);
    }
}
