//! Arithmetic and powers modulo odd numbers, on every engine, against num-bigint.

use super::{Seeded, big, engines, from_limbs, limb, limbs, uint};
use crate::rsa::engine::Engine;
use crate::rsa::uint::{Montgomery, Uint};
use num_bigint::BigUint;
use proptest::prelude::*;

/// An odd modulus above 1 and two numbers below it, extreme ones among them.
fn modulus_and_residues(widths: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = (BigUint, BigUint, BigUint)> {
    let residue = || (limb(), 0u8..4);
    (limbs(widths), residue(), residue()).prop_map(|(m, a, b)| {
        let m = (big(&from_limbs(&m)) | BigUint::from(1u8)).max(BigUint::from(3u8));
        let residue = |(seed, kind)| match kind {
            0 => BigUint::from(seed) % &m,
            1 => &m - 1u8,
            // Ones in every place.
            2 => (BigUint::from(1u8) << (m.bits() - 1)) - 1u8,
            _ => BigUint::from(seed).modpow(&BigUint::from(9u8), &m),
        };
        (m.clone(), residue(a), residue(b))
    })
}

/// The modulus prepared, and the numbers in its width.
fn prepare(engine: &'static dyn Engine, (m, a, b): &(BigUint, BigUint, BigUint)) -> (Montgomery, Uint, Uint) {
    let (bits, width) = (m.bits() as usize, m.bits().div_ceil(64) as usize);
    (Montgomery::new(engine.arithmetic(), uint(m, width), bits), uint(a, width), uint(b, width))
}

fn check_pow(engine: &dyn Engine, m: &Montgomery, base: &Uint, exponent: &Uint) -> Result<(), TestCaseError> {
    let expected = big(base).modpow(&big(exponent), &big(m.modulus()));
    prop_assert_eq!(big(&engine.pow(m, base, exponent)), expected, "{:?}", engine);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn modular_arithmetic(numbers in modulus_and_residues(1..=9)) {
        for engine in engines() {
            let (m, a, b) = prepare(engine, &numbers);
            let n = big(m.modulus());
            prop_assert_eq!(big(&m.leave(&m.enter(&a))), big(&a));
            prop_assert_eq!(big(&m.mul_entered(&a, &m.enter(&b))), big(&a) * big(&b) % &n);
            prop_assert_eq!(big(&m.sub_mod(&a, &b)), (&n + big(&a) - big(&b)) % &n);
            let mut square = m.enter(&a);
            m.square_assign(&mut square, &mut m.scratch());
            prop_assert_eq!(big(&m.leave(&square)), big(&a) * big(&a) % &n);
            prop_assert_eq!(big(&m.reduce(&a.mul(&b))), big(&a) * big(&b) % &n);
            let ones = |width: usize| from_limbs(&vec![u64::MAX; width]);
            let widths = [1, m.width(), m.width() + 1, 2 * m.width(), 2 * m.width() + 1, 3 * m.width()];
            let others = [ones(3 * m.width()).mul(m.modulus()), m.modulus().duplicate(), Uint::zero(1)];
            for x in widths.map(ones).into_iter().chain(others) {
                prop_assert_eq!(big(&m.reduce(&x)), big(&x) % &n);
            }
            let minus_one = m.enter(&m.modulus().minus_small(1));
            prop_assert!(bool::from(m.is_minus_one(&minus_one)));
            prop_assert_eq!(bool::from(m.is_minus_one(&m.enter(&a))), big(&a) + 1u8 == n);
        }
    }

    #[test]
    fn powers(numbers in modulus_and_residues(1..=5), exponent in limbs(1..=3)) {
        for engine in engines() {
            let (m, base, _) = prepare(engine, &numbers);
            check_pow(engine, &m, &base, &from_limbs(&exponent))?;
        }
    }

    #[test]
    fn public_powers(numbers in modulus_and_residues(1..=5)) {
        for engine in engines() {
            let (m, base, _) = prepare(engine, &numbers);
            let expected = big(&base).modpow(&BigUint::from(65537u32), &big(m.modulus()));
            prop_assert_eq!(&big(&engine.pow_e(&m, &base)), &expected, "{:?}", engine);
            prop_assert_eq!(&big(&engine.public_pow_e(&m, &base)), &expected, "{:?}", engine);
        }
    }

    #[test]
    fn public_inverses(numbers in modulus_and_residues(1..=5)) {
        for engine in engines() {
            let (m, x, _) = prepare(engine, &numbers);
            let expected = big(&x).modinv(&big(m.modulus()));
            let inverse = engine.public_inverse(m.modulus(), &x).map(|inverse| big(&inverse));
            prop_assert_eq!(&inverse, &expected, "{:?}", engine);
        }
    }
}

#[test]
fn powers_of_random_numbers_at_every_edge_of_the_exponent() {
    let random = Seeded::new(2);
    let mut n = Uint::random_bits(512, 8, &random).expect("random");
    n.limbs_mut()[0] |= 1;
    n.limbs_mut()[7] |= 1 << 63;
    let base = Uint::random_below(&n, 512, &random).expect("random");
    for engine in engines() {
        let m = Montgomery::new(engine.arithmetic(), n.duplicate(), 512);
        for bit in 0..512 {
            let edge = Uint::power_of_two(bit, 8);
            for exponent in [edge.duplicate(), edge.minus_small(1)] {
                check_pow(engine, &m, &base, &exponent).expect("the power of num-bigint");
            }
        }
    }
}
