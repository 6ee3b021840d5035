//! Numbers to compute with, the extreme ones among them far more often than chance would have it.

use crate::rsa::uint::Uint;
use num_bigint::BigUint;
use rand::rngs::StdRng;
use rand::{Rng, RngExt};

/// 2^bits - 1.
fn ones(bits: usize) -> BigUint {
    (BigUint::from(1u8) << bits) - 1u8
}

/// Below 2^bits: random, or an extreme: runs of ones and zeros, all ones, 0, 1, one bit.
pub(crate) fn number(random: &mut StdRng, bits: usize) -> BigUint {
    match random.random_range(0..12) {
        0 => ones(bits),
        1 => BigUint::ZERO,
        2 => BigUint::from(1u8),
        3 => BigUint::from(1u8) << random.random_range(0..bits),
        4..=6 => (0..4).fold(BigUint::ZERO, |x, _| x ^ ones(random.random_range(0..=bits))),
        _ => {
            let mut bytes = vec![0u8; bits.div_ceil(8)];
            random.fill_bytes(&mut bytes);
            BigUint::from_bytes_be(&bytes) & ones(bits)
        }
    }
}

/// An odd number of exactly `bits` bits, at least 2 of them.
pub(crate) fn modulus(random: &mut StdRng, bits: usize) -> BigUint {
    number(random, bits) | BigUint::from(1u8) | BigUint::from(1u8) << (bits - 1)
}

/// A number as num-bigint has it.
pub(crate) fn big(x: &Uint) -> BigUint {
    BigUint::from_bytes_be(x.to_be_bytes(x.width() * 8).expose())
}

/// `base^exponent mod n`, with a base below n.
#[derive(Debug)]
pub(crate) struct Power {
    pub(crate) n: BigUint,
    pub(crate) base: BigUint,
    pub(crate) exponent: BigUint,
}

impl Power {
    /// Modulo an odd number of exactly `bits` bits, at least 2 of them: often a product p q, and the base p, q or a multiple of one.
    pub(crate) fn random(random: &mut StdRng, bits: usize) -> Power {
        let [p, q] = factors(random, bits);
        let n = &p * &q;
        let base = match random.random_range(0..12) {
            0 => BigUint::ZERO,
            1 => BigUint::from(1u8),
            2 => &n - 1u8,
            3 => p.clone(),
            4 => q.clone(),
            5 => &p * number(random, bits),
            6 => &q * number(random, bits),
            7 => ones(bits - 1),
            _ => number(random, bits),
        };
        let exponent = match random.random_range(0..8) {
            0 => &n - 1u8,
            1 => p,
            2 => q,
            _ => number(random, bits),
        };
        Power { base: base % &n, n, exponent }
    }

    /// The result, by num-bigint; in builds with GMP, which has to agree, by that as well.
    pub(crate) fn result(&self) -> BigUint {
        let result = self.base.modpow(&self.exponent, &self.n);
        #[cfg(feature = "gmp")]
        assert_eq!(result, by_gmp(self), "{self:?}");
        result
    }
}

/// Two odd numbers whose product has exactly `bits` bits. One in three times the second is 1, so that any odd number may be the product.
fn factors(random: &mut StdRng, bits: usize) -> [BigUint; 2] {
    if bits < 4 || random.random_range(0..3) == 0 {
        return [modulus(random, bits), BigUint::from(1u8)];
    }
    // With the two highest bits set, (3/4)^2 is above one half.
    [bits / 2, bits - bits / 2].map(|bits| modulus(random, bits) | BigUint::from(3u8) << (bits - 2))
}

#[cfg(feature = "gmp")]
fn by_gmp(power: &Power) -> BigUint {
    use rug::{Integer, integer::Order};
    let [n, base, exponent] = [&power.n, &power.base, &power.exponent]
        .map(|number| Integer::from_digits(&number.to_u64_digits(), Order::Lsf));
    let result = base.pow_mod(&exponent, &n).expect("the exponent is not negative");
    BigUint::from_bytes_be(&result.to_digits::<u8>(Order::Msf))
}
