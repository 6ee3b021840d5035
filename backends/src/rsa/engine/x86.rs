//! The kernels with instructions of x86-64 as engines.

use super::kernels::best_arithmetic;
use super::powers::Groups;
use super::{Engine, OneByOne, Powers, PublicModulus, window};
use crate::arch::x86_64::{Fma52, Fma52Pair, Ifma, IfmaPublicModulus, Mulx, prepare_ifma};
use crate::rsa::uint::{Arithmetic, Montgomery};
use sealwire_traits::Unavailable;

pub(super) fn mulx() -> Result<&'static dyn Engine, Unavailable> {
    Mulx::detect().map(|cpu| cpu as &dyn Engine)
}

pub(super) fn fma52() -> Result<&'static dyn Engine, Unavailable> {
    Fma52::detect().map(|cpu| cpu as &dyn Engine)
}

pub(super) fn ifma() -> Result<&'static dyn Engine, Unavailable> {
    Ifma::detect().map(|cpu| cpu as &dyn Engine)
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
        by_twos(moduli, |moduli| {
            if !Fma52Pair::takes(&moduli) {
                return OneByOne::boxed(moduli, window::raising);
            }
            Box::new(Fma52Pair::new(*self, moduli))
        })
    }
}

impl Engine for Ifma {
    fn arithmetic(&'static self) -> &'static dyn Arithmetic {
        best_arithmetic()
    }

    /// By twos. A modulus that is left over has all lanes to itself.
    fn powers(&self, moduli: Vec<Montgomery>) -> Box<dyn Powers> {
        let one_by_one = |moduli| OneByOne::boxed(moduli, window::raising);
        by_twos(moduli, |moduli| prepare_ifma(*self, moduli).unwrap_or_else(one_by_one))
    }

    fn prepare_public(&self, n: &Montgomery) -> Option<Box<dyn PublicModulus>> {
        IfmaPublicModulus::new(*self, n).map(|modulus| Box::new(modulus) as Box<dyn PublicModulus>)
    }
}

/// Two and two of some moduli, and a last one by itself.
fn by_twos(moduli: Vec<Montgomery>, group: impl Fn(Vec<Montgomery>) -> Box<dyn Powers>) -> Box<dyn Powers> {
    let mut groups = Vec::new();
    let mut rest = moduli.into_iter().peekable();
    while rest.peek().is_some() {
        groups.push(group(rest.by_ref().take(2).collect()));
    }
    Box::new(Groups(groups))
}
