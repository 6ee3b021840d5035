//! Powers modulo several numbers in one call: the primes of a key, or two candidates for one.

use crate::rsa::uint::{Montgomery, Uint};

/// Odd moduli of the same width, prepared by an engine. Wiped on drop.
pub(crate) trait Powers: Send + Sync {
    /// The moduli.
    fn moduli(&self) -> Vec<&Montgomery>;

    /// `bases[i]^exponents[i]` modulo modulus i, all secret: constant time for given widths. Each base is below its
    /// modulus, and as wide; there are as many of both as moduli.
    fn pow(&self, bases: &[Uint], exponents: &[Uint]) -> Vec<Uint>;
}

/// A public modulus, prepared by an engine for e alone.
pub(crate) trait PowE: Send + Sync {
    /// `base^65537` modulo it, for a secret base below it and as wide.
    fn pow_e(&self, base: &Uint) -> Uint;
}

/// Moduli for which one power is computed after the other.
pub(super) struct OneByOne {
    moduli: Vec<Montgomery>,
    pow: fn(&Montgomery, &Uint, &Uint) -> Uint,
}

impl OneByOne {
    /// `pow(modulus, base, exponent)` computes one of the powers.
    pub(super) fn boxed(moduli: Vec<Montgomery>, pow: fn(&Montgomery, &Uint, &Uint) -> Uint) -> Box<dyn Powers> {
        Box::new(OneByOne { moduli, pow })
    }
}

impl Powers for OneByOne {
    fn moduli(&self) -> Vec<&Montgomery> {
        self.moduli.iter().collect()
    }

    fn pow(&self, bases: &[Uint], exponents: &[Uint]) -> Vec<Uint> {
        let operands = self.moduli.iter().zip(bases).zip(exponents);
        operands.map(|((modulus, base), exponent)| (self.pow)(modulus, base, exponent)).collect()
    }
}

/// Groups of moduli, for each of which an engine has a way of its own.
#[cfg(target_arch = "x86_64")]
pub(super) struct Groups(pub(super) Vec<Box<dyn Powers>>);

#[cfg(target_arch = "x86_64")]
impl Powers for Groups {
    fn moduli(&self) -> Vec<&Montgomery> {
        self.0.iter().flat_map(|group| group.moduli()).collect()
    }

    fn pow(&self, mut bases: &[Uint], mut exponents: &[Uint]) -> Vec<Uint> {
        let mut powers = Vec::new();
        for group in &self.0 {
            let (own_bases, other_bases) = bases.split_at(group.moduli().len());
            let (own_exponents, other_exponents) = exponents.split_at(group.moduli().len());
            powers.extend(group.pow(own_bases, own_exponents));
            (bases, exponents) = (other_bases, other_exponents);
        }
        powers
    }
}
