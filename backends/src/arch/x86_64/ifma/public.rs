//! The modulus of a key, which has all lanes to itself.

use super::digits::{DIGIT_BITS, Digits, Layout};
use super::kernel;
use super::modulus::Modulus;
use super::{Ifma, SPARE_BITS, max_bits, residue};
use crate::rsa::{E, Montgomery, PublicModulus, Uint};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A modulus, prepared.
pub(crate) struct IfmaPublicModulus {
    n: Uint,
    modulus: Box<Modulus>,
}

/// What is multiplied with what, wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
struct Operands {
    product: Digits,
    factor: Digits,
}

impl IfmaPublicModulus {
    /// Prepares a modulus; none when the kernel has no room for it.
    pub(crate) fn new(cpu: Ifma, n: &Montgomery) -> Option<IfmaPublicModulus> {
        if n.bits() > max_bits(1) {
            return None;
        }
        let layout = Layout::new(1, (n.bits() + SPARE_BITS).div_ceil(DIGIT_BITS));
        let modulus = Modulus::new(cpu, &[n.modulus()], n.bits(), layout);
        Some(IfmaPublicModulus { n: n.modulus().duplicate(), modulus })
    }

    /// # Panics
    /// When `x` is not as wide as the modulus.
    fn load(&self, digits: &mut Digits, x: &Uint) {
        assert_eq!(x.width(), self.n.width());
        digits.load(&[x], self.modulus.layout());
    }

    /// What becomes of `x`, as `product`.
    fn compute(&self, x: &Uint, work: impl FnOnce(&mut Operands)) -> Uint {
        // Where they will be: a move would leave a copy behind.
        let mut operands = Box::new(Operands { product: Digits::ZERO, factor: Digits::ZERO });
        self.load(&mut operands.product, x);
        work(&mut operands);
        residue(&operands.product, 0, &self.n, self.modulus.layout())
    }
}

impl PublicModulus for IfmaPublicModulus {
    /// e is 2^16 + 1: sixteen squares in Montgomery form. The last factor is plain, which makes the result so: it is below 3 n, as all products
    /// are.
    fn pow_e(&self, base: &Uint) -> Uint {
        const { assert!(E == (1 << 16) + 1) };
        self.compute(base, |Operands { product, factor }| {
            factor.copy(product);
            kernel::multiply(product, &self.modulus.r2, &self.modulus);
            for _ in 0..16 {
                kernel::square(product, &self.modulus);
            }
            kernel::multiply(product, factor, &self.modulus);
        })
    }

    fn enter(&self, x: &Uint) -> Uint {
        self.compute(x, |operands| kernel::multiply(&mut operands.product, &self.modulus.r2, &self.modulus))
    }

    fn mul_entered(&self, a: &Uint, b: &Uint) -> Uint {
        self.compute(a, |Operands { product, factor }| {
            self.load(factor, b);
            kernel::multiply(product, factor, &self.modulus);
        })
    }

    fn square_entered(&self, a: &Uint) -> Uint {
        self.compute(a, |operands| kernel::square(&mut operands.product, &self.modulus))
    }
}
