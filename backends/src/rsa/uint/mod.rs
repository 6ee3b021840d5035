//! Fixed-width integers for secrets: constant time, wiped on drop.
//!
//! The rule of this engine room is to keep secrets out of num-bigint, whose numbers shrink with their value, branch on
//! it and are not wiped. A [`Uint`] has as many limbs as it was made with; every operation takes a time that depends on
//! that width alone, and its memory is wiped. Primes, private exponents, blinding factors, padded messages and
//! everything computed from them live here: validation, key generation, the private operation. num-bigint is left with
//! numbers that anybody may see.

mod arithmetic;
mod division;
mod limbs;
mod montgomery;
mod portable;
mod random;

#[cfg(target_arch = "x86_64")]
pub(crate) use arithmetic::gather;
pub(crate) use arithmetic::{Arithmetic, ENTRIES};
pub(crate) use division::gcd;
pub(crate) use limbs::mask;
#[cfg(target_arch = "x86_64")]
pub(crate) use montgomery::double_mod;
pub(crate) use montgomery::{Montgomery, inverse_of_limb};
pub(crate) use portable::Portable;

use sealwire_traits::SecretBytes;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq, ConstantTimeLess};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bits in a limb.
pub(crate) const LIMB_BITS: usize = 64;

/// Limbs that hold `bits` bits.
pub(crate) const fn limbs_for(bits: usize) -> usize {
    bits.div_ceil(LIMB_BITS)
}

/// An unsigned integer of a fixed number of 64-bit limbs, least significant first. The width is public, the value is
/// not.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct Uint(Box<[u64]>);

impl Uint {
    /// 0 in `width` limbs.
    pub(crate) fn zero(width: usize) -> Uint {
        Uint(vec![0; width].into_boxed_slice())
    }

    /// `value` in `width` limbs, of which there is at least one.
    pub(crate) fn small(value: u64, width: usize) -> Uint {
        let mut uint = Uint::zero(width);
        uint.0[0] = value;
        uint
    }

    /// Reads big-endian bytes into `width` limbs. What does not fit is cut off: check the length first.
    pub(crate) fn from_be_bytes(bytes: &[u8], width: usize) -> Uint {
        let mut uint = Uint::zero(width);
        for (limb, chunk) in uint.0.iter_mut().zip(bytes.rchunks(8)) {
            *limb = chunk.iter().fold(0, |limb, &byte| limb << 8 | u64::from(byte));
        }
        uint
    }

    /// Writes `bytes.len()` big-endian bytes, the least significant ones.
    pub(crate) fn write_be_bytes(&self, bytes: &mut [u8]) {
        let little_endian = self.0.iter().flat_map(|limb| (0..8).map(move |i| (limb >> (8 * i)) as u8));
        for (byte, value) in bytes.iter_mut().rev().zip(little_endian.chain(std::iter::repeat(0))) {
            *byte = value;
        }
    }

    /// The least significant `len` bytes, big-endian.
    pub(crate) fn to_be_bytes(&self, len: usize) -> SecretBytes {
        let mut bytes = SecretBytes::zeroed(len);
        self.write_be_bytes(bytes.expose_mut());
        bytes
    }

    /// A copy, by name so that none is made by accident.
    pub(crate) fn duplicate(&self) -> Uint {
        self.resized(self.width())
    }

    /// A copy in `width` limbs: zero limbs are added, or the most significant ones cut off.
    pub(crate) fn resized(&self, width: usize) -> Uint {
        let mut uint = Uint::zero(width);
        for (to, from) in uint.0.iter_mut().zip(&self.0) {
            *to = *from;
        }
        uint
    }

    /// Number of limbs.
    pub(crate) fn width(&self) -> usize {
        self.0.len()
    }

    /// The limbs, least significant first.
    pub(crate) fn limbs(&self) -> &[u64] {
        &self.0
    }

    /// The limbs, to write them.
    pub(crate) fn limbs_mut(&mut self) -> &mut [u64] {
        &mut self.0
    }

    /// Whether bit `i` is set; `i` is public and below the width.
    pub(crate) fn bit(&self, i: usize) -> Choice {
        Choice::from((self.0[i / LIMB_BITS] >> (i % LIMB_BITS) & 1) as u8)
    }

    /// The 64 bits from bit `i` on, which is public; zeros beyond the width.
    pub(crate) fn bits_from(&self, i: usize) -> u64 {
        let (whole, part) = (i / LIMB_BITS, i % LIMB_BITS);
        let limb = |i: usize| u128::from(self.0.get(i).copied().unwrap_or(0));
        ((limb(whole + 1) << LIMB_BITS | limb(whole)) >> part) as u64
    }

    /// Whether the number is odd.
    pub(crate) fn is_odd(&self) -> Choice {
        self.bit(0)
    }

    /// Whether the number is zero.
    pub(crate) fn is_zero(&self) -> Choice {
        self.0.iter().fold(0, |or, limb| or | limb).ct_eq(&0)
    }

    /// Whether the most significant set bit is bit `bits - 1`; `bits` is at least 1.
    pub(crate) fn has_bit_len(&self, bits: usize) -> Choice {
        let mut above = self.duplicate();
        above.shr_public(bits - 1);
        above.ct_eq(&Uint::small(1, self.width()))
    }

    /// `self += other`, both of the same width; returns the carry.
    pub(crate) fn add_assign(&mut self, other: &Uint) -> Choice {
        Choice::from(limbs::add_assign(&mut self.0, &other.0) as u8)
    }

    /// `self -= other`, both of the same width; returns the borrow.
    pub(crate) fn sub_assign(&mut self, other: &Uint) -> Choice {
        Choice::from(limbs::sub_assign(&mut self.0, &other.0) as u8)
    }

    /// `self - value` for a public `value` that is not above `self`.
    pub(crate) fn minus_small(&self, value: u64) -> Uint {
        let mut difference = self.duplicate();
        difference.sub_assign(&Uint::small(value, self.width()));
        difference
    }

    /// 2^exponent in `width` limbs, for a public `exponent` below `64 * width`.
    pub(crate) fn power_of_two(exponent: usize, width: usize) -> Uint {
        let mut power = Uint::zero(width);
        power.0[exponent / LIMB_BITS] = 1 << (exponent % LIMB_BITS);
        power
    }

    /// `self -= other` if `self >= other`, both of the same width.
    pub(crate) fn reduce_once(&mut self, other: &Uint) {
        let borrow = limbs::sub_assign(&mut self.0, &other.0);
        limbs::add_if(&mut self.0, &other.0, borrow);
    }

    /// `self * other`, as wide as both together.
    pub(crate) fn mul(&self, other: &Uint) -> Uint {
        let mut product = Uint::zero(self.width() + other.width());
        Portable.mul(&mut product.0, &self.0, &other.0);
        product
    }

    /// The square, twice as wide.
    pub(crate) fn square(&self) -> Uint {
        let mut product = Uint::zero(2 * self.width());
        Portable.square(&mut product.0, &self.0);
        product
    }

    /// `self * factor` (modulo 2^(64 width)).
    pub(crate) fn mul_small(&self, factor: u64) -> Uint {
        let mut product = Uint::zero(self.width());
        limbs::mul_add(&mut product.0, &self.0, factor);
        product
    }

    /// `self >>= 1`.
    pub(crate) fn halve(&mut self) {
        let mut high = 0;
        for limb in self.0.iter_mut().rev() {
            (*limb, high) = (*limb >> 1 | high << 63, *limb & 1);
        }
    }

    /// `self >>= 1` if `choice`.
    pub(crate) fn halve_if(&mut self, choice: Choice) {
        let mut half = self.duplicate();
        half.halve();
        self.assign_if(&half, choice);
    }

    /// `self >>= shift` for a public `shift`.
    pub(crate) fn shr_public(&mut self, shift: usize) {
        for i in 0..self.width() {
            self.0[i] = self.bits_from(i * LIMB_BITS + shift);
        }
    }

    /// `self = other` if `choice`, both of the same width.
    pub(crate) fn assign_if(&mut self, other: &Uint, choice: Choice) {
        for (to, from) in self.0.iter_mut().zip(&other.0) {
            to.conditional_assign(from, choice);
        }
    }

    /// Exchanges two numbers of the same width if `choice`.
    pub(crate) fn swap_if(&mut self, other: &mut Uint, choice: Choice) {
        for (a, b) in self.0.iter_mut().zip(&mut other.0) {
            u64::conditional_swap(a, b, choice);
        }
    }
}

impl ConstantTimeEq for Uint {
    /// The narrower number counts as padded with zero limbs.
    fn ct_eq(&self, other: &Uint) -> Choice {
        let width = self.width().max(other.width());
        let limb = |x: &Uint, i: usize| x.0.get(i).copied().unwrap_or(0);
        (0..width).fold(0, |or, i| or | (limb(self, i) ^ limb(other, i))).ct_eq(&0)
    }
}

impl subtle::ConstantTimeGreater for Uint {
    /// Both have the same width.
    fn ct_gt(&self, other: &Uint) -> Choice {
        other.duplicate().sub_assign(self)
    }
}

impl ConstantTimeLess for Uint {}
