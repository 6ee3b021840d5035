//! The kernels with instructions of x86-64 as engines.

use super::kernels::best_arithmetic;
use super::{Engine, OneByOne, PowPair, window};
use crate::arch::x86_64::{Fma52, Fma52Pair, Mulx};
use crate::rsa::uint::{Arithmetic, Montgomery, Uint};
use sealwire_traits::Unavailable;

pub(super) fn mulx() -> Result<&'static dyn Engine, Unavailable> {
    Mulx::detect().map(|cpu| cpu as &dyn Engine)
}

pub(super) fn fma52() -> Result<&'static dyn Engine, Unavailable> {
    Fma52::detect().map(|cpu| cpu as &dyn Engine)
}

impl Engine for Mulx {
    fn arithmetic(&'static self) -> &'static dyn Arithmetic {
        self
    }
}

impl Engine for Fma52 {
    fn arithmetic(&'static self) -> &'static dyn Arithmetic {
        best_arithmetic()
    }

    fn pair(&self, moduli: [Montgomery; 2]) -> Box<dyn PowPair> {
        let [p, q] = &moduli;
        let same_size = p.bits() == q.bits();
        match same_size.then(|| Fma52Pair::new(*self, [p.modulus(), q.modulus()], p.bits())).flatten() {
            Some(pair) => Box::new(SideBySide { moduli, pair }),
            None => OneByOne::boxed(moduli, window::pow),
        }
    }
}

/// A pair whose powers are computed together.
struct SideBySide {
    moduli: [Montgomery; 2],
    pair: Fma52Pair,
}

impl PowPair for SideBySide {
    fn moduli(&self) -> [&Montgomery; 2] {
        self.moduli.each_ref()
    }

    fn pow(&self, bases: [&Uint; 2], exponents: [&Uint; 2]) -> [Uint; 2] {
        self.pair.pow(bases, exponents)
    }
}
