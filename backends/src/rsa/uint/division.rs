//! Division and greatest common divisor, bit by bit: slow, constant time, and only needed once in the life of a key.

use super::{LIMB_BITS, Uint, limbs};
use subtle::{Choice, ConstantTimeLess};

impl Uint {
    /// The quotient and the remainder by `divisor`, which is not zero.
    /// The quotient is as wide as `self`, the remainder as wide as `divisor`.
    pub(crate) fn div_rem(&self, divisor: &Uint) -> (Uint, Uint) {
        let mut quotient = Uint::zero(self.width());
        let mut remainder = Uint::zero(divisor.width());
        let mut reduced = Uint::zero(divisor.width());
        for i in (0..self.width() * LIMB_BITS).rev() {
            let overflow = limbs::double(&mut remainder.0, u64::from(self.bit(i).unwrap_u8()));
            reduced.0.copy_from_slice(&remainder.0);
            let fits = Choice::from(overflow as u8) | !reduced.sub_assign(divisor);
            remainder.assign_if(&reduced, fits);
            quotient.0[i / LIMB_BITS] |= u64::from(fits.unwrap_u8()) << (i % LIMB_BITS);
        }
        (quotient, remainder)
    }

    /// The remainder by `divisor`, which is not zero.
    pub(crate) fn rem(&self, divisor: &Uint) -> Uint {
        self.div_rem(divisor).1
    }
}

/// The greatest common divisor of two numbers of the same width that are not both zero, by the binary algorithm (Knuth,
/// TAOCP volume 2, section 4.5.2, algorithm B) with every branch turned into a selection.
pub(crate) fn gcd(a: &Uint, b: &Uint) -> Uint {
    let (width, bits) = (a.width(), a.width() * LIMB_BITS);
    let (mut a, mut b) = (a.duplicate(), b.duplicate());
    let mut twos = Uint::small(1, width);
    for _ in 0..bits {
        let both_even = !(a.is_odd() | b.is_odd());
        a.halve_if(both_even);
        b.halve_if(both_even);
        let mut doubled = twos.duplicate();
        limbs::double(&mut doubled.0, 0);
        twos.assign_if(&doubled, both_even);
    }
    let b_even = !b.is_odd();
    a.swap_if(&mut b, b_even);
    // b stays odd. Each turn makes a smaller by at least a bit, or both numbers together when they change places.
    for _ in 0..2 * bits {
        let odd = a.is_odd();
        let less = a.ct_lt(&b);
        a.swap_if(&mut b, odd & less);
        let mut difference = a.duplicate();
        difference.sub_assign(&b);
        a.assign_if(&difference, odd);
        a.halve();
    }
    b.mul(&twos).resized(width)
}
