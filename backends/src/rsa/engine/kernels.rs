//! The kernels of the engine num-bigint: our own Montgomery exponentiation for secrets, over different instructions.
//! num-bigint's `modpow` has no part in it, since it picks table entries by bits of the exponent.

#[cfg(target_arch = "x86_64")]
use super::x86::{fma52, ifma, mulx};
use super::{Engine, EngineEntry};
use crate::rsa::uint::{Arithmetic, Portable};
#[cfg(not(target_arch = "x86_64"))]
use sealwire_traits::Unavailable;

/// AVX-512 IFMA, for one power or two at once.
pub(super) static IFMA: EngineEntry = EngineEntry { name: "num-bigint/ifma", is_sliced: true, load: ifma };
/// AVX2 and FMA, for two powers side by side; all else by the fastest arithmetic there is beside it.
pub(super) static FMA52: EngineEntry = EngineEntry { name: "num-bigint/fma52", is_sliced: true, load: fma52 };
/// BMI2 and ADX.
pub(super) static MULX: EngineEntry = EngineEntry { name: "num-bigint/mulx", is_sliced: true, load: mulx };
/// Rust for any processor.
pub(super) static PORTABLE: EngineEntry =
    EngineEntry { name: "num-bigint/portable", is_sliced: true, load: || Ok(&Portable) };

impl Engine for Portable {
    fn arithmetic(&'static self) -> &'static dyn Arithmetic {
        self
    }
}

/// The fastest arithmetic that this machine has, for engines without one of their own.
#[cfg(any(target_arch = "x86_64", feature = "gmp"))]
pub(super) fn best_arithmetic() -> &'static dyn Arithmetic {
    mulx().map_or(&Portable, |engine| engine.arithmetic())
}

#[cfg(not(target_arch = "x86_64"))]
fn fma52() -> Result<&'static dyn Engine, Unavailable> {
    Err(Unavailable("it is for x86-64 processors".to_owned()))
}

#[cfg(not(target_arch = "x86_64"))]
use {fma52 as ifma, fma52 as mulx};
