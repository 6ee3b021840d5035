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

    fn powers(&self, moduli: Vec<Montgomery>) -> Box<dyn Powers> {
        let mut groups = Vec::new();
        let mut rest = moduli.into_iter();
        while let Some(first) = rest.next() {
            groups.push(match rest.next() {
                Some(second) => pair(*self, [first, second]),
                None => OneByOne::boxed(vec![first], window::pow),
            });
        }
        Box::new(Groups(groups))
    }
}

/// Side by side, if the kernel has room for them.
fn pair(cpu: Fma52, moduli: [Montgomery; 2]) -> Box<dyn Powers> {
    if Fma52Pair::takes(&moduli) {
        Box::new(Fma52Pair::new(cpu, moduli))
    } else {
        OneByOne::boxed(moduli.into(), window::pow)
    }
}
