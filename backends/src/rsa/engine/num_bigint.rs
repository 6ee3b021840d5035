//! num-bigint for what is public and needs a division. It neither runs in constant time nor wipes its memory.

use crate::rsa::uint::Uint;
use num_bigint::BigUint;

/// `1/x mod n`; none when they have a common divisor.
pub(super) fn inverse(n: &Uint, x: &Uint) -> Option<Uint> {
    let inverse = big(x).modinv(&big(n))?;
    let mut uint = Uint::zero(n.width());
    for (limb, digit) in uint.limbs_mut().iter_mut().zip(inverse.iter_u64_digits()) {
        *limb = digit;
    }
    Some(uint)
}

fn big(x: &Uint) -> BigUint {
    let halves = x.limbs().iter().flat_map(|&limb| [limb as u32, (limb >> 32) as u32]);
    BigUint::new(halves.collect())
}
