//! The kernels with instructions of x86-64 as engines.

use super::kernels::best_arithmetic;
use super::powers::Groups;
use super::{Engine, OneByOne, Powers, window};
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

    /// By twos. A modulus that is left over is a pair by itself, half of which is for nothing: that is still faster than
    /// one power by any other arithmetic.
    fn powers(&self, moduli: Vec<Montgomery>) -> Box<dyn Powers> {
        let mut groups = Vec::new();
        let mut rest = moduli.into_iter().peekable();
        while rest.peek().is_some() {
            groups.push(group(*self, rest.by_ref().take(2).collect()));
        }
        Box::new(Groups(groups))
    }
}

/// Side by side, if the kernel has room for them.
fn group(cpu: Fma52, moduli: Vec<Montgomery>) -> Box<dyn Powers> {
    if Fma52Pair::takes(&moduli) { Box::new(Fma52Pair::new(cpu, moduli)) } else { OneByOne::boxed(moduli, window::pow) }
}
