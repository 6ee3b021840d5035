//! A step of a long record: AES on some blocks and GHASH of others, stitched together.
//!
//! The processor reaches its limit with both only if their instructions alternate, sixteen registers suffice and nothing else is in the way.
//! Compilers do not keep such an order, so for vectors of two blocks it is written down here. Vectors of one block, with which less is to
//! be gained, are left to the compiler.
#![allow(unsafe_code)]

// Set by hand, a group of the hash a line.
#[rustfmt::skip]
mod assembly;

use super::cpu::AesNi;
use super::ghash::{Halves, Unreduced};
use super::vector::{Vector, Xmm, Ymm};
use crate::aes::schedule::MAX_ROUND_KEYS;
use sealwire_traits::{BLOCK_LEN, Block};
use std::hint::black_box;

/// Vectors in a step, and AES computations under way at a time: the instruction takes as long as this many of them.
pub(super) const CHAINS: usize = 8;
/// Blocks of a step of the widest vectors.
pub(super) const MAX_STEP: usize = CHAINS * Ymm::BLOCKS;
/// Groups of a step, two vectors each.
pub(super) const GROUPS: usize = CHAINS / 2;

/// The counter blocks of some steps, as they are after the first round: a base, and what the low byte of each counter adds to it.
#[derive(Clone, Copy)]
pub(crate) struct Counters<'a, V> {
    /// Of all but the last two blocks.
    pub(super) base: V,
    /// Of the last two, which may be among the next 256.
    pub(super) last: V,
    /// What each block adds.
    pub(super) entries: &'a [Block],
}

/// What some steps are hashed with.
#[derive(Clone, Copy)]
pub(crate) struct Hash<'a, V> {
    /// The powers of their blocks, as [`Halves`].
    pub(super) powers: &'a [Block],
    /// The hash of what was before, which is added to the first block.
    pub(super) carry: V,
    /// The order of bytes that reverses a block.
    pub(super) order: V,
}

/// Vectors for which there are stitched steps.
pub(crate) trait Stitched: Vector {
    /// Encrypts or decrypts as many steps as `counters` has, at most a cycle, and hashes as many.
    ///
    /// `blocks` are `LAG` steps more: so many of the first are hashed but not encrypted any more, and so many of the last are not hashed yet.
    /// With `LAG` 0 each step is hashed and then decrypted.
    ///
    /// Returns the sum of the products.
    fn steps<const ROUNDS: usize, const LAG: usize>(
        cpu: Self::Cpu,
        round_keys: &[Block; MAX_ROUND_KEYS],
        counters: Counters<'_, Self>,
        blocks: &mut [Block],
        hash: Hash<'_, Self>,
    ) -> Unreduced<Self>;
}

/// One round of AES.
#[inline(always)]
pub(super) fn encrypt_round<V: Vector, const N: usize>(cpu: V::Cpu, x: &mut [V; N], round_key: &Block) {
    let round_key = V::broadcast(cpu, round_key);
    for i in 0..N {
        x[i] = x[i].aesenc(round_key);
    }
}

/// Steps that hash nothing.
#[inline(always)]
pub(super) fn encrypt<V: Vector, const ROUNDS: usize>(
    cpu: V::Cpu,
    round_keys: &[Block; MAX_ROUND_KEYS],
    counters: Counters<'_, V>,
    text: &mut [Block],
) {
    let step = CHAINS * V::BLOCKS;
    for i in 0..counters.entries.len() / step {
        let mut x = counters.step(i).states(cpu);
        for round_key in &round_keys[2..ROUNDS] {
            encrypt_round(cpu, &mut x, round_key);
        }
        last_round(cpu, x, &round_keys[ROUNDS], &mut text[i * step..][..step]);
    }
}

impl<V: Vector> Counters<'_, V> {
    /// Those of one step.
    #[inline(always)]
    fn step(&self, i: usize) -> Self {
        let step = CHAINS * V::BLOCKS;
        let last = if (i + 1) * step == self.entries.len() { self.last } else { self.base };
        Counters { base: self.base, last, entries: &self.entries[i * step..][..step] }
    }

    /// The states of a step.
    #[inline(always)]
    fn states(&self, cpu: V::Cpu) -> [V; CHAINS] {
        let mut x = [self.base; CHAINS];
        for i in 0..CHAINS {
            let base = if (CHAINS - i) * V::BLOCKS > 2 { self.base } else { self.last };
            x[i] = base.xor(V::load(cpu, &self.entries[i * V::BLOCKS..]));
        }
        x
    }
}

/// The last round, and the key stream added to the text.
#[inline(always)]
fn last_round<V: Vector>(cpu: V::Cpu, x: [V; CHAINS], round_key: &Block, text: &mut [Block]) {
    let round_key = V::broadcast(cpu, round_key);
    for i in 0..CHAINS {
        let block = V::load(cpu, &text[i * V::BLOCKS..]);
        x[i].aesenclast(round_key.xor(block)).store(&mut text[i * V::BLOCKS..]);
    }
}

impl<V: Vector> Hash<'_, V> {
    /// That of one step.
    #[inline(always)]
    fn step(&self, cpu: V::Cpu, i: usize) -> Self {
        let powers = GROUPS * Halves::<V>::BLOCKS;
        let carry = if i == 0 { self.carry } else { V::broadcast(cpu, &[0; BLOCK_LEN]) };
        Hash { powers: &self.powers[i * powers..][..powers], carry, order: self.order }
    }

    /// Adds the products of one group of a step.
    #[inline(always)]
    fn add_group(&self, cpu: V::Cpu, i: usize, step: &[Block], sum: &mut Unreduced<V>) {
        let blocks = &step[i * 2 * V::BLOCKS..];
        let a = V::load(cpu, blocks).shuffle(self.order);
        let b = V::load(cpu, &blocks[V::BLOCKS..]).shuffle(self.order);
        let powers = Halves::load(cpu, &self.powers[i * Halves::<V>::BLOCKS..]);
        sum.add(Halves::new(if i == 0 { a.xor(self.carry) } else { a }, b), powers);
    }

    /// The sum of the products of some steps.
    #[inline(always)]
    pub(super) fn sum(&self, cpu: V::Cpu, steps: &[Block]) -> Unreduced<V> {
        let mut sum = Unreduced::zero(cpu);
        for (i, step) in steps.chunks_exact(CHAINS * V::BLOCKS).enumerate() {
            let hash = self.step(cpu, i);
            for group in 0..GROUPS {
                hash.add_group(cpu, group, step, &mut sum);
            }
        }
        sum
    }
}

const fn rounds_of_quarter(rounds: usize) -> usize {
    (rounds - 2) / GROUPS
}

impl Hash<'_, Xmm> {
    /// Adds the products of one group, and computes its share of the rounds.
    #[inline(always)]
    fn quarter<const ROUNDS: usize, const GROUP: usize>(
        &self,
        cpu: AesNi,
        x: &mut [Xmm; CHAINS],
        round_keys: &[Block; MAX_ROUND_KEYS],
        step: &[Block],
        sum: &mut Unreduced<Xmm>,
    ) {
        self.add_group(cpu, GROUP, step, sum);
        // The group that waits for the hash of what was before comes last.
        let first = 2 + (GROUP + GROUPS - 1) % GROUPS * rounds_of_quarter(ROUNDS);
        for i in 0..rounds_of_quarter(ROUNDS) {
            encrypt_round(cpu, x, &round_keys[first + i]);
            Xmm::settle(x, sum.parts());
        }
    }
}

impl Stitched for Xmm {
    #[inline(always)]
    fn steps<const ROUNDS: usize, const LAG: usize>(
        cpu: Self::Cpu,
        round_keys: &[Block; MAX_ROUND_KEYS],
        counters: Counters<'_, Self>,
        blocks: &mut [Block],
        hash: Hash<'_, Self>,
    ) -> Unreduced<Self> {
        let mut sum = Unreduced::zero(cpu);
        for step in 0..counters.entries.len() / CHAINS {
            // Hides the keys from the compiler, which would otherwise keep them in registers that it does not have.
            let round_keys = black_box(round_keys);
            let mut x = counters.step(step).states(cpu);
            let (hash, hashed) = (hash.step(cpu, step), &blocks[step * CHAINS..][..CHAINS]);
            // One by one, since the compiler would not unroll a loop of this size.
            hash.quarter::<ROUNDS, 1>(cpu, &mut x, round_keys, hashed, &mut sum);
            hash.quarter::<ROUNDS, 2>(cpu, &mut x, round_keys, hashed, &mut sum);
            hash.quarter::<ROUNDS, 3>(cpu, &mut x, round_keys, hashed, &mut sum);
            hash.quarter::<ROUNDS, 0>(cpu, &mut x, round_keys, hashed, &mut sum);
            for round_key in &round_keys[2 + GROUPS * rounds_of_quarter(ROUNDS)..ROUNDS] {
                encrypt_round(cpu, &mut x, round_key);
            }
            last_round(cpu, x, &round_keys[ROUNDS], &mut blocks[(step + LAG) * CHAINS..][..CHAINS]);
        }
        sum
    }
}

impl Stitched for Ymm {
    #[inline(always)]
    fn steps<const ROUNDS: usize, const LAG: usize>(
        cpu: Self::Cpu,
        round_keys: &[Block; MAX_ROUND_KEYS],
        counters: Counters<'_, Self>,
        blocks: &mut [Block],
        hash: Hash<'_, Self>,
    ) -> Unreduced<Self> {
        // SAFETY: the token proves the instructions.
        unsafe { assembly::steps::<ROUNDS, LAG>(cpu, round_keys, counters, blocks, hash) }
    }
}
