//! Numbers as the kernel has them: digits of 52 bits, one number or two side by side.

use crate::rsa::{LIMB_BITS, Uint};
use zeroize::Zeroize;

/// Bits in a digit.
pub(super) const DIGIT_BITS: usize = 52;
/// The bits of a digit. Those above mean nothing.
pub(super) const MASK: u64 = (1 << DIGIT_BITS) - 1;
/// Lanes in a vector.
pub(super) const LANES: usize = 8;
/// The most vectors in a number.
pub(super) const MAX_VECTORS: usize = 10;
/// The most when two numbers share them: larger ones are raised in turns.
const MAX_SHARED_VECTORS: usize = 7;

/// The most vectors of numbers in turns, for which the registers suffice.
pub(super) const MAX_VECTORS_IN_TURNS: usize = 5;

/// Eight lanes.
#[derive(Zeroize)]
#[repr(C, align(64))]
pub(super) struct Vector(pub(super) [u64; LANES]);

impl Vector {
    pub(super) const ZERO: Vector = Vector([0; LANES]);
}

/// How numbers are laid out, all of it public.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Numbers side by side: 1 or 2.
    numbers: usize,
    /// Digits of each, at least 1.
    digits: usize,
}

impl Layout {
    /// For numbers below 2^(52 `digits`).
    ///
    /// # Panics
    /// When the kernel has no room for them.
    pub(super) fn new(numbers: usize, digits: usize) -> Layout {
        assert!((1..=2).contains(&numbers) && (1..=Layout::most_digits(numbers)).contains(&digits));
        Layout { numbers, digits }
    }

    /// The most digits that so many numbers may have.
    pub(super) const fn most_digits(numbers: usize) -> usize {
        if numbers == 1 { MAX_VECTORS * LANES } else { MAX_SHARED_VECTORS * LANES / 2 }
    }

    /// Whether two numbers of this layout can be raised in turns: there is one to a layout, there are more digits than two numbers can share the
    /// lanes with, and the registers suffice for both.
    pub(super) fn takes_turns(self) -> bool {
        self.numbers == 1 && self.digits > Layout::most_digits(2) && self.vectors() <= MAX_VECTORS_IN_TURNS
    }

    pub(super) fn numbers(self) -> usize {
        self.numbers
    }

    pub(super) fn digits(self) -> usize {
        self.digits
    }

    /// Vectors in a number.
    pub(super) fn vectors(self) -> usize {
        (self.digits * self.numbers).div_ceil(LANES)
    }

    /// Vector and lane of digit k of number i.
    pub(super) fn place(self, i: usize, k: usize) -> (usize, usize) {
        (k % self.vectors(), k / self.vectors() * self.numbers + i)
    }
}

/// Numbers of as many vectors as the layout says: the sum of digit k times 2^(52 k).
#[derive(Zeroize)]
#[repr(C, align(64))]
pub(super) struct Digits(pub(super) [Vector; MAX_VECTORS]);

impl Digits {
    /// 0.
    pub(super) const ZERO: Digits = Digits([const { Vector::ZERO }; MAX_VECTORS]);

    /// Reads numbers that the layout has room for.
    pub(super) fn load(&mut self, numbers: &[&Uint], layout: Layout) {
        for (i, number) in numbers.iter().enumerate() {
            for k in 0..layout.digits() {
                let (vector, lane) = layout.place(i, k);
                self.0[vector].0[lane] = number.bits_from(k * DIGIT_BITS) & MASK;
            }
        }
    }

    /// Number i, which fits `width` limbs.
    pub(super) fn number(&self, i: usize, layout: Layout, width: usize) -> Uint {
        let mut number = Uint::zero(width);
        for k in 0..layout.digits() {
            let (vector, lane) = layout.place(i, k);
            let (limb, bit) = (k * DIGIT_BITS / LIMB_BITS, k * DIGIT_BITS % LIMB_BITS);
            let bits = u128::from(self.0[vector].0[lane] & MASK) << bit;
            for (limb, bits) in [(limb, bits as u64), (limb + 1, (bits >> LIMB_BITS) as u64)] {
                if let Some(limb) = number.limbs_mut().get_mut(limb) {
                    *limb |= bits;
                }
            }
        }
        number
    }

    /// Reads vectors, as many as there are.
    pub(super) fn read(&mut self, vectors: &[Vector]) {
        for (to, from) in self.0.iter_mut().zip(vectors) {
            to.0 = from.0;
        }
    }

    /// Writes vectors, as many as there are.
    pub(super) fn write(&self, vectors: &mut [Vector]) {
        for (to, from) in vectors.iter_mut().zip(&self.0) {
            to.0 = from.0;
        }
    }

    /// Becomes a copy.
    pub(super) fn copy(&mut self, other: &Digits) {
        self.read(&other.0);
    }
}
