//! The kernel against its algorithm written out with num-bigint, to the last bit. Powers of all engines are compared in `rsa/tests/powers.rs`.

use super::digits::{DIGIT_BITS, Digits, MAX_HALF, MIN_HALF, VECTOR_BITS};
use super::kernel::{self, Workspace};
use super::modulus::Modulus;
use super::{Fma52, MAX_BITS, Pair};
use crate::arch::x86_64::test_numbers::{montgomery, uint, up_to};
use crate::rsa::tests::numbers::{big, modulus, number};
use crate::rsa::{Powers, Uint};
use num_bigint::{BigInt, BigUint};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::hint::black_box;
use std::panic::catch_unwind;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Bits of moduli: those of the primes of keys of 2048 to 4096 bits, those of third primes, and the edges of the number of vectors.
fn sizes() -> Vec<usize> {
    (1024..=2048).step_by(32).chain([2, 64, 256, 308, 309, 412, 413, 512, 683, 1036, 1037, 1365, MAX_BITS]).collect()
}

/// The processor's token, or nothing to test.
fn cpu() -> Option<Fma52> {
    Fma52::detect().inspect_err(|reason| eprintln!("not tested: {reason}")).ok().copied()
}

/// A pair and its moduli, of which the second is now and then a bit shorter.
fn pair(cpu: Fma52, random: &mut StdRng, bits: usize) -> (Pair, [BigUint; 2]) {
    let as_many_limbs = (bits - 1).div_ceil(64) == bits.div_ceil(64);
    let shorter = usize::from(bits > 2 && as_many_limbs && random.random_ratio(1, 4));
    let moduli = [bits, bits - shorter].map(|bits| modulus(random, bits));
    (prepared(cpu, moduli.each_ref()), moduli)
}

/// Two moduli of one width, prepared.
fn prepared(cpu: Fma52, moduli: [&BigUint; 2]) -> Pair {
    Pair::new(cpu, moduli.map(montgomery).into())
}

/// The value of number i.
fn value(digits: &Digits, i: usize, half: usize) -> BigInt {
    let digit = |k: usize| digits.0[k % half].0[2 * i + k / half];
    (0..2 * half).rev().fold(BigInt::ZERO, |value, k| (value << DIGIT_BITS) + digit(k) as i64)
}

fn digits(numbers: [&BigUint; 2], half: usize) -> Digits {
    let [first, second] = numbers.map(|x| uint(x, half * VECTOR_BITS));
    let mut digits = Digits::ZERO;
    digits.load([&first, &second], half);
    digits
}

/// The algorithm of the module's text: t / R, and a multiple of n.
fn reduce(mut t: BigUint, n: &BigUint, half: usize) -> BigUint {
    let r = BigUint::from(1u8) << VECTOR_BITS;
    let k = &r - n.modinv(&r).expect("odd");
    for _ in 1..half {
        t = (&t >> VECTOR_BITS) + (&t % &r) * ((&k * n + 1u8) >> VECTOR_BITS);
    }
    let quotient = (&t % &r) * &k % &r;
    (t + quotient * n) >> VECTOR_BITS
}

/// One product and one square of numbers up to 3 n: the value that the model has, in digits as the module's text says.
fn check_products(cpu: Fma52, random: &mut StdRng, bits: usize) {
    let (pair, moduli) = pair(cpu, random, bits);
    let a = moduli.each_ref().map(|n| up_to(random, &(n * 3u8)));
    let b = moduli.each_ref().map(|n| up_to(random, &(n * 3u8)));
    let half = pair.modulus.half();
    let (mut product, factor) = (digits(a.each_ref(), half), digits(b.each_ref(), half));
    let mut square = digits(a.each_ref(), half);
    let columns = &mut Workspace::new().columns;
    kernel::multiply(&mut product, &factor, &pair.modulus, columns);
    kernel::square(&mut square, &pair.modulus, columns);
    for (i, n) in moduli.iter().enumerate() {
        for (result, t) in [(&product, &a[i] * &b[i]), (&square, &a[i] * &a[i])] {
            let expected = reduce(t, n, half);
            assert!(expected <= n * 3u8);
            assert_eq!(value(result, i, half), expected.into(), "{} * {} mod {n}", a[i], b[i]);
            assert!(result.0.iter().flat_map(|vector| vector.0).all(|digit| digit.abs() <= (1u64 << 51) as f64));
        }
    }
}

#[test]
fn products_of_all_sizes() {
    let Some(cpu) = cpu() else { return };
    let mut random = StdRng::seed_from_u64(1);
    for bits in sizes() {
        (0..100).for_each(|_| check_products(cpu, &mut random, bits));
    }
}

#[test]
#[ignore = "a million take long"]
fn a_million_products() {
    let Some(cpu) = cpu() else { return };
    let mut random = StdRng::seed_from_u64(4);
    for _ in 0..1_000_000 {
        let bits = random.random_range(2..=MAX_BITS);
        check_products(cpu, &mut random, bits);
    }
}

/// Both numbers: `digit` in every place but the top one, which keeps them below n and above 0.
fn repeated(digit: i64, half: usize) -> Digits {
    let mut digits = Digits::ZERO;
    for vector in &mut digits.0[..half] {
        vector.0 = [digit as f64; 4];
    }
    for lane in [1, 3] {
        digits.0[half - 1].0[lane] = (1u64 << 47) as f64;
    }
    digits
}

/// The largest digits there are, of either sign, in every place: the products of a column all push it the same way.
#[test]
fn products_of_extreme_digits() {
    let Some(cpu) = cpu() else { return };
    const EXTREMES: [i64; 4] = [1 << 51, (1 << 51) - 1, 1 - (1 << 51), -(1 << 51)];
    for half in MIN_HALF..=MAX_HALF {
        let bits = half * VECTOR_BITS - 4;
        let n = (BigUint::from(1u8) << bits) - 1u8;
        let pair = prepared(cpu, [&n, &n]);
        let columns = &mut Workspace::new().columns;
        for (a, b) in EXTREMES.iter().flat_map(|a| EXTREMES.map(|b| (*a, b))) {
            let (mut product, factor) = (repeated(a, half), repeated(b, half));
            let [t, square] = [b, a].map(|x| value(&repeated(a, half), 0, half) * value(&repeated(x, half), 0, half));
            let check = |result: &Digits, t: BigInt| {
                let expected = BigInt::from(reduce(t.to_biguint().expect("not negative"), &n, half));
                assert!([0, 1].iter().all(|i| value(result, *i, half) == expected), "H = {half}, digits {a} and {b}");
            };
            kernel::multiply(&mut product, &factor, &pair.modulus, columns);
            check(&product, t);
            product = repeated(a, half);
            kernel::square(&mut product, &pair.modulus, columns);
            check(&product, square);
        }
    }
}

#[test]
fn exponents_of_different_widths_and_at_the_edges() {
    let Some(cpu) = cpu() else { return };
    let (pair, moduli) = pair(cpu, &mut StdRng::seed_from_u64(5), 256);
    let three = BigUint::from(3u8);
    let base = uint(&three, 256);
    for bit in 0..256 {
        let wide = Uint::power_of_two(bit, 4);
        let narrow = || Uint::small(bit as u64, 1);
        for exponents in [[wide.duplicate(), narrow()], [narrow(), wide.minus_small(1)]] {
            let powers = pair.pow(&[base.duplicate(), base.duplicate()], &exponents);
            for i in 0..2 {
                assert_eq!(big(&powers[i]), three.modpow(&big(&exponents[i]), &moduli[i]), "bit {bit}");
            }
        }
    }
}

#[test]
fn moduli_that_are_too_large_or_of_two_widths_are_no_pair() {
    let Some(cpu) = cpu() else { return };
    let power = |bit: usize| BigUint::from(1u8) << bit;
    for ([a, b], taken) in [
        ([MAX_BITS; 2], true),
        ([MAX_BITS + 1; 2], false),
        ([MAX_BITS, MAX_BITS + 1], false),
        ([511, 512], true),
        ([512, 513], false),
    ] {
        let moduli = || Vec::from([a, b].map(|bits| montgomery(&(power(bits - 1) + 1u8))));
        assert_eq!(Pair::takes(&moduli()), taken, "{a} and {b} bits");
        assert_eq!(catch_unwind(|| Pair::new(cpu, moduli())).is_ok(), taken, "{a} and {b} bits");
    }
}

#[test]
fn one_modulus_is_a_pair_by_itself_and_three_are_none() {
    let Some(cpu) = cpu() else { return };
    let mut random = StdRng::seed_from_u64(8);
    for bits in [2, 412, 1024, 1365, MAX_BITS] {
        let n = modulus(&mut random, bits);
        let (base, exponent) = (up_to(&mut random, &(&n - 1u8)), number(&mut random, bits));
        let powers = Pair::new(cpu, vec![montgomery(&n)]).pow(&[uint(&base, bits)], &[uint(&exponent, bits)]);
        assert_eq!(powers.iter().map(big).collect::<Vec<_>>(), [base.modpow(&exponent, &n)], "{bits} bits");
        assert!(!Pair::takes(&[&n, &n, &n].map(montgomery)));
    }
    assert!(!Pair::takes(&[montgomery(&((BigUint::from(1u8) << MAX_BITS) + 1u8))]) && !Pair::takes(&[]));
}

#[test]
fn the_kernel_gets_no_size_that_it_has_no_room_for() {
    let Some(cpu) = cpu() else { return };
    let three = Uint::small(3, 1);
    for half in [0, MIN_HALF - 1, MAX_HALF + 1] {
        assert!(catch_unwind(|| Modulus::new(cpu, [&three, &three], 2, half)).is_err(), "H = {half}");
    }
}

#[test]
fn the_rounding_mode_is_restored() {
    let Some(cpu) = cpu() else { return };
    check_products(cpu, &mut StdRng::seed_from_u64(6), 512);
    // To the nearest. Toward zero it would end with 9.
    assert_eq!((black_box(1.0f64) / black_box(10.0)).to_bits() & 0xf, 0xa);
}

#[test]
fn secrets_are_wiped() {
    fn wiped_on_drop<T: ZeroizeOnDrop>(_: &T) {}
    let zero = |digits: &Digits| digits.0.iter().flat_map(|vector| vector.0).all(|digit| digit.to_bits() == 0);
    let Some(cpu) = cpu() else { return };
    let (mut pair, _) = pair(cpu, &mut StdRng::seed_from_u64(7), 1024);
    let mut workspace = Workspace::new();
    workspace.power.copy(&pair.modulus.r2);
    workspace.table[31].copy(&pair.modulus.r2);
    kernel::square(&mut workspace.power, &pair.modulus, &mut workspace.columns);
    wiped_on_drop(&*workspace);
    wiped_on_drop(&*pair.modulus);
    workspace.zeroize();
    pair.modulus.zeroize();
    assert!(zero(&workspace.power) && zero(&workspace.table[31]));
    let modulus = &pair.modulus;
    assert!([&modulus.n, &modulus.friendly, &modulus.one, &modulus.r2].into_iter().all(zero));
    assert_eq!(modulus.inverse[0].0, [0.0; 4]);
    // What is not secret stays, and with it the kernel's idea of the sizes.
    kernel::square(&mut workspace.power, modulus, &mut workspace.columns);
    assert!(zero(&workspace.power));
}
