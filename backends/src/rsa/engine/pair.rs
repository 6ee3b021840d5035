//! Powers modulo two numbers in one call: the primes of a key, or two candidates for one.

use crate::rsa::uint::{Montgomery, Uint};

/// Two odd moduli of the same width, prepared by an engine. Wiped on drop.
pub(crate) trait PowPair: Send + Sync {
    /// The moduli.
    fn moduli(&self) -> [&Montgomery; 2];

    /// `bases[i]^exponents[i]` modulo modulus i, all secret: constant time for given widths. Each base is below its
    /// modulus, and as wide.
    fn pow(&self, bases: [&Uint; 2], exponents: [&Uint; 2]) -> [Uint; 2];
}

/// A pair for which one power is computed after the other.
pub(super) struct OneByOne {
    moduli: [Montgomery; 2],
    pow: fn(&Montgomery, &Uint, &Uint) -> Uint,
}

impl OneByOne {
    /// `pow(modulus, base, exponent)` computes one of the powers.
    pub(super) fn boxed(moduli: [Montgomery; 2], pow: fn(&Montgomery, &Uint, &Uint) -> Uint) -> Box<dyn PowPair> {
        Box::new(OneByOne { moduli, pow })
    }
}

impl PowPair for OneByOne {
    fn moduli(&self) -> [&Montgomery; 2] {
        self.moduli.each_ref()
    }

    fn pow(&self, bases: [&Uint; 2], exponents: [&Uint; 2]) -> [Uint; 2] {
        std::array::from_fn(|i| (self.pow)(&self.moduli[i], bases[i], exponents[i]))
    }
}
