//! AES-GCM (SP 800-38D) in one pass: while the key stream of some blocks is made, others are hashed, since AES and the carry-less
//! multiplication keep different parts of the processor busy. Written once for vectors of one and of two blocks.
//!
//! A record is cut into steps of eight vectors, and a tail:
//!
//! * The first round of AES of a whole step costs a look-up and an XOR a vector. Only the low byte of the counter changes within 256
//!   blocks, so the state after round one is a constant of those blocks plus an entry of a table. The index is the counter, which is
//!   public.
//! * A seal hashes the step before, an open its own step, before it is overwritten. Products are reduced once in [`CYCLE`] blocks.
//! * The tail is made together with the block that masks the tag, and hashed together with the lengths. A short record is nothing but a
//!   tail, and one reduction serves its associated data, its text and its lengths.

use super::ghash::{POLYNOMIAL, Powers, Unreduced};
use super::partial;
use super::tables::{CYCLE, Key, Long, SHORT, STEP_VECTORS};
use super::vector::Vector;
use crate::aes::schedule::MAX_ROUND_KEYS;
use sealwire_traits::{BLOCK_LEN, Block, NONCE_LEN};
use std::hint::black_box;

/// Vectors in a step, and AES computations under way at a time.
const CHAINS: usize = STEP_VECTORS;
/// Groups of powers in a step, each for two vectors.
const GROUPS: usize = CHAINS / 2;
/// Blocks of a step of the widest vectors.
const MAX_STEP: usize = CHAINS * 2;

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
pub(super) fn record<V: Vector, const ROUNDS: usize, const SEALS: bool>(
    key: &Key<V>,
    long: Option<&Long<V>>,
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

impl<V: Vector> Record<'_, V> {
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

    /// Whole steps.
    #[inline(always)]
    fn steps<const ROUNDS: usize, const SEALS: bool>(&mut self, long: &Long<V>, blocks: &mut [Block]) {
        let cpu = self.key.cpu;
        let mut hashing = Hashing::new(blocks.len() / Self::STEP, self.hash, self.order, cpu);
        let mut base = self.after_first_round(self.counter);
        let mut before: Option<&[Block]> = None;
        for step in blocks.chunks_exact_mut(Self::STEP) {
            // Hides the keys from the compiler, which would otherwise keep them in registers that it does not have.
            let round_keys = black_box(&self.key.round_keys);
            let mut x = self.begin_step(&mut base, &long.first_round);
            match if SEALS { before } else { Some(&*step) } {
                Some(hashed) => hashing.step_beside::<ROUNDS>(cpu, &mut x, round_keys, hashed, &long.powers),
                None => {
                    for round_key in &round_keys[2..ROUNDS] {
                        encrypt_round(cpu, &mut x, round_key);
                    }
                }
            }
            let round_key = V::broadcast(cpu, &round_keys[ROUNDS]);
            for i in 0..CHAINS {
                let text = V::load(cpu, &step[i * V::BLOCKS..]);
                x[i].aesenclast(round_key.xor(text)).store(&mut step[i * V::BLOCKS..]);
            }
            before = Some(step);
        }
        if let Some(hashed) = before.filter(|_| SEALS) {
            hashing.step(cpu, hashed, &long.powers);
        }
        self.hash = hashing.hash;
    }

    /// The states of a step after round one, from the table. `base` is the one that this step's blocks have in common; it is brought
    /// forward to the next step.
    #[inline(always)]
    fn begin_step(&mut self, base: &mut V, first_round: &[Block]) -> [V; CHAINS] {
        let low = (self.counter & 0xff) as usize;
        self.counter = self.counter.wrapping_add(Self::STEP as u32);
        let next = if low + Self::STEP > 256 { self.after_first_round(self.counter) } else { *base };
        let entries = &first_round[low..low + Self::STEP];
        let mut x = [*base; CHAINS];
        for i in 0..CHAINS {
            // Steps begin with a counter of 2, modulo their length: only the last two blocks may be beyond the 256.
            let base = if i * V::BLOCKS >= Self::STEP - 2 { next } else { *base };
            x[i] = base.xor(V::load(self.key.cpu, &entries[i * V::BLOCKS..]));
        }
        *base = next;
        x
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
        let stream = self.key_stream::<ROUNDS>(first);
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
        short.finish().shuffle(self.order).xor(stream[CHAINS]).store(&mut tag);
        tag[0]
    }

    /// The key stream of a step, and behind it the block that masks the tag.
    #[inline(always)]
    fn key_stream<const ROUNDS: usize>(&self, first: u32) -> [V; CHAINS + 1] {
        let Key { cpu, ref round_keys, .. } = *self.key;
        let whitening = V::broadcast(cpu, &round_keys[0]);
        let mut x = [V::broadcast(cpu, &self.block(first)).xor(whitening); CHAINS + 1];
        let next = V::broadcast(cpu, &self.block(self.counter)).shuffle(self.order);
        for i in 0..CHAINS {
            x[i] = next.add32(V::load(cpu, &INCREMENTS[i * V::BLOCKS..])).shuffle(self.order).xor(whitening);
        }
        for round_key in &round_keys[1..ROUNDS] {
            encrypt_round(cpu, &mut x, round_key);
        }
        let round_key = V::broadcast(cpu, &round_keys[ROUNDS]);
        for i in 0..CHAINS + 1 {
            x[i] = x[i].aesenclast(round_key);
        }
        x
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

/// One round of AES.
#[inline(always)]
fn encrypt_round<V: Vector, const N: usize>(cpu: V::Cpu, x: &mut [V; N], round_key: &Block) {
    let round_key = V::broadcast(cpu, round_key);
    for i in 0..N {
        x[i] = x[i].aesenc(round_key);
    }
}

/// The hash of whole steps, reduced once in a cycle.
struct Hashing<V> {
    hash: V,
    order: V,
    sum: Unreduced<V>,
    /// Steps that are still to be hashed.
    left: usize,
    /// The group of powers that comes next. A cycle ends with the last one, so a short cycle begins later.
    group: usize,
}

impl<V: Vector> Hashing<V> {
    const STEPS: usize = CYCLE / (CHAINS * V::BLOCKS);

    #[inline(always)]
    fn new(steps: usize, hash: V, order: V, cpu: V::Cpu) -> Self {
        Hashing { hash, order, sum: Unreduced::zero(cpu), left: steps, group: Self::begin(steps) }
    }

    #[inline(always)]
    fn begin(left: usize) -> usize {
        (Self::STEPS - left.min(Self::STEPS)) * GROUPS
    }

    /// Hashes a step while the rounds 2 to `ROUNDS - 1` of another are computed.
    #[inline(always)]
    fn step_beside<const ROUNDS: usize>(
        &mut self,
        cpu: V::Cpu,
        x: &mut [V; CHAINS],
        round_keys: &[Block; MAX_ROUND_KEYS],
        hashed: &[Block],
        powers: &[Powers<V>],
    ) {
        let powers = &powers[self.group..self.group + GROUPS];
        let rounds = (ROUNDS - 2) / GROUPS;
        for group in 0..GROUPS {
            self.quarter(cpu, hashed, powers, group);
            for round in 0..rounds {
                encrypt_round(cpu, x, &round_keys[2 + group * rounds + round]);
                // The compiler would undo the interleaving and tear pairs of multiplications apart, at a tenth of the speed.
                V::settle(x, self.sum.parts());
            }
        }
        for round_key in &round_keys[2 + GROUPS * rounds..ROUNDS] {
            encrypt_round(cpu, x, round_key);
        }
        self.end_step(cpu);
    }

    /// Hashes a step.
    #[inline(always)]
    fn step(&mut self, cpu: V::Cpu, hashed: &[Block], powers: &[Powers<V>]) {
        let powers = &powers[self.group..self.group + GROUPS];
        for group in 0..GROUPS {
            self.quarter(cpu, hashed, powers, group);
        }
        self.end_step(cpu);
    }

    #[inline(always)]
    fn quarter(&mut self, cpu: V::Cpu, step: &[Block], powers: &[Powers<V>], i: usize) {
        let blocks = &step[i * 2 * V::BLOCKS..];
        let mut a = V::load(cpu, blocks).shuffle(self.order);
        let b = V::load(cpu, &blocks[V::BLOCKS..]).shuffle(self.order);
        if i == 0 {
            a = a.xor(self.hash);
        }
        self.sum.add(a, b, &powers[i]);
    }

    /// Reduces at the end of a cycle.
    #[inline(always)]
    fn end_step(&mut self, cpu: V::Cpu) {
        self.left -= 1;
        self.group += GROUPS;
        self.hash = V::broadcast(cpu, &[0; BLOCK_LEN]);
        if self.group == Self::STEPS * GROUPS {
            self.hash = self.sum.reduce(V::broadcast(cpu, &POLYNOMIAL));
            self.sum = Unreduced::zero(cpu);
            self.group = Self::begin(self.left);
        }
    }
}
