//! AES (FIPS 197) on blocks that have nothing to do with each other, several at a time, and its key expansion.

use super::cpu::AesNi;
use super::vector::{Vector, Xmm};
use sealwire_traits::{BLOCK_LEN, Block};

/// Vectors under way at a time: the instruction takes as long as this many of them.
const CHAINS: usize = 8;

/// SubWord of FIPS 197 section 5.2. In a block of four equal columns ShiftRows moves nothing, so the last round without a key is the
/// S-box alone.
#[inline(always)]
pub(super) fn sub_word(cpu: AesNi, word: u32) -> u32 {
    Xmm::splat(cpu, word).aesenclast(Xmm::broadcast(cpu, &[0; BLOCK_LEN])).first_word()
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
        let mut step = [[0; BLOCK_LEN]; CHAINS * 2];
        step[..rest.len()].copy_from_slice(rest);
        one_step::<V, ENCRYPTS>(cpu, round_keys, &mut step[..CHAINS * V::BLOCKS]);
        rest.copy_from_slice(&step[..rest.len()]);
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
