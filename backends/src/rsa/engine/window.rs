//! Exponentiation with nothing secret in its time or in the addresses it touches: fixed windows over Montgomery
//! multiplication (HAC, algorithm 14.82), and a table of which every entry is read at every step.

use super::powers::windows_in_slice;
use crate::rsa::uint::{ENTRIES, LIMB_BITS, Montgomery, Uint};
use sealwire_traits::{Slices, pause};

/// Bits of the exponent taken at a step.
const WINDOW: usize = ENTRIES.ilog2() as usize;

/// `base^exponent mod modulus`. The number of multiplications depends on the width of the exponent alone.
pub(super) fn raising<'a>(modulus: &'a Montgomery, base: &'a Uint, exponent: &'a Uint) -> Slices<'a, Uint> {
    Slices::new(pow(modulus, base, exponent))
}

async fn pow(modulus: &Montgomery, base: &Uint, exponent: &Uint) -> Uint {
    let mut scratch = modulus.scratch();
    let table = powers(modulus, base);
    let gather = |i, out: &mut Uint| modulus.arithmetic().gather(out.limbs_mut(), table.limbs(), window(exponent, i));
    let windows = (exponent.width() * LIMB_BITS).div_ceil(WINDOW);
    let mut power = Uint::zero(modulus.width());
    let mut factor = Uint::zero(modulus.width());
    gather(windows - 1, &mut power);
    for i in (0..windows - 1).rev() {
        for _ in 0..WINDOW {
            modulus.square_assign(&mut power, &mut scratch);
        }
        gather(i, &mut factor);
        modulus.mul_assign(&mut power, &factor, &mut scratch);
        if i > 0 && i % windows_in_slice(modulus.width()) == 0 {
            pause().await;
        }
    }
    modulus.leave(&power)
}

/// `base^0` to `base^31` in Montgomery form, one behind the other: the even ones are squares.
fn powers(modulus: &Montgomery, base: &Uint) -> Uint {
    let width = modulus.width();
    let mut scratch = modulus.scratch();
    let base = modulus.enter(base);
    let mut table = Uint::zero(width * ENTRIES);
    table.limbs_mut()[..width].copy_from_slice(modulus.one().limbs());
    table.limbs_mut()[width..2 * width].copy_from_slice(base.limbs());
    let mut power = base.duplicate();
    for i in 2..ENTRIES {
        if i % 2 == 0 {
            power.limbs_mut().copy_from_slice(&table.limbs()[i / 2 * width..][..width]);
            modulus.square_assign(&mut power, &mut scratch);
        } else {
            modulus.mul_assign(&mut power, &base, &mut scratch);
        }
        table.limbs_mut()[i * width..][..width].copy_from_slice(power.limbs());
    }
    table
}

/// Window `i` of the exponent, counted from the least significant end.
fn window(exponent: &Uint, i: usize) -> u64 {
    exponent.bits_from(i * WINDOW) & ((1 << WINDOW) - 1)
}
