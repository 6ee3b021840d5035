//! The public power, of a modulus that has all lanes to itself.

use super::digits::{DIGIT_BITS, Digits, Layout};
use super::kernel;
use super::modulus::Modulus;
use super::{Ifma, SPARE_BITS, max_bits, residue};
use crate::rsa::{E, Montgomery, PowE, Uint};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A modulus, prepared.
pub(crate) struct PublicModulus {
    n: Uint,
    modulus: Box<Modulus>,
}

/// The base and its power, wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Operands {
    base: Digits,
    power: Digits,
}

impl PublicModulus {
    /// Prepares a modulus; none when the kernel has no room for it.
    pub(crate) fn new(cpu: Ifma, n: &Montgomery) -> Option<PublicModulus> {
        if n.bits() > max_bits(1) {
            return None;
        }
        let layout = Layout::new(1, (n.bits() + SPARE_BITS).div_ceil(DIGIT_BITS));
        let modulus = Modulus::new(cpu, &[n.modulus()], n.bits(), layout);
        Some(PublicModulus { n: n.modulus().duplicate(), modulus })
    }
}

impl PowE for PublicModulus {
    /// e is 2^16 + 1: sixteen squares in Montgomery form. The last factor is plain, which makes the result so: it is below 3 n, as all products
    /// are.
    fn pow_e(&self, base: &Uint) -> Uint {
        const { assert!(E == (1 << 16) + 1) };
        let layout = self.modulus.layout();
        // Where they will be: a move would leave a copy behind.
        let mut operands = Box::new(Operands { base: Digits::ZERO, power: Digits::ZERO });
        let Operands { base: factor, power } = &mut *operands;
        factor.load(&[base], layout);
        power.copy(factor);
        kernel::multiply(power, &self.modulus.r2, &self.modulus);
        for _ in 0..16 {
            kernel::square(power, &self.modulus);
        }
        kernel::multiply(power, factor, &self.modulus);
        residue(power, 0, &self.n, layout)
    }
}
