//! AES-GCM (SP 800-38D) in one pass: while the key stream of some blocks is made, others are hashed, since AES and the carry-less
//! multiplication keep different parts of the processor busy. Written once for vectors of one and of two blocks.
//!
//! A record is cut into steps of eight vectors, and a tail:
//!
//! * The first round of AES of a whole step costs a look-up and an XOR a vector. Only the low byte of the counter changes within 256
//!   blocks, so the state after round one is a constant of those blocks plus an entry of a table. The index is the counter, which is
//!   public.
//! * A seal hashes an earlier step, an open its own step, before it is overwritten. Products are reduced once in [`CYCLE`] blocks.
//! * The tail is made together with the block that masks the tag, and hashed together with the lengths. A short record is nothing but a
//!   tail, and one reduction serves its associated data, its text and its lengths.

use super::ghash::{Halves, POLYNOMIAL, Unreduced};
use super::partial;
use super::stitched::{CHAINS, Counters, Hash, MAX_STEP, Stitched, encrypt, encrypt_round};
use super::tables::{CYCLE, Key, Long, SHORT};
use super::vector::Vector;
use crate::aes::schedule::MAX_ROUND_KEYS;
use sealwire_traits::{BLOCK_LEN, Block, NONCE_LEN};
use std::hint::black_box;

/// Steps by which the hash of a seal is behind: the blocks of the step before would still be on their way through the rounds.
const LAG: usize = 2;

/// The order of bytes that reverses a block.
static REVERSED: Block = [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0];

/// What is added to a counter block, bytes reversed, to get those that follow it.
static INCREMENTS: [Block; MAX_STEP] = {
    let mut increments = [[0; BLOCK_LEN]; MAX_STEP];
    let mut i = 0;
    while i < MAX_STEP {
        increments[i][0] = i as u8;
        i += 1;
    }
    increments
};

/// One record on its way: the key, and the counter of the next block.
struct Record<'key, V: Vector> {
    key: &'key Key<V>,
    /// The first twelve bytes of a counter block, as a little-endian number.
    nonce: u128,
    counter: u32,
    /// The hash so far, bytes reversed, in the first block.
    hash: V,
    /// Reverses the bytes of a block.
    order: V,
}

/// Seals (`SEALS`) or opens one record in place and returns its tag. `ROUNDS` of AES are 10, 12 or 14; `first` is the counter of J0: 1, but in
/// tests, and 1 modulo 256 in them. `long` are the tables for a text that has at least one step.
#[inline(always)]
pub(super) fn record<V: Stitched, const ROUNDS: usize, const SEALS: bool>(
    key: &Key<V>,
    long: Option<&Long>,
    nonce: &[u8; NONCE_LEN],
    first: u32,
    aad: &[u8],
    text: &mut [u8],
) -> Block {
    let lengths = ((aad.len() as u128 * 8) << 64 | (text.len() as u128 * 8)).to_be_bytes();
    let step_len = CHAINS * V::BLOCKS * BLOCK_LEN;
    let [n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11] = *nonce;
    let nonce = u128::from(u64::from_le_bytes([n0, n1, n2, n3, n4, n5, n6, n7]))
        | u128::from(u32::from_le_bytes([n8, n9, n10, n11])) << 64;
    // The compiler must not see through it: it would merge it with the shuffles of GHASH, into more of them.
    let order = V::broadcast(key.cpu, black_box(&REVERSED));
    let mut record =
        Record { key, nonce, counter: first.wrapping_add(1), hash: V::broadcast(key.cpu, &[0; BLOCK_LEN]), order };
    let whole = if long.is_some() { text.len() / step_len * step_len } else { 0 };
    let (steps, tail) = text.split_at_mut(whole);
    let mut head = aad;
    if long.is_some() || aad.len().div_ceil(BLOCK_LEN) + tail.len().div_ceil(BLOCK_LEN) >= SHORT {
        record.absorb(aad);
        head = &[];
    }
    if let Some(long) = long {
        record.steps::<ROUNDS, SEALS>(long, steps.as_chunks_mut().0);
    }
    record.tail::<ROUNDS, SEALS>(first, head, tail, &lengths)
}

impl<V: Stitched> Record<'_, V> {
    const STEP: usize = CHAINS * V::BLOCKS;

    /// Hashes data, filled up to whole blocks.
    #[inline(always)]
    fn absorb(&mut self, data: &[u8]) {
        for part in data.chunks(SHORT * BLOCK_LEN) {
            let mut short = self.short(part.len().div_ceil(BLOCK_LEN));
            short.bytes(part);
            self.hash = short.finish();
        }
    }

    /// Begins to hash so many blocks, at most [`SHORT`].
    #[inline(always)]
    fn short(&self, blocks: usize) -> Short<'_, V> {
        Short {
            cpu: self.key.cpu,
            order: self.order,
            powers: &self.key.short[SHORT - blocks..],
            carry: self.hash,
            sum: Unreduced::zero(self.key.cpu),
        }
    }

    /// Whole steps, a cycle at a time. Cycles of encryption begin with a counter of 2 modulo 128, so that of a cycle only the last two
    /// blocks may be beyond the next multiple of 256.
    #[inline(always)]
    fn steps<const ROUNDS: usize, const SEALS: bool>(&mut self, long: &Long, mut blocks: &mut [Block]) {
        let Key { cpu, ref round_keys, .. } = *self.key;
        let mut base = self.after_first_round(self.counter);
        let lag = if SEALS { LAG * Self::STEP } else { 0 };
        let alone = lag.min(blocks.len());
        if SEALS {
            encrypt::<V, ROUNDS>(cpu, round_keys, self.counters(alone, &mut base, long), blocks);
        }
        let mut cycle = CYCLE - alone;
        while blocks.len() > lag {
            let count = (blocks.len() - lag).min(cycle);
            let counters = self.counters(count, &mut base, long);
            let hash = self.hash(count, long);
            let sum = if SEALS {
                V::steps::<ROUNDS, LAG>(cpu, round_keys, counters, blocks, hash)
            } else {
                V::steps::<ROUNDS, 0>(cpu, round_keys, counters, blocks, hash)
            };
            self.hash = sum.reduce(V::broadcast(cpu, &POLYNOMIAL));
            blocks = &mut blocks[count..];
            cycle = CYCLE;
        }
        if SEALS {
            let sum = self.hash(blocks.len(), long).sum(cpu, blocks);
            self.hash = sum.reduce(V::broadcast(cpu, &POLYNOMIAL));
        }
    }

    /// The counters of the next `count` blocks. `base` is the state after round one that they have in common; it is brought forward.
    #[inline(always)]
    fn counters<'a>(&mut self, count: usize, base: &mut V, long: &'a Long) -> Counters<'a, V> {
        let low = (self.counter & 0xff) as usize;
        self.counter = self.counter.wrapping_add(count as u32);
        let first = *base;
        if low + count > 256 {
            *base = self.after_first_round(self.counter);
        }
        Counters { base: first, last: *base, entries: &long.first_round[low..low + count] }
    }

    /// What the next `count` blocks are hashed with.
    #[inline(always)]
    fn hash<'a>(&self, count: usize, long: &'a Long) -> Hash<'a, V> {
        let powers = &long.powers[(CYCLE - count) / (2 * V::BLOCKS) * Halves::<V>::BLOCKS..];
        Hash { powers, carry: self.hash, order: self.order }
    }

    /// The state after round one of a counter block whose low byte is 0 in the place of that of `counter`.
    #[inline(always)]
    fn after_first_round(&self, counter: u32) -> V {
        let Key { cpu, round_keys, .. } = *self.key;
        let block = V::broadcast(cpu, &self.block(counter & !0xff));
        block.xor(V::broadcast(cpu, &round_keys[0])).aesenc(V::broadcast(cpu, &round_keys[1]))
    }

    #[inline(always)]
    fn block(&self, counter: u32) -> Block {
        // As one number, which stays in registers: a block put together in memory would be waited for.
        (self.nonce | u128::from(counter.swap_bytes()) << 96).to_le_bytes()
    }

    /// The rest of the text, less than a step, and the tag.
    #[inline(always)]
    fn tail<const ROUNDS: usize, const SEALS: bool>(
        self,
        first: u32,
        head: &[u8],
        tail: &mut [u8],
        lengths: &Block,
    ) -> Block {
        let cpu = self.key.cpu;
        let (stream, mask) = self.key_stream::<ROUNDS>(first, !tail.is_empty());
        let mut short = self.short(head.len().div_ceil(BLOCK_LEN) + tail.len().div_ceil(BLOCK_LEN) + 1);
        short.bytes(head);
        let (blocks, rest) = tail.as_chunks_mut::<BLOCK_LEN>();
        let mut vectors = blocks.chunks_exact_mut(V::BLOCKS);
        let mut used = 0;
        for blocks in &mut vectors {
            let from = V::load(cpu, blocks);
            let to = from.xor(stream[used]);
            to.store(blocks);
            short.vector(if SEALS { to } else { from }, V::BLOCKS);
            used += 1;
        }
        let single = vectors.into_remainder();
        if !single.is_empty() || !rest.is_empty() {
            // Less than a vector: by way of a buffer, in which what is beyond the text is zero whenever it is hashed.
            let mut buffer = [[0; BLOCK_LEN]; 2];
            let blocks = single.len() + rest.len().min(1);
            buffer[..single.len()].copy_from_slice(single);
            buffer[single.len()] = partial::load(rest);
            let from = V::load(cpu, &buffer);
            from.xor(stream[used]).store(&mut buffer);
            single.copy_from_slice(&buffer[..single.len()]);
            partial::store(&buffer[single.len()], rest);
            buffer[single.len()] = partial::load(rest);
            buffer[single.len() + 1..].fill([0; BLOCK_LEN]);
            short.vector(if SEALS { V::load(cpu, &buffer) } else { from }, blocks);
        }
        short.vector(V::load_one(cpu, lengths), 1);
        let mut tag = [[0; BLOCK_LEN]; 2];
        short.finish().shuffle(self.order).xor(mask).store(&mut tag);
        tag[0]
    }

    /// The key stream of a step, if it is needed, and the block that masks the tag.
    #[inline(always)]
    fn key_stream<const ROUNDS: usize>(&self, first: u32, needed: bool) -> ([V; CHAINS], V) {
        let Key { cpu, ref round_keys, .. } = *self.key;
        let whitening = V::broadcast(cpu, &round_keys[0]);
        let mut mask = [V::broadcast(cpu, &self.block(first)).xor(whitening)];
        if !needed {
            encrypt_rounds::<V, ROUNDS, 1>(cpu, &mut mask, round_keys);
            return ([mask[0]; CHAINS], mask[0]);
        }
        let mut x = [mask[0]; CHAINS + 1];
        let next = V::broadcast(cpu, &self.block(self.counter)).shuffle(self.order);
        for i in 0..CHAINS {
            x[i] = next.add32(V::load(cpu, &INCREMENTS[i * V::BLOCKS..])).shuffle(self.order).xor(whitening);
        }
        encrypt_rounds::<V, ROUNDS, { CHAINS + 1 }>(cpu, &mut x, round_keys);
        let [stream @ .., mask] = x;
        (stream, mask)
    }
}

/// All rounds of AES but the whitening.
#[inline(always)]
fn encrypt_rounds<V: Vector, const ROUNDS: usize, const N: usize>(
    cpu: V::Cpu,
    x: &mut [V; N],
    round_keys: &[Block; MAX_ROUND_KEYS],
) {
    for round_key in &round_keys[1..ROUNDS] {
        encrypt_round(cpu, x, round_key);
    }
    let round_key = V::broadcast(cpu, &round_keys[ROUNDS]);
    for i in 0..N {
        x[i] = x[i].aesenclast(round_key);
    }
}

/// The hash of a few blocks, reduced once.
struct Short<'key, V: Vector> {
    cpu: V::Cpu,
    order: V,
    /// The powers of the blocks to come.
    powers: &'key [Block],
    /// The hash of what was before; it is added to the first block.
    carry: V,
    sum: Unreduced<V>,
}

impl<V: Vector> Short<'_, V> {
    /// Hashes a vector whose first `blocks` blocks count; the others are zero.
    #[inline(always)]
    fn vector(&mut self, x: V, blocks: usize) {
        self.sum.add_one(x.shuffle(self.order).xor(self.carry), V::load(self.cpu, self.powers));
        self.carry = V::broadcast(self.cpu, &[0; BLOCK_LEN]);
        self.powers = &self.powers[blocks..];
    }

    /// Hashes bytes, filled up to whole blocks.
    #[inline(always)]
    fn bytes(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks::<BLOCK_LEN>();
        for block in blocks {
            self.vector(V::load_one(self.cpu, block), 1);
        }
        if !rest.is_empty() {
            self.vector(V::load_one(self.cpu, &partial::load(rest)), 1);
        }
    }

    #[inline(always)]
    fn finish(self) -> V {
        self.sum.reduce(V::broadcast(self.cpu, &POLYNOMIAL))
    }
}
