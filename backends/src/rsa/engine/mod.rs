//! The engines: who computes the powers. Everything above this seam (padding, blinding, recombination, key generation)
//! is one code.
//!
//! What an engine is given is sorted by who may know it. Powers of secrets run in constant time and leave nothing
//! behind in memory; only numbers that anybody may see reach num-bigint (see [`super::uint`] for the reason) and GMP's
//! ordinary functions.

mod gmp;
mod montgomery;
mod num_bigint;

use super::uint::{Montgomery, Uint};
use sealwire_traits::Unavailable;
use std::fmt::Debug;

/// One engine. Stateless: keys hold the prepared moduli and a reference to their engine.
pub(crate) trait Engine: Debug + Send + Sync {
    /// `base^exponent mod modulus`, all three secret: constant time for given widths. `base` is below the modulus.
    fn pow(&self, modulus: &Montgomery, base: &Uint, exponent: &Uint) -> Uint;

    /// The two powers of a private operation, `base_p^dp mod p` and `base_q^dq mod q`, in one call, so that an engine
    /// may compute them side by side.
    fn crt_pow(&self, halves: [&CrtHalf; 2], bases: [&Uint; 2]) -> [Uint; 2] {
        std::array::from_fn(|i| self.pow(&halves[i].prime, bases[i], &halves[i].exponent))
    }

    /// `base^65537 mod n` for a secret base, such as a padded message, and a public n.
    fn pow_e(&self, n: &Montgomery, base: &Uint) -> Uint;

    /// `base^65537 mod n` where all is public, such as a signature.
    fn public_pow_e(&self, n: &Uint, base: &Uint) -> Uint;

    /// `1/x mod n`, where both are public; none when they have a common divisor.
    fn public_inverse(&self, n: &Uint, x: &Uint) -> Option<Uint>;
}

/// One prime of a private key and the private exponent that goes with it, d mod p - 1.
pub(crate) struct CrtHalf {
    /// p, prepared.
    pub(crate) prime: Montgomery,
    /// d mod p - 1, as wide as p.
    pub(crate) exponent: Uint,
}

/// An engine by name, whether this build has it or not.
#[derive(Debug)]
pub(crate) struct EngineEntry {
    /// The name in the config.
    pub(crate) name: &'static str,
    /// The engine, made ready for use, or why there is none.
    pub(crate) load: fn() -> Result<&'static dyn Engine, Unavailable>,
}

/// The default engine.
pub(crate) static NUM_BIGINT: EngineEntry = EngineEntry { name: "num-bigint", load: num_bigint::load };
/// The engine on GMP.
pub(crate) static GMP: EngineEntry = EngineEntry { name: "gmp", load: gmp::load };
