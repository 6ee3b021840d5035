//! What a key of the fused kernels consists of: round keys, powers of the hash key, and tables for long records.

use super::ghash::{Halves, adjusted, multiply};
use super::stitched::CHAINS;
use super::vector::{Vector, Xmm};
use super::wipe::wipe;
use crate::aes::schedule::MAX_ROUND_KEYS;
use sealwire_traits::{BLOCK_LEN, Block};
use std::sync::OnceLock;

/// Powers of H that every key has: as many blocks are hashed with one reduction in a short record.
pub(crate) const SHORT: usize = 18;
/// Blocks of a long record that are hashed before one reduction.
pub(crate) const CYCLE: usize = 128;
/// The low byte of a counter has 256 values. Steps begin with the counter 2, so that the last one goes two further; two more fill up the
/// line, since padding would not be wiped.
const COUNTERS: usize = 256 + 4;
/// Blocks that the powers of a cycle take up: two, and their sum, for any two of them.
const ARRANGED: usize = CYCLE / 2 * 3;

/// A key, ready.
pub(crate) struct Key<V: Vector> {
    pub(crate) cpu: V::Cpu,
    one: <Xmm as Vector>::Cpu,
    pub(crate) round_keys: [Block; MAX_ROUND_KEYS],
    count: usize,
    /// The powers of H, the highest first, and a zero block for a vector that goes over.
    pub(crate) short: [Block; SHORT + 1],
    long: OnceLock<Box<Long>>,
}

/// Tables that only long records use: the first of them has them made.
#[repr(align(64))]
pub(crate) struct Long {
    /// The powers of H for a cycle, as [`Halves`] of two vectors.
    pub(crate) powers: [Block; ARRANGED],
    /// What the low byte of a counter adds to the state after round one.
    pub(crate) first_round: [Block; COUNTERS],
}

const _: () = assert!(size_of::<Long>() == (ARRANGED + COUNTERS) * BLOCK_LEN, "no padding");

impl<V: Vector> Key<V> {
    /// Empty: a key is filled where it stays, so that no copy of it is anywhere else.
    #[inline(always)]
    pub(crate) fn new(cpu: V::Cpu, one: <Xmm as Vector>::Cpu) -> Self {
        let round_keys = [[0; BLOCK_LEN]; MAX_ROUND_KEYS];
        Key { cpu, one, round_keys, count: 0, short: [[0; BLOCK_LEN]; SHORT + 1], long: OnceLock::new() }
    }

    /// There are `count` round keys; the rest follows from them.
    #[inline(always)]
    pub(crate) fn complete(&mut self, count: usize) {
        self.count = count;
        // The hash subkey (SP 800-38D section 7.1, step 1).
        let mut h = Xmm::broadcast(self.one, &self.round_keys[0]);
        for round_key in &self.round_keys[1..count - 1] {
            h = h.aesenc(Xmm::broadcast(self.one, round_key));
        }
        h = h.aesenclast(Xmm::broadcast(self.one, &self.round_keys[count - 1]));
        h.store(&mut self.short[SHORT - 1..]);
        self.short[SHORT - 1] = adjusted(&self.short[SHORT - 1]);
        fill_powers::<V>(self.cpu, self.one, &mut self.short[..SHORT]);
    }

    /// Rounds of AES.
    #[inline(always)]
    pub(crate) fn rounds(&self) -> usize {
        self.count - 1
    }

    /// The tables for a text of `len` bytes, if it is long enough to use them. The first such text has them made.
    pub(crate) fn long(&self, len: usize, make: impl FnOnce() -> Box<Long>) -> Option<&Long> {
        (len >= CHAINS * V::BLOCKS * BLOCK_LEN).then(|| &**self.long.get_or_init(make))
    }

    /// Drops the tables for long texts, which wipes them.
    pub(crate) fn release(&mut self) {
        self.long.take();
    }

    /// Makes the tables for long texts.
    #[inline(always)]
    pub(crate) fn make_long(&self) -> Box<Long> {
        // Filled where it stays, so that no copy of it is anywhere else.
        let mut long = Box::new(Long { powers: [[0; BLOCK_LEN]; ARRANGED], first_round: [[0; BLOCK_LEN]; COUNTERS] });
        let mut powers = [[0; BLOCK_LEN]; CYCLE];
        powers[CYCLE - 1] = self.short[SHORT - 1];
        fill_powers::<V>(self.cpu, self.one, &mut powers);
        arrange::<V>(self.cpu, &powers, &mut long.powers);
        first_round(self.one, &self.round_keys[0], &mut long.first_round);
        wipe(&mut powers);
        long
    }
}

impl<V: Vector> Drop for Key<V> {
    fn drop(&mut self) {
        wipe(&mut self.round_keys);
        wipe(&mut self.short);
    }
}

impl Drop for Long {
    fn drop(&mut self) {
        wipe(&mut self.powers);
        wipe(&mut self.first_round);
    }
}

/// Fills in the powers before the last one, which is an adjusted H: the highest comes first. They are even in number.
#[inline(always)]
fn fill_powers<V: Vector>(cpu: V::Cpu, one: <Xmm as Vector>::Cpu, powers: &mut [Block]) {
    let last = powers.len() - 1;
    let h = Xmm::broadcast(one, &powers[last]);
    multiply(one, h, h).store(&mut powers[last - 1..]);
    let mut known = 2;
    while known < powers.len() {
        // The products of a turn do not wait for each other.
        let highest = V::broadcast(cpu, &powers[last + 1 - known]);
        let mut i = V::BLOCKS - 1;
        while i < known.min(powers.len() - known) {
            let product = multiply(cpu, V::load(cpu, &powers[last - i..]), highest);
            product.store(&mut powers[last - known - i..]);
            i += V::BLOCKS;
        }
        known *= 2;
    }
}

/// Powers in groups for two vectors, as the kernel takes them.
#[inline(always)]
fn arrange<V: Vector>(cpu: V::Cpu, powers: &[Block; CYCLE], arranged: &mut [Block; ARRANGED]) {
    let groups = arranged.chunks_exact_mut(Halves::<V>::BLOCKS);
    for (group, powers) in groups.zip(powers.chunks_exact(2 * V::BLOCKS)) {
        Halves::new(V::load(cpu, powers), V::load(cpu, &powers[V::BLOCKS..])).store(group);
    }
}

/// What each low byte of a counter block adds to the state after round one, compared with a low byte of 0.
#[inline(always)]
fn first_round(cpu: <Xmm as Vector>::Cpu, whitening: &Block, table: &mut [Block; COUNTERS]) {
    let zero = Xmm::broadcast(cpu, &[0; BLOCK_LEN]);
    let whitening = Xmm::broadcast(cpu, whitening);
    let of_zero = whitening.aesenc(zero);
    for (i, entry) in table.iter_mut().enumerate() {
        let mut block = [0; BLOCK_LEN];
        block[BLOCK_LEN - 1] = i as u8;
        let state = Xmm::broadcast(cpu, &block).xor(whitening).aesenc(zero);
        state.xor(of_zero).store(std::slice::from_mut(entry));
    }
}
