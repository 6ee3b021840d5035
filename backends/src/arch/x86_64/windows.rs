//! Exponents as the kernels of RSA take them: windows of five bits, side by side.

use crate::rsa::{LIMB_BITS, Uint};
use zeroize::Zeroizing;

/// Bits of the exponents taken at a step, of most numbers.
pub(super) const WINDOW: usize = 5;

/// The windows of `bits` bits, eight at most, of one exponent or two, most significant first, each in the lanes of its number. The exponents may have
/// different widths.
pub(super) fn windows<const LANES: usize>(
    exponents: &[&Uint],
    bits: usize,
    number_of: impl Fn(usize) -> usize,
) -> Zeroizing<Vec<[u8; LANES]>> {
    let (first, last) = (exponents[0], exponents[exponents.len() - 1]);
    let count = (first.width().max(last.width()) * LIMB_BITS).div_ceil(bits);
    let window = |exponent: &Uint, i: usize| exponent.bits_from(i * bits) as u8 & (u8::MAX >> (8 - bits));
    let lanes = |i: usize| {
        let of_numbers = [window(first, i), window(last, i)];
        std::array::from_fn(|lane| of_numbers[number_of(lane)])
    };
    Zeroizing::new((0..count).rev().map(lanes).collect())
}
