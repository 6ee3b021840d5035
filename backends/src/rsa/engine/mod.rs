//! The engines: who computes the powers. Everything above this seam (padding, blinding, recombination, key generation)
//! is one code.
//!
//! What an engine is given is sorted by who may know it. Powers of secrets run in constant time and leave nothing
//! behind in memory; only numbers that anybody may see reach num-bigint (see [`super::uint`] for the reason) and GMP's
//! ordinary functions.
//!
//! Under num-bigint our own kernels compute the powers, and each of them is an engine by itself: `num-bigint/mulx` is
//! num-bigint with the kernel `mulx`. The methods of [`Engine`] that have a body are theirs; a kernel with an arithmetic
//! of its own states that, and one with another way to powers, that.

mod gmp;
mod kernels;
mod num_bigint;
mod powers;
mod window;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(target_arch = "x86_64")]
pub(crate) use powers::windows_in_slice;
pub(crate) use powers::{Powers, PublicModulus};

use gmp::GMP;
use kernels::{FMA52, IFMA, MULX, PORTABLE};
use powers::OneByOne;

use super::exponent::E;
use super::uint::{Arithmetic, Montgomery, Uint};
use sealwire_traits::Unavailable;
use std::fmt::Debug;

/// One engine. Stateless: keys hold the prepared moduli and a reference to their engine.
pub(crate) trait Engine: Debug + Send + Sync {
    /// What to multiply with modulo numbers that are prepared for this engine.
    fn arithmetic(&'static self) -> &'static dyn Arithmetic;

    /// Makes moduli of the same width, at least one, ready for powers with secret exponents, side by side as far as the
    /// engine can do that. Cheap next to a power: candidates for primes are given up after one.
    fn powers(&self, moduli: Vec<Montgomery>) -> Box<dyn Powers> {
        OneByOne::boxed(moduli, window::raising)
    }

    /// `base^exponent mod modulus`, all three secret: constant time for given widths. `base` is below the modulus.
    fn pow(&self, modulus: &Montgomery, base: &Uint, exponent: &Uint) -> Uint {
        window::raising(modulus, base, exponent).complete()
    }

    /// `base^65537 mod n` for a secret base, such as a padded message, and a public n.
    fn pow_e(&self, n: &Montgomery, base: &Uint) -> Uint {
        n.pow_public(base, E)
    }

    /// `base^65537 mod n` where all is public, such as a signature.
    fn public_pow_e(&self, n: &Montgomery, base: &Uint) -> Uint {
        self.pow_e(n, base)
    }

    /// The modulus of a key made ready, where that makes it faster than [`Engine::pow_e`] and [`Engine::arithmetic`].
    fn prepare_public(&self, _: &Montgomery) -> Option<Box<dyn PublicModulus>> {
        None
    }

    /// `1/x mod n`, where both are public; none when they have a common divisor.
    fn public_inverse(&self, n: &Uint, x: &Uint) -> Option<Uint> {
        num_bigint::inverse(n, x)
    }
}

/// An engine by name, whether this build and this machine have it or not.
#[derive(Debug)]
pub(crate) struct EngineEntry {
    /// The name in the config: the library, and the kernel after a slash if there is a choice.
    pub(crate) name: &'static str,
    /// Whether its powers come in slices short enough for a thread that moves bytes as well.
    pub(crate) is_sliced: bool,
    /// The engine, made ready for use, or why there is none.
    pub(crate) load: fn() -> Result<&'static dyn Engine, Unavailable>,
}

/// Every engine, the preferred first.
pub(crate) const ENGINES: [&EngineEntry; 5] = if cfg!(feature = "gmp") {
    [&GMP, &IFMA, &FMA52, &MULX, &PORTABLE]
} else {
    [&IFMA, &FMA52, &MULX, &PORTABLE, &GMP]
};
