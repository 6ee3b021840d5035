//! The arithmetic of every engine, limb by limb, against num-bigint.
#![allow(clippy::print_stdout)]

use super::{Seeded, big, engines, from_limbs};
use crate::rsa::uint::{ENTRIES, Uint, inverse_of_limb};
use num_bigint::BigUint;

/// Rounds with random numbers for each pair of widths.
const ROUNDS: usize = 4;

/// 0, 1, ones in every place, the highest bit alone, and random numbers.
fn operands(width: usize, random: &Seeded) -> Vec<Uint> {
    let highest = Uint::power_of_two(64 * width - 1, width);
    let mut ones = Uint::zero(width);
    ones.limbs_mut().fill(u64::MAX);
    let mut operands = vec![Uint::zero(width), Uint::small(1, width), ones, highest];
    operands.extend((0..ROUNDS).map(|_| Uint::random_bits(64 * width, width, random).expect("random")));
    operands
}

fn power_of_two(bits: usize) -> BigUint {
    BigUint::from(1u8) << bits
}

#[test]
fn products_squares_and_differences_of_every_width() {
    let random = Seeded::new(10);
    for engine in engines() {
        let (arithmetic, mut count) = (engine.arithmetic(), 0);
        for width in 1..=64 {
            let (long, short) = (operands(width, &random), operands(width.div_ceil(3), &random));
            for a in &long {
                let mut t = vec![u64::MAX; 2 * width];
                arithmetic.square(&mut t, a.limbs());
                assert_eq!(big(&from_limbs(&t)), big(a) * big(a), "{engine:?}, {width} limbs");
                for b in long.iter().chain(&short) {
                    let mut t = vec![u64::MAX; width + b.width()];
                    arithmetic.mul(&mut t, a.limbs(), b.limbs());
                    assert_eq!(big(&from_limbs(&t)), big(a) * big(b), "{engine:?}, {width} limbs");
                    count += 1;
                }
                for b in &long {
                    let mut difference = vec![u64::MAX; width];
                    let borrow = arithmetic.sub(&mut difference, a.limbs(), b.limbs());
                    let whole = big(&from_limbs(&difference)) + big(b);
                    assert_eq!(whole, big(a) + BigUint::from(borrow) * power_of_two(64 * width), "{engine:?}");
                }
            }
        }
        println!("{engine:?}: {count} products");
    }
}

#[test]
fn reductions_of_every_width() {
    let random = Seeded::new(11);
    for engine in engines() {
        let (arithmetic, mut count) = (engine.arithmetic(), 0);
        for width in 1..=64 {
            for mut m in operands(width, &random) {
                m.limbs_mut()[0] |= 1;
                // The largest number that may come, and others.
                let largest = big(&m) * power_of_two(64 * width) - 1u8;
                let others = operands(2 * width, &random).into_iter().map(|t| big(&t) % &largest);
                for t in [largest.clone()].into_iter().chain(others) {
                    let mut limbs = super::uint(&t, 2 * width);
                    let minus_inverse = inverse_of_limb(m.limbs()[0]).wrapping_neg();
                    let carry = arithmetic.reduce(limbs.limbs_mut(), m.limbs(), minus_inverse);
                    let reduced =
                        big(&from_limbs(&limbs.limbs()[width..])) + BigUint::from(carry) * power_of_two(64 * width);
                    assert!(reduced < big(&m) * 2u8, "{engine:?}, {width} limbs");
                    assert_eq!(reduced * power_of_two(64 * width) % big(&m), t % big(&m), "{engine:?}, {width} limbs");
                    count += 1;
                }
            }
        }
        println!("{engine:?}: {count} reductions");
    }
}

#[test]
fn the_entry_that_is_gathered_is_the_one_asked_for() {
    let random = Seeded::new(12);
    for engine in engines() {
        for width in 1..=40 {
            let table = Uint::random_bits(64 * width * ENTRIES, width * ENTRIES, &random).expect("random");
            for (i, entry) in table.limbs().chunks(width).enumerate() {
                let mut out = vec![u64::MAX; width];
                engine.arithmetic().gather(&mut out, table.limbs(), i as u64);
                assert_eq!(out, entry, "{engine:?}, {width} limbs, entry {i}");
            }
        }
    }
}
