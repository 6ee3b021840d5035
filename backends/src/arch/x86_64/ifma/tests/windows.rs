//! Windows of exponents, side by side and in turns, against single operations; and powers of numbers in turns.

use super::{cpu, digits, layouts, value};
use crate::arch::x86_64::ifma::digits::{DIGIT_BITS, Digits, Layout};
use crate::arch::x86_64::ifma::fill_table;
use crate::arch::x86_64::ifma::kernel::{self, WINDOW_IN_TURNS, Window, Workspace};
use crate::arch::x86_64::ifma::modulus::Modulus;
use crate::arch::x86_64::ifma::turns::Turns;
use crate::arch::x86_64::test_numbers::{montgomery, uint, up_to};
use crate::arch::x86_64::windows::WINDOW;
use crate::rsa::tests::numbers::{big, modulus, number};
use crate::rsa::{Powers, Uint};
use num_bigint::BigUint;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// A number of at most so many bits: any, or one that makes results of which whole lanes are zero, so that carries run through them.
fn any_or_sparse(random: &mut StdRng, bits: usize) -> BigUint {
    if random.random_range(0..4) == 0 {
        number(random, bits)
    } else {
        BigUint::from(1u8) << random.random_range(0..bits)
    }
}

/// A modulus for each number of a layout, of all bits it has room for.
fn any_or_sparse_moduli(random: &mut StdRng, layout: Layout) -> Vec<Uint> {
    let bits = layout.digits() * DIGIT_BITS - 4;
    let n = |_| any_or_sparse(random, bits - 1) | BigUint::from(1u8) | BigUint::from(1u8) << (bits - 1);
    (0..layout.numbers()).map(n).map(|n| uint(&n, bits)).collect()
}

/// A table of `count` numbers, and a power, for each number of a layout.
fn fill(workspace: &mut Workspace, random: &mut StdRng, count: usize, layout: Layout) {
    let bits = layout.digits() * DIGIT_BITS - 4;
    let mut any = || digits(&(0..layout.numbers()).map(|_| any_or_sparse(random, bits)).collect::<Vec<_>>(), layout);
    (0..count).for_each(|i| workspace.table.put(i, &any(), layout));
    workspace.power.copy(&any());
}

fn copy(to: &mut Workspace, from: &Workspace, count: usize, layout: Layout) {
    to.power.copy(&from.power);
    for i in 0..count {
        let mut entry = Digits::ZERO;
        from.table.take(i, &mut entry, layout);
        to.table.put(i, &entry, layout);
    }
}

/// What a window of so many bits does to the power, by single squares and a single product.
fn step(workspace: &mut Workspace, bits: usize, window: impl Fn(usize) -> u8, modulus: &Modulus) {
    let layout = modulus.layout();
    let entry = |i: usize| {
        let mut entry = Digits::ZERO;
        workspace.table.take(window(i).into(), &mut entry, layout);
        value(&entry, i, layout)
    };
    let factor = digits(&(0..layout.numbers()).map(entry).collect::<Vec<_>>(), layout);
    (0..bits).for_each(|_| kernel::square(&mut workspace.power, modulus));
    kernel::multiply(&mut workspace.power, &factor, modulus);
}

/// All digits are those of single operations.
#[test]
fn windows_are_squares_and_a_product() {
    let Some(cpu) = cpu() else { return };
    let mut random = StdRng::seed_from_u64(11);
    for (layout, round) in layouts().flat_map(|layout| (0..20).map(move |round| (layout, round))) {
        let mut modulus = Modulus::unprepared(cpu, layout);
        let moduli = any_or_sparse_moduli(&mut random, layout);
        modulus.prepare(&moduli.iter().collect::<Vec<_>>(), layout.digits() * DIGIT_BITS - 4);
        let mut together = Box::new(Workspace::ZERO);
        fill(&mut together, &mut random, 1 << WINDOW, layout);
        let mut single = Box::new(Workspace::ZERO);
        copy(&mut single, &together, 1 << WINDOW, layout);
        let mut of_each = [0; 2];
        let mut window = || {
            of_each[..layout.numbers()].fill_with(|| random.random_range(0..1 << WINDOW));
            [of_each[0], of_each[layout.numbers() - 1]]
        };
        let windows: Vec<Window> = (0..4).map(|_| window()).collect();
        for slice in windows.chunks(1 + round % 3) {
            kernel::go_on(&mut together, slice, &modulus);
        }
        for window in &windows {
            step(&mut single, WINDOW, |i| window[i], &modulus);
        }
        for i in 0..layout.numbers() {
            assert_eq!(value(&together.power, i, layout), value(&single.power, i, layout), "{layout:?}, number {i}");
        }
    }
}

/// All digits of what numbers in turns become, and of their tables, are those of single operations.
#[test]
fn numbers_in_turns_become_what_each_becomes_by_itself() {
    let Some(cpu) = cpu() else { return };
    let mut random = StdRng::seed_from_u64(9);
    let layouts = || layouts().filter(|layout| layout.takes_turns());
    assert_eq!(layouts().map(Layout::digits).collect::<Vec<_>>(), (29..=40).collect::<Vec<_>>());
    for (layout, round) in layouts().flat_map(|layout| (0..40).map(move |round| (layout, round))) {
        let moduli = Box::new([0, 1].map(|_| {
            let mut modulus = Modulus::unprepared(cpu, layout);
            let n = any_or_sparse_moduli(&mut random, layout);
            modulus.prepare(&[&n[0]], layout.digits() * DIGIT_BITS - 4);
            modulus
        }));
        let mut both = Box::new([Workspace::ZERO, Workspace::ZERO]);
        both.iter_mut().for_each(|workspace| fill(workspace, &mut random, 1 << WINDOW_IN_TURNS, layout));
        let mut single = Box::new([Workspace::ZERO, Workspace::ZERO]);
        (0..2).for_each(|i| copy(&mut single[i], &both[i], 1 << WINDOW_IN_TURNS, layout));
        let mut window = || [0, 1].map(|_| random.random_range(0..1 << WINDOW_IN_TURNS));
        let (first, windows) = (window(), (0..6).map(|_| window()).collect::<Vec<_>>());
        for slice in windows.chunks(1 + round % 3) {
            kernel::go_on_in_turns(&mut both, slice, &moduli);
        }
        for i in 0..2 {
            let (single, modulus) = (&mut single[i], &moduli[i]);
            windows.iter().for_each(|window| step(single, WINDOW_IN_TURNS, |_| window[i], modulus));
            assert_eq!(value(&both[i].power, 0, layout), value(&single.power, 0, layout), "{layout:?}, number {i}");
        }
        kernel::begin_in_turns(&mut both, &first, &moduli);
        for i in 0..2 {
            let (single, modulus) = (&mut single[i], &moduli[i]);
            fill_table(single, 1 << WINDOW_IN_TURNS, modulus);
            for place in 0..1 << WINDOW_IN_TURNS {
                let [mut together, mut alone] = [Digits::ZERO, Digits::ZERO];
                both[i].table.take(place, &mut together, layout);
                single.table.take(place, &mut alone, layout);
                let [together, alone] = [together, alone].map(|digits| value(&digits, 0, layout));
                assert_eq!(together, alone, "{layout:?}, number {i}, entry {place}");
                if place == usize::from(first[i]) {
                    assert_eq!(value(&both[i].power, 0, layout), alone, "{layout:?}, number {i}");
                }
            }
        }
    }
}

#[test]
fn powers_in_turns() {
    let Some(cpu) = cpu() else { return };
    let mut random = StdRng::seed_from_u64(10);
    for bits in [1453, 1536, 1661, 1976, 2048, 2076] {
        let moduli = [modulus(&mut random, bits), modulus(&mut random, bits)];
        let turns = Turns::new(cpu, moduli.iter().map(montgomery).collect());
        let bases = moduli.each_ref().map(|n| up_to(&mut random, &(n - 1u8)));
        // Of different widths.
        let exponents = [number(&mut random, bits), number(&mut random, 64)];
        let powers =
            turns.pow(&bases.each_ref().map(|x| uint(x, bits)), &[uint(&exponents[0], bits), uint(&exponents[1], 64)]);
        for i in 0..2 {
            assert_eq!(big(&powers[i]), bases[i].modpow(&exponents[i], &moduli[i]), "number {i} of {bits} bits");
        }
    }
}
