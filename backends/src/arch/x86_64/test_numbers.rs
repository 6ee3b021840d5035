//! Numbers for the tests of RSA's kernels.

use crate::rsa::tests::numbers::number;
use crate::rsa::{Montgomery, Portable, Uint};
use num_bigint::BigUint;
use rand::RngExt;
use rand::rngs::StdRng;

/// A number up to `bound`, often the bound or a step from it.
pub(super) fn up_to(random: &mut StdRng, bound: &BigUint) -> BigUint {
    match random.random_range(0..6) {
        0 => bound.clone(),
        1 => bound - 1u8,
        _ => number(random, bound.bits() as usize) % (bound + 1u8),
    }
}

/// A number below 2^bits, as wide as one of `bits` bits.
pub(super) fn uint(x: &BigUint, bits: usize) -> Uint {
    assert!(x.bits() <= bits as u64);
    Uint::from_be_bytes(&x.to_bytes_be(), bits.div_ceil(64))
}

/// A modulus, prepared for portable arithmetic.
pub(super) fn montgomery(n: &BigUint) -> Montgomery {
    let bits = n.bits() as usize;
    Montgomery::new(&Portable, uint(n, bits), bits)
}
