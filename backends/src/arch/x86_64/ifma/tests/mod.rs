//! The kernel against its algorithm written out with num-bigint, to the last bit. Powers of all engines are compared in `rsa/tests/powers.rs`.

mod windows;

use super::digits::{DIGIT_BITS, Digits, LANES, Layout, MASK};
use super::kernel::{self, Workspace};
use super::modulus::Modulus;
use super::turns::Turns;
use super::{Ifma, Lanes, max_bits};
use crate::arch::x86_64::test_numbers::{montgomery, uint, up_to};
use crate::rsa::tests::numbers::{big, modulus, number};
use crate::rsa::{Montgomery, Powers, Uint};
use num_bigint::BigUint;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::panic::catch_unwind;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Numbers side by side, and the bits of their moduli: every number of digits, at its edges.
fn sizes() -> impl Iterator<Item = (usize, usize)> {
    let edges = |digits: usize| [digits * DIGIT_BITS - 4, digits * DIGIT_BITS - 3];
    let all = move |numbers| {
        (1..=Layout::most_digits(numbers)).flat_map(edges).filter(move |bits| *bits <= max_bits(numbers))
    };
    [1, 2].into_iter().flat_map(move |numbers| all(numbers).map(move |bits| (numbers, bits)))
}

/// The processor's token, or nothing to test.
fn cpu() -> Option<Ifma> {
    Ifma::detect().inspect_err(|reason| eprintln!("not tested: {reason}")).ok().copied()
}

/// Moduli and how they are prepared; the second is now and then a bit shorter.
fn lanes(cpu: Ifma, random: &mut StdRng, numbers: usize, bits: usize) -> (Lanes, Vec<BigUint>) {
    let as_many_limbs = (bits - 1).div_ceil(64) == bits.div_ceil(64);
    let shorter = usize::from(bits > 2 && as_many_limbs && random.random_ratio(1, 4));
    let moduli: Vec<_> = (0..numbers).map(|i| modulus(random, bits - i * shorter)).collect();
    (prepared(cpu, &moduli), moduli)
}

fn prepared(cpu: Ifma, moduli: &[BigUint]) -> Lanes {
    Lanes::new(cpu, moduli.iter().map(montgomery).collect())
}

/// The value of number i.
fn value(digits: &Digits, i: usize, layout: Layout) -> BigUint {
    let digit = |k: usize| {
        let (vector, lane) = layout.place(i, k);
        digits.0[vector].0[lane] & MASK
    };
    (0..layout.digits()).rev().fold(BigUint::ZERO, |value, k| (value << DIGIT_BITS) + digit(k))
}

fn digits(numbers: &[BigUint], layout: Layout) -> Digits {
    let numbers: Vec<Uint> = numbers.iter().map(|x| uint(x, layout.digits() * DIGIT_BITS)).collect();
    let mut digits = Digits::ZERO;
    digits.load(&numbers.iter().collect::<Vec<_>>(), layout);
    digits
}

/// The algorithm of the module's text: t / R, and a multiple of n.
fn reduce(mut t: BigUint, n: &BigUint, digits: usize) -> BigUint {
    let r = BigUint::from(1u8) << DIGIT_BITS;
    let k = &r - n.modinv(&r).unwrap_or_default();
    for _ in 1..digits {
        t = (&t >> DIGIT_BITS) + (&t % &r) * ((&k * n + 1u8) >> DIGIT_BITS);
    }
    let quotient = (&t % &r) * &k % &r;
    (t + quotient * n) >> DIGIT_BITS
}

/// One product and one square: the values that the model has, up to 3 n.
fn check(lanes: &Lanes, moduli: &[BigUint], a: &[BigUint], b: &[BigUint]) {
    let layout = lanes.modulus.layout();
    let (mut product, factor, mut square) = (digits(a, layout), digits(b, layout), digits(a, layout));
    kernel::multiply(&mut product, &factor, &lanes.modulus);
    kernel::square(&mut square, &lanes.modulus);
    for (i, n) in moduli.iter().enumerate() {
        for (result, t) in [(&product, &a[i] * &b[i]), (&square, &a[i] * &a[i])] {
            let expected = reduce(t, n, layout.digits());
            assert!(expected <= n * 3u8);
            assert_eq!(value(result, i, layout), expected, "{} * {} mod {n}", a[i], b[i]);
        }
    }
}

/// Of numbers up to 3 n.
fn check_products(cpu: Ifma, random: &mut StdRng, numbers: usize, bits: usize) {
    let (lanes, moduli) = lanes(cpu, random, numbers, bits);
    let mut factors = || moduli.iter().map(|n| up_to(random, &(n * 3u8))).collect::<Vec<_>>();
    let (a, b) = (factors(), factors());
    check(&lanes, &moduli, &a, &b);
}

#[test]
fn products_of_all_sizes() {
    let Some(cpu) = cpu() else { return };
    let mut random = StdRng::seed_from_u64(1);
    for (numbers, bits) in sizes() {
        (0..40).for_each(|_| check_products(cpu, &mut random, numbers, bits));
    }
}

#[test]
#[ignore = "a million take long"]
fn a_million_products() {
    let Some(cpu) = cpu() else { return };
    let mut random = StdRng::seed_from_u64(4);
    for _ in 0..1_000_000 {
        let numbers = random.random_range(1..=2);
        let bits = random.random_range(2..=max_bits(numbers));
        check_products(cpu, &mut random, numbers, bits);
    }
}

#[test]
fn exponents_of_different_widths_and_at_the_edges() {
    let Some(cpu) = cpu() else { return };
    for numbers in [1, 2] {
        let (lanes, moduli) = lanes(cpu, &mut StdRng::seed_from_u64(5), numbers, 256);
        let three = BigUint::from(3u8);
        for bit in 0..256 {
            let wide = Uint::power_of_two(bit, 4);
            let narrow = || Uint::small(bit as u64, 1);
            for mut exponents in [vec![wide.duplicate(), narrow()], vec![narrow(), wide.minus_small(1)]] {
                exponents.truncate(numbers);
                let bases: Vec<Uint> = moduli.iter().map(|_| uint(&three, 256)).collect();
                let powers = lanes.pow(&bases, &exponents);
                for i in 0..numbers {
                    assert_eq!(big(&powers[i]), three.modpow(&big(&exponents[i]), &moduli[i]), "bit {bit}");
                }
            }
        }
    }
}

/// All layouts there are.
fn layouts() -> impl Iterator<Item = Layout> {
    [1, 2].into_iter().flat_map(|numbers| (1..=Layout::most_digits(numbers)).map(move |k| Layout::new(numbers, k)))
}

/// The largest digits there are in every place, which make columns as full as they get.
#[test]
fn products_of_digits_that_are_all_ones() {
    let Some(cpu) = cpu() else { return };
    for layout in layouts() {
        let ones = (BigUint::from(1u8) << (layout.digits() * DIGIT_BITS - 4)) - 1u8;
        let moduli = vec![ones.clone(); layout.numbers()];
        let lanes = prepared(cpu, &moduli);
        for (a, b) in [(&ones * 3u8, &ones * 3u8), (&ones * 3u8, &ones - 1u8), (ones.clone(), ones.clone())] {
            check(&lanes, &moduli, &vec![a; layout.numbers()], &vec![b; layout.numbers()]);
        }
    }
}

/// Carries that run from any lane through all digits up to any other lane. With n = 1 + 2^47 R / 2^52 and b = 3 R / 2^52 the result is the
/// digits of a but the lowest, three times each, and one more if the lowest was not zero: of (2^52 - 1) / 3 that is a digit of ones.
#[test]
fn carries_run_through_all_lanes() {
    let Some(cpu) = cpu() else { return };
    let power = |digits: usize| BigUint::from(1u8) << (digits * DIGIT_BITS);
    let thirds = |from: usize, to: usize| (power(to) - power(from)) / 3u8;
    for layout in layouts().filter(|layout| layout.digits() > 2) {
        let (top, numbers, vectors) = (layout.digits() - 1, layout.numbers(), layout.vectors());
        let moduli = vec![(power(top) << 47) + 1u8; numbers];
        let lanes = prepared(cpu, &moduli);
        let ends = |digit: &usize| digit % vectors < 2 || *digit == top;
        for from in (1..top).filter(ends) {
            for to in (from + 1..=top).filter(ends) {
                for a in [thirds(from, to) + power(from), thirds(1, to) + 1u8, thirds(from, to) + 1u8] {
                    check(&lanes, &moduli, &vec![a; numbers], &vec![power(top) * 3u8; numbers]);
                }
            }
        }
    }
}

#[test]
fn powers_of_all_layouts() {
    let Some(cpu) = cpu() else { return };
    let mut random = StdRng::seed_from_u64(8);
    for layout in layouts() {
        let (numbers, bits) = (layout.numbers(), layout.digits() * DIGIT_BITS - 4);
        let (lanes, moduli) = lanes(cpu, &mut random, numbers, bits);
        let bases: Vec<_> = moduli.iter().map(|n| up_to(&mut random, &(n - 1u8))).collect();
        let exponents: Vec<_> = moduli.iter().map(|_| number(&mut random, bits.min(200))).collect();
        let [a, b] = [&bases, &exponents].map(|numbers| numbers.iter().map(|x| uint(x, bits)).collect::<Vec<_>>());
        let powers: Vec<_> = lanes.pow(&a, &b).iter().map(big).collect();
        let expected = |i: usize| bases[i].modpow(&exponents[i], &moduli[i]);
        assert_eq!(powers, (0..numbers).map(expected).collect::<Vec<_>>(), "{numbers} of {bits} bits");
    }
}

#[test]
fn moduli_take_turns_that_are_too_large_for_sharing() {
    let Some(cpu) = cpu() else { return };
    for (bits, taken) in [
        (vec![max_bits(2); 2], false),
        (vec![max_bits(2) + 1; 2], true),
        (vec![40 * DIGIT_BITS - 4; 2], true),
        (vec![40 * DIGIT_BITS - 3; 2], false),
        (vec![max_bits(1) + 1; 2], false),
        (vec![1536, 1537], false),
        (vec![1536], false),
        (vec![1536; 3], false),
    ] {
        let moduli = || bits.iter().copied().map(odd).collect::<Vec<_>>();
        assert_eq!(Turns::takes(&moduli()), taken, "{bits:?}");
        assert_eq!(catch_unwind(|| Turns::new(cpu, moduli())).is_ok(), taken, "{bits:?}");
    }
}

fn odd(bits: usize) -> Montgomery {
    montgomery(&((BigUint::from(1u8) << (bits - 1)) + 1u8))
}

#[test]
fn moduli_that_are_too_large_or_too_many_or_of_two_widths_are_refused() {
    let Some(cpu) = cpu() else { return };
    for (bits, taken) in [
        (vec![max_bits(1)], true),
        (vec![max_bits(1) + 1], false),
        (vec![max_bits(2); 2], true),
        (vec![max_bits(2) + 1; 2], false),
        (vec![max_bits(2), max_bits(2) + 1], false),
        (vec![511, 512], true),
        (vec![512, 513], false),
        (vec![512; 3], false),
        (vec![], false),
    ] {
        let moduli = || bits.iter().copied().map(odd).collect::<Vec<_>>();
        assert_eq!(Lanes::takes(&moduli()), taken, "{bits:?}");
        assert_eq!(catch_unwind(|| Lanes::new(cpu, moduli())).is_ok(), taken, "{bits:?}");
    }
}

#[test]
fn the_kernel_gets_no_layout_that_it_has_no_room_for() {
    for (numbers, digits) in [(0, 1), (3, 1), (1, 0), (1, 81), (2, 0), (2, 29)] {
        assert!(catch_unwind(|| Layout::new(numbers, digits)).is_err(), "{numbers} of {digits}");
    }
    let Some(cpu) = cpu() else { return };
    let sharing = || [0, 1].map(|_| Modulus::unprepared(cpu, Layout::new(1, 28)));
    let mut workspaces = Box::new([Workspace::ZERO, Workspace::ZERO]);
    assert!(catch_unwind(move || kernel::go_on_in_turns(&mut workspaces, &[[0; 2]], &sharing())).is_err());
    let three = Uint::small(3, 1);
    assert!(catch_unwind(|| Modulus::new(cpu, &[&three, &three], 2, Layout::new(1, 1))).is_err());
}

#[test]
fn secrets_are_wiped() {
    fn wiped_on_drop<T: ZeroizeOnDrop>(_: &T) {}
    let zero = |digits: &Digits| digits.0.iter().all(|vector| vector.0 == [0; LANES]);
    let Some(cpu) = cpu() else { return };
    let (mut lanes, _) = lanes(cpu, &mut StdRng::seed_from_u64(7), 2, 1024);
    let mut workspace = Box::new(Workspace::ZERO);
    workspace.power.copy(&lanes.modulus.r2);
    workspace.table.put(31, &lanes.modulus.r2, lanes.modulus.layout());
    wiped_on_drop(&*workspace);
    wiped_on_drop(&*lanes.modulus);
    workspace.zeroize();
    let mut entry = Digits::ZERO;
    workspace.table.take(31, &mut entry, lanes.modulus.layout());
    assert!(zero(&workspace.power) && zero(&entry));
    lanes.modulus.zeroize();
    let modulus = &lanes.modulus;
    assert!([&modulus.n, &modulus.friendly, &modulus.one, &modulus.r2].into_iter().all(zero));
    assert_eq!(modulus.inverse.0, [0; LANES]);
    // What is not secret stays, and with it the kernel's idea of the sizes.
    kernel::square(&mut workspace.power, modulus);
    assert!(zero(&workspace.power));
}
