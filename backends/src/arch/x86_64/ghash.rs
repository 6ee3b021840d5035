//! GHASH (SP 800-38D section 6.4) with carry-less multiplication.
//!
//! GHASH numbers the bits of a block from the left. Blocks with their bytes reversed are polynomials with all bits the wrong way round,
//! and a product of two such polynomials comes out one bit short of its place; so H is multiplied by x beforehand (Gueron and Kounavis,
//! "Intel Carry-Less Multiplication Instruction and its Usage for Computing the GCM Mode", 2010). Powers of such an H are such powers.

use super::vector::{Vector, Xmm};
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

/// Consecutive powers of H for two vectors of blocks, arranged as [`Unreduced::add`] arranges the blocks.
#[derive(Clone, Copy)]
pub(crate) struct Powers<V> {
    low: V,
    high: V,
    both: V,
}

impl<V: Vector> zeroize::Zeroize for Powers<V> {
    fn zeroize(&mut self) {
        self.low.zeroize();
        self.high.zeroize();
        self.both.zeroize();
    }
}

impl<V: Vector> Powers<V> {
    /// Arranges the powers of `2 * V::BLOCKS` blocks, the highest first.
    #[inline(always)]
    pub(crate) fn new(cpu: V::Cpu, powers: &[Block]) -> Self {
        let (a, b) = (V::load(cpu, powers), V::load(cpu, &powers[V::BLOCKS..]));
        let (low, high) = (a.low_halves(b), a.high_halves(b));
        Powers { low, high, both: low.xor(high) }
    }
}

impl<V: Vector> Unreduced<V> {
    #[inline(always)]
    pub(crate) fn zero(cpu: V::Cpu) -> Self {
        let zero = V::broadcast(cpu, &[0; 16]);
        Unreduced { low: zero, middle: zero, high: zero }
    }

    /// Adds the products of `2 * V::BLOCKS` blocks, bytes already reversed, and powers. Karatsuba: three multiplications a block.
    #[inline(always)]
    pub(crate) fn add(&mut self, a: V, b: V, powers: &Powers<V>) {
        let (low, high) = (a.low_halves(b), a.high_halves(b));
        let both = low.xor(high);
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
        let middle = self.middle.xor(self.low).xor(self.high);
        let middle = middle.xor(self.low.mul_low_high(polynomial)).xor(self.low.swap_halves());
        let high = self.high.xor(middle.mul_low_high(polynomial)).xor(middle.swap_halves());
        high.fold()
    }
}

/// H x modulo the polynomial, from the bytes of the hash subkey: a shift, and a subtraction that depends on no branch.
pub(crate) fn adjusted(h: &Block) -> Block {
    let h = u128::from_be_bytes(*h);
    let carried = (h >> 127).wrapping_neg();
    (h << 1 ^ u128::from_le_bytes(POLYNOMIAL) & carried).to_le_bytes()
}

/// `a b` for two powers of an adjusted H.
#[inline(always)]
pub(crate) fn multiply(cpu: <Xmm as Vector>::Cpu, a: Xmm, b: Xmm) -> Xmm {
    let mut product = Unreduced::zero(cpu);
    product.add_one(a, b);
    product.reduce(Xmm::broadcast(cpu, &POLYNOMIAL))
}
