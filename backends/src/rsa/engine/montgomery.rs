//! Exponentiation with nothing secret in its time or in the addresses it touches: fixed windows over Montgomery
//! multiplication (HAC, algorithm 14.82), and a table of which every entry is read at every step.

use crate::rsa::uint::{LIMB_BITS, Montgomery, Uint, mask};
use subtle::ConstantTimeEq;

/// Bits of the exponent taken at a step.
const WINDOW: usize = 5;

/// `base^exponent mod modulus`. The number of multiplications depends on the width of the exponent alone.
pub(super) fn pow(modulus: &Montgomery, base: &Uint, exponent: &Uint) -> Uint {
    let mut scratch = modulus.scratch();
    let table = powers(modulus, base);
    let windows = (exponent.width() * LIMB_BITS).div_ceil(WINDOW);
    let mut power = Uint::zero(modulus.width());
    let mut factor = Uint::zero(modulus.width());
    gather(&table, window(exponent, windows - 1), &mut power);
    for i in (0..windows - 1).rev() {
        for _ in 0..WINDOW {
            modulus.square_assign(&mut power, &mut scratch);
        }
        gather(&table, window(exponent, i), &mut factor);
        modulus.mul_assign(&mut power, &factor, &mut scratch);
    }
    modulus.leave(&power)
}

/// `base^0` to `base^31` in Montgomery form, one behind the other.
fn powers(modulus: &Montgomery, base: &Uint) -> Uint {
    let width = modulus.width();
    let mut scratch = modulus.scratch();
    let base = modulus.enter(base);
    let mut table = Uint::zero(width << WINDOW);
    let mut power = modulus.one().duplicate();
    for entry in table.limbs_mut().chunks_exact_mut(width) {
        entry.copy_from_slice(power.limbs());
        modulus.mul_assign(&mut power, &base, &mut scratch);
    }
    table
}

/// Window `i` of the exponent, counted from the least significant end; bits beyond its width are zero.
fn window(exponent: &Uint, i: usize) -> u64 {
    let (limb, bit) = (i * WINDOW / LIMB_BITS, i * WINDOW % LIMB_BITS);
    let high = exponent.limbs().get(limb + 1).copied().unwrap_or(0);
    let pair = u128::from(high) << LIMB_BITS | u128::from(exponent.limbs()[limb]);
    (pair >> bit) as u64 & ((1 << WINDOW) - 1)
}

/// `out` = entry `index` of the table. Reads the whole table, so that the cache learns nothing of the index.
fn gather(table: &Uint, index: u64, out: &mut Uint) {
    out.limbs_mut().fill(0);
    for (i, entry) in table.limbs().chunks_exact(out.width()).enumerate() {
        let mask = mask((i as u64).ct_eq(&index).unwrap_u8().into());
        for (out, limb) in out.limbs_mut().iter_mut().zip(entry) {
            *out |= limb & mask;
        }
    }
}
