//! The kernels with instructions of x86-64 as engines.

use super::kernels::best_arithmetic;
use super::{Engine, OneByOne, PowPair, window};
use crate::arch::x86_64::{Fma52, Fma52Pair, Mulx};
use crate::rsa::uint::{Arithmetic, Montgomery};
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
        if Fma52Pair::takes(&moduli) {
            return Box::new(Fma52Pair::new(*self, moduli));
        }
        OneByOne::boxed(moduli, window::pow)
    }
}
