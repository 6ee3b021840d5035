//! Numbers as the kernel has them: digits of 52 bits with a sign, as doubles, two numbers side by side.

use crate::rsa::{LIMB_BITS, Uint};
use zeroize::Zeroize;

/// Bits in a digit.
pub(super) const DIGIT_BITS: usize = 52;
/// The bits of a digit that has no sign.
pub(super) const MASK: u64 = (1 << DIGIT_BITS) - 1;
/// The most vectors in a number: H, half its digits.
pub(super) const MAX_HALF: usize = 20;
/// The fewest.
pub(super) const MIN_HALF: usize = 3;
/// Bits in a pair of digits: what one vector more makes room for.
pub(super) const VECTOR_BITS: usize = 2 * DIGIT_BITS;

/// Where integers from -2^51 to 2^51 stand side by side among the bits of doubles.
const MIDDLE: f64 = 1.5 * (1u64 << DIGIT_BITS) as f64;

/// Four lanes: digits k and k + H of the first number, then of the second.
#[derive(Zeroize)]
#[repr(C, align(32))]
pub(super) struct Vector<T = f64>(pub(super) [T; 4]);

/// Two numbers of 2 H digits each, least significant first: the sum of digit k times 2^(52 k), each digit a whole number from -2^51 to 2^51.
#[derive(Zeroize)]
#[repr(C, align(32))]
pub(super) struct Digits(pub(super) [Vector; MAX_HALF]);

impl Digits {
    /// 0 twice.
    pub(super) const ZERO: Digits = Digits([const { Vector([0.0; 4]) }; MAX_HALF]);

    /// Reads two numbers below 2^(104 half - 1).
    pub(super) fn load(&mut self, numbers: [&Uint; 2], half: usize) {
        for (i, number) in numbers.into_iter().enumerate() {
            let mut carry = 0;
            for k in 0..2 * half {
                let digit = digit(number, k) as i64 + carry;
                carry = (digit + (1 << (DIGIT_BITS - 1))) >> DIGIT_BITS;
                self.0[k % half].0[2 * i + k / half] = to_double(digit - (carry << DIGIT_BITS));
            }
        }
    }

    /// The first (0) or the second (1) number, which is not negative and fits `width` limbs.
    pub(super) fn number(&self, i: usize, half: usize, width: usize) -> Uint {
        let mut number = Uint::zero(width);
        let mut carry = 0;
        for k in 0..2 * half {
            let digit = to_integer(self.0[k % half].0[2 * i + k / half]) + carry;
            carry = digit >> DIGIT_BITS;
            let (limb, bit) = (k * DIGIT_BITS / LIMB_BITS, k * DIGIT_BITS % LIMB_BITS);
            let bits = u128::from(digit as u64 & MASK) << bit;
            for (limb, bits) in number.limbs_mut().iter_mut().skip(limb).zip([bits as u64, (bits >> LIMB_BITS) as u64])
            {
                *limb |= bits;
            }
        }
        number
    }

    /// Becomes a copy.
    pub(super) fn copy(&mut self, other: &Digits) {
        for (to, from) in self.0.iter_mut().zip(&other.0) {
            to.0 = from.0;
        }
    }
}

/// Digit k of a number, without sign; zero beyond its width.
fn digit(number: &Uint, k: usize) -> u64 {
    number.bits_from(k * DIGIT_BITS) & MASK
}

/// Conversion without an instruction that might take its time after the value.
fn to_double(digit: i64) -> f64 {
    f64::from_bits(MIDDLE.to_bits().wrapping_add_signed(digit)) - MIDDLE
}

fn to_integer(digit: f64) -> i64 {
    (digit + MIDDLE).to_bits().wrapping_sub(MIDDLE.to_bits()) as i64
}
