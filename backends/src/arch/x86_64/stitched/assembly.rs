//! A step for vectors of two blocks, in assembly.
#![allow(unsafe_code)]

use super::super::cpu::Vaes;
use super::super::ghash::{Halves, Unreduced};
use super::super::tables::CYCLE;
use super::super::vector::{Vector, Ymm};
use super::super::wipe::wipe;
use super::{CHAINS, Counters, GROUPS, Hash};
use crate::aes::schedule::MAX_ROUND_KEYS;
use core::arch::asm;
use sealwire_traits::{BLOCK_LEN, Block};

/// What a step after the first carries.
static NOTHING: [Block; Ymm::BLOCKS] = [[0; BLOCK_LEN]; Ymm::BLOCKS];

/// The states after the first round. The last step has another base for its end.
macro_rules! first_round {
    () => {
        "cmp {left}, 1; cmove {end}, {last}
        vmovdqu {k}, [{base}]; vmovdqu {a}, [{end}]
        vpxor {x0}, {k}, [{entries}]; vpxor {x1}, {k}, [{entries} + 32]
        vpxor {x2}, {k}, [{entries} + 64]; vpxor {x3}, {k}, [{entries} + 96]
        vpxor {x4}, {k}, [{entries} + 128]; vpxor {x5}, {k}, [{entries} + 160]
        vpxor {x6}, {k}, [{entries} + 192]; vpxor {x7}, {a}, [{entries} + 224]"
    };
}

/// One round of all chains.
macro_rules! round {
    ($n:tt) => {
        concat!(
            "vbroadcasti128 {k}, [{keys} + 16 * ", $n, "]
            vaesenc {x0}, {x0}, {k}; vaesenc {x1}, {x1}, {k}; vaesenc {x2}, {x2}, {k}; vaesenc {x3}, {x3}, {k}
            vaesenc {x4}, {x4}, {k}; vaesenc {x5}, {x5}, {k}; vaesenc {x6}, {x6}, {k}; vaesenc {x7}, {x7}, {k}",
        )
    };
}

/// The last round: with the text added to its key, it yields the result.
macro_rules! last_round {
    ($n:tt) => {
        concat!(
            "vbroadcasti128 {k}, [{keys} + 16 * ", $n, "]
            vpxor {a}, {k}, [{text}]; vaesenclast {x0}, {x0}, {a}; vmovdqu [{text}], {x0}
            vpxor {b}, {k}, [{text} + 32]; vaesenclast {x1}, {x1}, {b}; vmovdqu [{text} + 32], {x1}
            vpxor {c}, {k}, [{text} + 64]; vaesenclast {x2}, {x2}, {c}; vmovdqu [{text} + 64], {x2}
            vpxor {d}, {k}, [{text} + 96]; vaesenclast {x3}, {x3}, {d}; vmovdqu [{text} + 96], {x3}
            vpxor {a}, {k}, [{text} + 128]; vaesenclast {x4}, {x4}, {a}; vmovdqu [{text} + 128], {x4}
            vpxor {b}, {k}, [{text} + 160]; vaesenclast {x5}, {x5}, {b}; vmovdqu [{text} + 160], {x5}
            vpxor {c}, {k}, [{text} + 192]; vaesenclast {x6}, {x6}, {c}; vmovdqu [{text} + 192], {x6}
            vpxor {d}, {k}, [{text} + 224]; vaesenclast {x7}, {x7}, {d}; vmovdqu [{text} + 224], {x7}",
        )
    };
}

/// The blocks of a group as [`Halves`]: low in `a`, high in `b`, both in `c`.
macro_rules! group {
    ($i:tt) => {
        concat!(
            "vmovdqu {a}, [{text} - 256 * {lag} + 64 * ", $i, "]
            vmovdqu {b}, [{text} - 256 * {lag} + 64 * ", $i, " + 32]
            vpshufb {a}, {a}, [{order}]
            vpshufb {c}, {b}, [{order}]
            ", carry!($i), "
            vpunpckhqdq {b}, {a}, {c}
            vpunpcklqdq {a}, {a}, {c}
            vpxor {c}, {a}, {b}",
        )
    };
}

/// The first block carries the hash of what was before, and those of the steps after it nothing.
macro_rules! carry {
    (0) => { "vpxor {a}, {a}, [{carry}]; mov {carry}, {nothing}" };
    ($i:tt) => { "" };
}

macro_rules! low {
    ($i:tt) => { products!("{low}", "{a}", $i, 0) };
}

macro_rules! high {
    ($i:tt) => { products!("{high}", "{b}", $i, 32) };
}

macro_rules! both {
    ($i:tt) => { products!("{middle}", "{c}", $i, 64) };
}

/// The products of `$x` and the powers at `$at` of a group, added to `$sum`. In pairs: a single multiplication costs time.
macro_rules! products {
    ($sum:tt, $x:tt, $i:tt, $at:tt) => {
        concat!(
            "vpclmulqdq {d}, ", $x, ", [{powers} + 96 * ", $i, " + ", $at, "], 0x11
            vpclmulqdq ", $x, ", ", $x, ", [{powers} + 96 * ", $i, " + ", $at, "], 0x00
            vpxor ", $sum, ", ", $sum, ", {d}
            vpxor ", $sum, ", ", $sum, ", ", $x,
        )
    };
}

/// To the next step.
macro_rules! next {
    () => {
        "add {text}, 256; add {entries}, 256; add {powers}, 96 * 4
        dec {left}
        jnz 2b"
    };
}

/// [`Stitched::steps`](super::Stitched::steps).
#[inline]
#[target_feature(enable = "avx2,vaes,vpclmulqdq")]
pub(super) fn steps<const ROUNDS: usize, const LAG: usize>(
    cpu: Vaes,
    round_keys: &[Block; MAX_ROUND_KEYS],
    Counters { base, last, entries }: Counters<'_, Ymm>,
    blocks: &mut [Block],
    hash: Hash<'_, Ymm>,
) -> Unreduced<Ymm> {
    const STEP: usize = CHAINS * Ymm::BLOCKS;
    let steps = entries.len() / STEP;
    assert!(0 < steps && steps <= CYCLE / STEP);
    assert!(blocks.len() >= (steps + LAG) * STEP && hash.powers.len() >= steps * GROUPS * Halves::<Ymm>::BLOCKS);
    let mut secrets = [[0; BLOCK_LEN]; 3 * Ymm::BLOCKS];
    for (x, place) in [base, last, hash.carry].into_iter().zip(secrets.chunks_exact_mut(Ymm::BLOCKS)) {
        x.store(place);
    }
    let [base, last, carry] = [0, 1, 2].map(|i| &raw const secrets[i * Ymm::BLOCKS]);
    let mut sum = Unreduced::zero(cpu);
    let [low, middle, high]: [&mut Ymm; 3] = sum.parts();
    macro_rules! assemble {
        ($($lines:expr),*) => {
            // SAFETY: the function was called with the instructions proven. Text is read and written in the steps of `blocks`; read are the
            // steps of `entries`, 384 bytes of powers for each, the round keys up to `ROUNDS`, the three vectors of `secrets`, `NOTHING` and
            // `order`. The assertions above are the bounds; none of the instructions asks for alignment.
            unsafe {
                asm!(
                    "2:",
                    $($lines,)*
                    next!(),
                    text = inout(reg) blocks.as_mut_ptr().add(LAG * STEP) => _,
                    entries = inout(reg) entries.as_ptr() => _,
                    powers = inout(reg) hash.powers.as_ptr() => _,
                    left = inout(reg) steps => _,
                    base = in(reg) base, end = inout(reg) base => _, last = in(reg) last,
                    carry = inout(reg) carry => _, nothing = in(reg) &NOTHING,
                    keys = in(reg) round_keys, order = in(reg) &hash.order,
                    lag = const LAG,
                    low = inout(ymm_reg) *low.register(), middle = inout(ymm_reg) *middle.register(),
                    high = inout(ymm_reg) *high.register(),
                    k = out(ymm_reg) _, a = out(ymm_reg) _, b = out(ymm_reg) _, c = out(ymm_reg) _, d = out(ymm_reg) _,
                    x0 = out(ymm_reg) _, x1 = out(ymm_reg) _, x2 = out(ymm_reg) _, x3 = out(ymm_reg) _,
                    x4 = out(ymm_reg) _, x5 = out(ymm_reg) _, x6 = out(ymm_reg) _, x7 = out(ymm_reg) _,
                    options(nostack),
                );
            }
        };
    }
    match ROUNDS {
        10 => assemble!(
            first_round!(),
            group!(1), low!(1), round!(2), high!(1), both!(1), round!(3),
            group!(2), low!(2), round!(4), high!(2), both!(2), round!(5),
            group!(3), low!(3), round!(6), high!(3), both!(3), round!(7),
            group!(0), low!(0), round!(8), high!(0), both!(0), round!(9),
            last_round!(10)
        ),
        12 => assemble!(
            first_round!(),
            group!(1), low!(1), round!(2), high!(1), round!(3), both!(1), round!(4),
            group!(2), low!(2), round!(5), high!(2), round!(6), both!(2), round!(7),
            group!(3), low!(3), round!(8), high!(3), both!(3), round!(9),
            group!(0), low!(0), round!(10), high!(0), both!(0), round!(11),
            last_round!(12)
        ),
        _ => assemble!(
            first_round!(),
            group!(1), low!(1), round!(2), high!(1), round!(3), both!(1), round!(4),
            group!(2), low!(2), round!(5), high!(2), round!(6), both!(2), round!(7),
            group!(3), low!(3), round!(8), high!(3), round!(9), both!(3), round!(10),
            group!(0), low!(0), round!(11), high!(0), round!(12), both!(0), round!(13),
            last_round!(14)
        ),
    }
    wipe(&mut secrets);
    sum
}
