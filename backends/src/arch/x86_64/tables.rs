//! What a key of the fused kernels consists of: round keys, powers of the hash key, and tables for long records.

use super::ghash::{Powers, adjusted, multiply};
use super::vector::{Vector, Xmm};
use crate::aes::schedule::MAX_ROUND_KEYS;
use sealwire_traits::{BLOCK_LEN, Block};
use std::sync::OnceLock;
use zeroize::Zeroize;

/// Powers of H that every key has: as many blocks are hashed with one reduction in a short record.
pub(crate) const SHORT: usize = 18;
/// Blocks of a long record that are hashed before one reduction.
pub(crate) const CYCLE: usize = 64;
/// Vectors in a step of a long record.
pub(crate) const STEP_VECTORS: usize = 8;
/// The low byte of a counter has 256 values. Steps begin with the counter 2, so that the last one goes two further.
const COUNTERS: usize = 256 + 2;

/// A key, ready.
pub(crate) struct Key<V: Vector> {
    pub(crate) cpu: V::Cpu,
    one: <Xmm as Vector>::Cpu,
    pub(crate) round_keys: [Block; MAX_ROUND_KEYS],
    count: usize,
    /// The powers of H, the highest first, and a zero block for a vector that goes over.
    pub(crate) short: [Block; SHORT + 1],
    long: OnceLock<Box<Long<V>>>,
}

/// Tables that pay for themselves with the first long record, and are made for it.
pub(crate) struct Long<V: Vector> {
    pub(crate) powers: [Powers<V>; CYCLE / 2],
    /// What the low byte of a counter adds to the state after round one.
    pub(crate) first_round: [Block; COUNTERS],
}

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
        fill_powers(self.one, &mut self.short[..SHORT]);
    }

    /// Rounds of AES.
    #[inline(always)]
    pub(crate) fn rounds(&self) -> usize {
        self.count - 1
    }

    /// The tables for a text of `len` bytes, if it is long enough to use them. The first such text has them made.
    pub(crate) fn long(&self, len: usize, make: impl FnOnce() -> Box<Long<V>>) -> Option<&Long<V>> {
        (len >= STEP_VECTORS * V::BLOCKS * BLOCK_LEN).then(|| &**self.long.get_or_init(make))
    }

    /// Makes the tables for long texts.
    #[inline(always)]
    pub(crate) fn make_long(&self) -> Box<Long<V>> {
        let mut powers = [[0; BLOCK_LEN]; CYCLE];
        powers[CYCLE - 1] = self.short[SHORT - 1];
        fill_powers(self.one, &mut powers);
        let long = Box::new(Long {
            powers: arranged(self.cpu, &powers),
            first_round: first_round(self.one, &self.round_keys[0]),
        });
        powers.as_flattened_mut().zeroize();
        long
    }
}

impl<V: Vector> Drop for Key<V> {
    fn drop(&mut self) {
        self.round_keys.as_flattened_mut().zeroize();
        self.short.as_flattened_mut().zeroize();
    }
}

impl<V: Vector> Drop for Long<V> {
    fn drop(&mut self) {
        self.powers.iter_mut().for_each(Zeroize::zeroize);
        self.first_round.as_flattened_mut().zeroize();
    }
}

/// Fills in the powers before the last one, which is an adjusted H: the highest comes first.
#[inline(always)]
fn fill_powers(cpu: <Xmm as Vector>::Cpu, powers: &mut [Block]) {
    let last = powers.len() - 1;
    let mut known = 1;
    while known < powers.len() {
        // The products of a turn do not wait for each other.
        let highest = Xmm::broadcast(cpu, &powers[last + 1 - known]);
        for i in 0..known.min(powers.len() - known) {
            let product = multiply(cpu, Xmm::broadcast(cpu, &powers[last - i]), highest);
            product.store(&mut powers[last - known - i..]);
        }
        known *= 2;
    }
}

/// Powers in groups for two vectors. Vectors of one block fill the array, wider ones its beginning.
#[inline(always)]
fn arranged<V: Vector, const GROUPS: usize>(cpu: V::Cpu, powers: &[Block]) -> [Powers<V>; GROUPS] {
    let mut groups = [Powers::new(cpu, &[[0; BLOCK_LEN]; 4]); GROUPS];
    for (group, powers) in groups.iter_mut().zip(powers.chunks_exact(2 * V::BLOCKS)) {
        *group = Powers::new(cpu, powers);
    }
    groups
}

/// What each low byte of a counter block adds to the state after round one, compared with a low byte of 0.
#[inline(always)]
fn first_round(cpu: <Xmm as Vector>::Cpu, whitening: &Block) -> [Block; COUNTERS] {
    let zero = Xmm::broadcast(cpu, &[0; BLOCK_LEN]);
    let whitening = Xmm::broadcast(cpu, whitening);
    let of_zero = whitening.aesenc(zero);
    let mut table = [[0; BLOCK_LEN]; COUNTERS];
    for (i, entry) in table.iter_mut().enumerate() {
        let mut block = [0; BLOCK_LEN];
        block[BLOCK_LEN - 1] = i as u8;
        let state = Xmm::broadcast(cpu, &block).xor(whitening).aesenc(zero);
        state.xor(of_zero).store(std::slice::from_mut(entry));
    }
    table
}
