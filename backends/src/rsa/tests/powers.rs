//! Powers by every engine against num-bigint and, in builds with GMP, against that.
//!
//! The thorough form takes minutes:
//! `cargo test --release -p sealwire-backends --features gmp --lib -- --ignored --nocapture a_million_powers thousands_of_large_powers`
#![allow(clippy::print_stdout)]

use super::numbers::Power;
use super::{big, engines, uint};
use crate::rsa::engine::PublicModulus;
use crate::rsa::exponent::E;
use crate::rsa::uint::{Montgomery, limbs_for};
use num_bigint::BigUint;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Bits of moduli up to which the powers are so cheap that a million of them can be compared.
const SMALL: usize = 512;

/// Bits of moduli: halves and thirds of keys of 2048 to 4096 bits, and where `fma52` takes another vector (1037) or has no room (2077).
const LARGE: [usize; 8] = [683, 1024, 1037, 1365, 1536, 2048, 2076, 2077];

/// Bits of moduli of keys.
const KEYS: [usize; 4] = [2048, 2056, 3072, 4096];

/// Two powers side by side, with secret exponents.
fn check_pair(random: &mut StdRng, bits: usize) {
    let powers = [0, 1].map(|_| Power::random(random, bits));
    let expected = powers.each_ref().map(Power::result);
    let width = limbs_for(bits);
    let bases = powers.each_ref().map(|power| uint(&power.base, width));
    let exponents = powers.each_ref().map(|power| uint(&power.exponent, width));
    for engine in engines() {
        let moduli = powers.iter().map(|p| Montgomery::new(engine.arithmetic(), uint(&p.n, width), bits)).collect();
        let found = engine.powers(moduli).pow(&bases, &exponents);
        assert_eq!(found.iter().map(big).collect::<Vec<_>>(), expected, "{engine:?}: {powers:?}");
    }
}

/// One power with the public exponent.
fn check_public(random: &mut StdRng, bits: usize) {
    let power = Power { exponent: BigUint::from(E), ..Power::random(random, bits) };
    let expected = power.result();
    for engine in engines() {
        let n = Montgomery::new(engine.arithmetic(), uint(&power.n, limbs_for(bits)), bits);
        let base = uint(&power.base, n.width());
        let prepared = engine.prepare_public(&n);
        if let Some(n) = &prepared {
            check_products(&**n, &power);
        }
        let prepared = prepared.map(|prepared| prepared.pow_e(&base));
        for found in [engine.pow_e(&n, &base), engine.public_pow_e(&n, &base)].into_iter().chain(prepared) {
            assert_eq!(big(&found), expected, "{engine:?}: {power:?}");
        }
    }
}

/// The product of a base and a power, and a square.
fn check_products(n: &dyn PublicModulus, power: &Power) {
    let result = power.result();
    let [base, other, one] =
        [&power.base, &result, &BigUint::from(1u8)].map(|x| uint(x, limbs_for(power.n.bits() as usize)));
    let factor = n.enter(&other);
    assert_eq!(big(&n.mul_entered(&base, &factor)), &power.base * &result % &power.n, "{power:?}");
    let square = n.mul_entered(&one, &n.square_entered(&factor));
    assert_eq!(big(&square), &result * &result % &power.n, "{power:?}");
}

/// `count` powers up to 512 bits.
fn small_powers(count: usize) {
    let random = &mut StdRng::seed_from_u64(20);
    for _ in 0..count / 2 {
        let bits = random.random_range(2..=SMALL);
        check_pair(random, bits);
    }
    println!("{:?}: {count} powers each of 2 to {SMALL} bits", engines());
}

/// `count` powers of each larger size, and as many public ones of each size of keys.
fn large_powers(count: usize) {
    let random = &mut StdRng::seed_from_u64(21);
    for bits in LARGE {
        (0..count / 2).for_each(|_| check_pair(random, bits));
    }
    for bits in KEYS {
        (0..count).for_each(|_| check_public(random, bits));
    }
    println!("{:?}: {count} powers each of {LARGE:?} bits, {count} public ones each of {KEYS:?}", engines());
}

#[test]
fn thousands_of_small_powers() {
    small_powers(4000);
}

#[test]
fn some_large_powers() {
    large_powers(40);
}

#[test]
#[ignore = "minutes"]
fn a_million_powers() {
    small_powers(1_000_000);
}

#[test]
#[ignore = "minutes"]
fn thousands_of_large_powers() {
    large_powers(2000);
}
