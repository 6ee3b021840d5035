//! The default engine, in Rust alone. Secrets: our own Montgomery exponentiation. What is public: num-bigint, which
//! neither runs in constant time (its `modpow` picks table entries by bits of the exponent) nor wipes its memory.

use super::{Engine, montgomery};
use crate::rsa::exponent::E;
use crate::rsa::uint::{Montgomery, Uint};
use num_bigint::BigUint;
use sealwire_traits::Unavailable;

#[derive(Debug)]
struct NumBigint;

pub(super) fn load() -> Result<&'static dyn Engine, Unavailable> {
    Ok(&NumBigint)
}

impl Engine for NumBigint {
    fn pow(&self, modulus: &Montgomery, base: &Uint, exponent: &Uint) -> Uint {
        montgomery::pow(modulus, base, exponent)
    }

    fn pow_e(&self, n: &Montgomery, base: &Uint) -> Uint {
        n.pow_public(base, E)
    }

    fn public_pow_e(&self, n: &Uint, base: &Uint) -> Uint {
        public_uint(&public_big(base).modpow(&BigUint::from(E), &public_big(n)), n.width())
    }

    fn public_inverse(&self, n: &Uint, x: &Uint) -> Option<Uint> {
        let inverse = public_big(x).modinv(&public_big(n))?;
        Some(public_uint(&inverse, n.width()))
    }
}

/// Hands a number that anybody may see to num-bigint.
fn public_big(x: &Uint) -> BigUint {
    let halves = x.limbs().iter().flat_map(|&limb| [limb as u32, (limb >> 32) as u32]);
    BigUint::new(halves.collect())
}

fn public_uint(x: &BigUint, width: usize) -> Uint {
    let mut uint = Uint::zero(width);
    for (limb, digit) in uint.limbs_mut().iter_mut().zip(x.iter_u64_digits()) {
        *limb = digit;
    }
    uint
}
