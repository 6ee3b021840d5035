//! GHASH (SP 800-38D section 6.4) with carry-less multiplication.
//!
//! GHASH numbers the bits of a block from the left. Blocks with their bytes reversed are polynomials with all bits the wrong way round,
//! and a product of two such polynomials comes out one bit short of its place; so H is multiplied by x beforehand (Gueron and Kounavis,
//! "Intel Carry-Less Multiplication Instruction and its Usage for Computing the GCM Mode", 2010). Powers of such an H are such powers.

use super::vector::Vector;
use sealwire_traits::Block;

/// x^127 + x^126 + x^121 + 1: the polynomial of GHASH, reversed, without its highest term; for the reduction.
pub(crate) const POLYNOMIAL: Block = 0xc200_0000_0000_0000_0000_0000_0000_0001_u128.to_le_bytes();

/// A sum of products that has not been reduced yet: 256 bits, the middle of Karatsuba's apart.
#[derive(Clone, Copy)]
pub(crate) struct Unreduced<V> {
    low: V,
    middle: V,
    high: V,
}

/// The blocks of two vectors, or as many powers of H, as Karatsuba's method takes them: three products of 64 bits for a block.
#[derive(Clone, Copy)]
pub(crate) struct Halves<V> {
    low: V,
    high: V,
    both: V,
}

impl<V: Vector> Halves<V> {
    /// Blocks in memory.
    pub(crate) const BLOCKS: usize = 3 * V::BLOCKS;

    /// Arranges blocks whose bytes are reversed already.
    #[inline(always)]
    pub(crate) fn new(a: V, b: V) -> Self {
        let (low, high) = (a.low_halves(b), a.high_halves(b));
        Halves { low, high, both: low.xor(high) }
    }

    /// Reads what was stored.
    #[inline(always)]
    pub(crate) fn load(cpu: V::Cpu, blocks: &[Block]) -> Self {
        Halves {
            low: V::load(cpu, blocks),
            high: V::load(cpu, &blocks[V::BLOCKS..]),
            both: V::load(cpu, &blocks[2 * V::BLOCKS..]),
        }
    }

    /// Writes the halves, one after the other.
    #[inline(always)]
    pub(crate) fn store(self, blocks: &mut [Block]) {
        self.low.store(blocks);
        self.high.store(&mut blocks[V::BLOCKS..]);
        self.both.store(&mut blocks[2 * V::BLOCKS..]);
    }
}

impl<V: Vector> Unreduced<V> {
    #[inline(always)]
    pub(crate) fn zero(cpu: V::Cpu) -> Self {
        let zero = V::broadcast(cpu, &[0; 16]);
        Unreduced { low: zero, middle: zero, high: zero }
    }

    /// Adds the products of blocks and powers.
    #[inline(always)]
    pub(crate) fn add(&mut self, blocks: Halves<V>, powers: Halves<V>) {
        let Halves { low, high, both } = blocks;
        self.low = self.low.xor(low.mul_low(powers.low).xor(low.mul_high(powers.low)));
        self.high = self.high.xor(high.mul_low(powers.high).xor(high.mul_high(powers.high)));
        self.middle = self.middle.xor(both.mul_low(powers.both).xor(both.mul_high(powers.both)));
    }

    /// The three parts.
    #[inline(always)]
    pub(crate) fn parts(&mut self) -> [&mut V; 3] {
        [&mut self.low, &mut self.middle, &mut self.high]
    }

    /// Adds the product of `V::BLOCKS` blocks, bytes already reversed, and as many powers as they are, the highest first.
    #[inline(always)]
    pub(crate) fn add_one(&mut self, x: V, powers: V) {
        let (low, high) = (x.mul_low(powers), x.mul_high(powers));
        let middle = x.mul_low_high(powers).xor(x.mul_high_low(powers));
        self.low = self.low.xor(low);
        self.high = self.high.xor(high);
        // Karatsuba's middle has the other two in it.
        self.middle = self.middle.xor(middle).xor(low).xor(high);
    }

    /// The sum modulo the polynomial, bytes reversed, in the first block of the result; zeros in the others.
    #[inline(always)]
    pub(crate) fn reduce(self, polynomial: V) -> V {
        self.reduce_each(polynomial).fold()
    }

    /// The sum of each block of the vectors modulo the polynomial.
    #[inline(always)]
    fn reduce_each(self, polynomial: V) -> V {
        let middle = self.middle.xor(self.low).xor(self.high);
        let middle = middle.xor(self.low.mul_low_high(polynomial)).xor(self.low.swap_halves());
        self.high.xor(middle.mul_low_high(polynomial)).xor(middle.swap_halves())
    }
}

/// H x modulo the polynomial, from the bytes of the hash subkey: a shift, and a subtraction that depends on no branch.
pub(crate) fn adjusted(h: &Block) -> Block {
    let h = u128::from_be_bytes(*h);
    let carried = (h >> 127).wrapping_neg();
    (h << 1 ^ u128::from_le_bytes(POLYNOMIAL) & carried).to_le_bytes()
}

/// `a b` for powers of an adjusted H, block by block.
#[inline(always)]
pub(crate) fn multiply<V: Vector>(cpu: V::Cpu, a: V, b: V) -> V {
    let mut product = Unreduced::zero(cpu);
    product.add_one(a, b);
    product.reduce_each(V::broadcast(cpu, &POLYNOMIAL))
}
