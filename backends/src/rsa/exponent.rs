//! The one public exponent, e = 65537 = 2^16 + 1, and inverses of it, which private exponents are.
//!
//! Since e is a prime of one word, its inverse modulo a secret m needs no extended Euclid: with k = -1/m mod e, the
//! number 1 + k m is a multiple of e, and (1 + k m) / e is the inverse. Both steps take constant time.

use super::uint::{Uint, inverse_of_limb, mask};
use subtle::ConstantTimeEq;

/// The public exponent.
pub(crate) const E: u32 = 65537;

const E64: u64 = E as u64;

/// 1/e mod `m`, as wide as `m`; none when e divides `m`.
pub(crate) fn inverse_mod(m: &Uint) -> Option<Uint> {
    let residue = residue(m);
    if bool::from(residue.ct_eq(&0)) {
        return None;
    }
    let k = E64 - inverse_of_word(residue);
    let mut multiple = m.resized(m.width() + 1).mul_small(k);
    multiple.add_assign(&Uint::small(1, m.width() + 1));
    Some(divide_exactly(&multiple).resized(m.width()))
}

/// `x` mod e. As 2^64 = 1 mod e, limbs just add up.
pub(crate) fn residue(x: &Uint) -> u64 {
    reduce(x.limbs().iter().map(|&limb| reduce(limb)).sum())
}

/// `x` mod e. As 2^16 = -1 mod e, the residue is the alternating sum of the 16-bit digits.
fn reduce(x: u64) -> u64 {
    let digit = |x: u64, i: u32| x >> (16 * i) & 0xffff;
    let fold = |x: u64| digit(x, 0) + digit(x, 2) + 2 * E64 - digit(x, 1) - digit(x, 3);
    // Twice leaves a number from 2e - 7 to 3e - 1, the residue plus e or 2e.
    let residue_or_more = fold(fold(x)) - E64;
    let less = residue_or_more.wrapping_sub(E64);
    less.wrapping_add(E64 & mask(less >> 63))
}

/// 1/x mod e for x < e, by Fermat: x^(e-2) = x^(2^16 - 1). 0 gives 0.
fn inverse_of_word(x: u64) -> u64 {
    (0..15).fold(x, |power, _| reduce(reduce(power * power) * x))
}

/// `x` / e for a multiple `x` of e, from the least significant limb up (Jebelean 1993).
fn divide_exactly(x: &Uint) -> Uint {
    let inverse = inverse_of_limb(E64);
    let mut quotient = Uint::zero(x.width());
    let mut carry = 0;
    for (q, &limb) in quotient.limbs_mut().iter_mut().zip(x.limbs()) {
        let (rest, borrow) = limb.overflowing_sub(carry);
        *q = rest.wrapping_mul(inverse);
        carry = ((u128::from(*q) * u128::from(E64)) >> 64) as u64 + u64::from(borrow);
    }
    quotient
}
