//! Powers modulo several numbers in one call: the primes of a key, or two candidates for one.

use crate::rsa::uint::{Montgomery, Uint};
use sealwire_traits::{Slices, pause};

/// Odd moduli of the same width, prepared by an engine. Wiped on drop.
pub(crate) trait Powers: Send + Sync {
    /// The moduli.
    fn moduli(&self) -> Vec<&Montgomery>;

    /// `bases[i]^exponents[i]` modulo modulus i, all secret: constant time for given widths. Each base is below its
    /// modulus, and as wide; there are as many of both as moduli.
    fn raising<'a>(&'a self, bases: &'a [Uint], exponents: &'a [Uint]) -> Slices<'a, Vec<Uint>>;

    /// The same at once.
    fn pow(&self, bases: &[Uint], exponents: &[Uint]) -> Vec<Uint> {
        self.raising(bases, exponents).complete()
    }
}

/// Windows of exponents that make a slice, modulo numbers of `width` limbs: a third of those of a key of 2048 bits, fewer
/// as a multiplication takes longer. Between two slices a server looks at its sockets, which is not for nothing either.
pub(crate) fn windows_in_slice(width: usize) -> usize {
    (1024 / width).max(1)
}

/// The modulus of a key, prepared by an engine. All numbers are secret, below it and as wide. (Others give meaningless
/// results, or a panic.)
pub(crate) trait PublicModulus: Send + Sync {
    /// `base^65537` modulo it.
    fn pow_e(&self, base: &Uint) -> Uint;

    /// Brings a number into the form of a factor, which is the engine's own.
    fn enter(&self, x: &Uint) -> Uint;

    /// `a b` modulo it, in the form that `a` has, for a factor `b`.
    fn mul_entered(&self, a: &Uint, b: &Uint) -> Uint;

    /// `a^2` modulo it, both factors.
    fn square_entered(&self, a: &Uint) -> Uint;
}

/// Moduli for which one power is computed after the other.
pub(super) struct OneByOne {
    moduli: Vec<Montgomery>,
    raising: Raising,
}

/// The way to one power: modulus, base, exponent.
type Raising = for<'a> fn(&'a Montgomery, &'a Uint, &'a Uint) -> Slices<'a, Uint>;

impl OneByOne {
    /// `raising` computes one of the powers.
    pub(super) fn boxed(moduli: Vec<Montgomery>, raising: Raising) -> Box<dyn Powers> {
        Box::new(OneByOne { moduli, raising })
    }
}

impl Powers for OneByOne {
    fn moduli(&self) -> Vec<&Montgomery> {
        self.moduli.iter().collect()
    }

    fn raising<'a>(&'a self, bases: &'a [Uint], exponents: &'a [Uint]) -> Slices<'a, Vec<Uint>> {
        Slices::new(async move {
            let mut powers = Vec::with_capacity(bases.len());
            for ((modulus, base), exponent) in self.moduli.iter().zip(bases).zip(exponents) {
                powers.push((self.raising)(modulus, base, exponent).await);
                pause().await;
            }
            powers
        })
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

    fn raising<'a>(&'a self, mut bases: &'a [Uint], mut exponents: &'a [Uint]) -> Slices<'a, Vec<Uint>> {
        Slices::new(async move {
            let mut powers = Vec::with_capacity(bases.len());
            for group in &self.0 {
                let (own_bases, other_bases) = bases.split_at(group.moduli().len());
                let (own_exponents, other_exponents) = exponents.split_at(group.moduli().len());
                powers.extend(group.raising(own_bases, own_exponents).await);
                (bases, exponents) = (other_bases, other_exponents);
            }
            powers
        })
    }
}
