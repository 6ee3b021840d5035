//! Blinding (Kocher 1996): the private operation works on c r^e in the place of c, for a random r that only this file
//! knows, so that its time says nothing about c, and whoever chooses c does not choose what the key meets.

use super::engine::Engine;
use super::uint::{Montgomery, Uint};
use sealwire_traits::{OperationError, SecureRandom};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Operations with one r. In between, r is squared, which nobody can foresee who does not know it, and which takes no
/// inversion.
const USES: u32 = 64;

/// Where the factors of one key come from. Safe to share between threads.
#[derive(Default)]
pub(crate) struct Blinding(Mutex<Option<State>>);

/// A pair of factors, in Montgomery form modulo n, for one operation.
pub(crate) struct Factors {
    /// r^e, for what goes in.
    pub(crate) blind: Uint,
    /// 1/r, for what comes out.
    pub(crate) unblind: Uint,
}

struct State {
    next: Factors,
    /// Uses after the next.
    left: u32,
}

impl Blinding {
    /// The factors for one operation modulo n.
    ///
    /// # Errors
    /// [`OperationError::Random`] when the generator fails; [`OperationError::Fault`] when the random number is no unit
    /// modulo n, as chance does not have it.
    pub(crate) fn factors(
        &self,
        engine: &dyn Engine,
        n: &Montgomery,
        random: &dyn SecureRandom,
    ) -> Result<Factors, OperationError> {
        if let Some(factors) = self.next(n) {
            return Ok(factors);
        }
        // Not under the lock: an inversion is slow, and other threads may have work for the key. Should two threads
        // come here at once, the later one's factors stay.
        let fresh = State { next: Factors::random(engine, n, random)?, left: USES - 1 };
        let (factors, rest) = fresh.step(n);
        *self.state() = rest;
        Ok(factors)
    }

    /// The factors at hand, if there are any left.
    fn next(&self, n: &Montgomery) -> Option<Factors> {
        let mut state = self.state();
        // Taken out, so that a panic leaves nothing behind, and not one factor squared and the other not.
        let (factors, rest) = state.take()?.step(n);
        *state = rest;
        Some(factors)
    }

    /// Forgets the factors: after a fault they may be what is wrong.
    pub(crate) fn forget(&self) {
        *self.state() = None;
    }

    fn state(&self) -> MutexGuard<'_, Option<State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The factors at hand, and what is left: their squares, unless this was the last use.
    fn step(self, n: &Montgomery) -> (Factors, Option<State>) {
        let Factors { blind, unblind } = &self.next;
        let rest = self.left.checked_sub(1).map(|left| State {
            next: Factors { blind: n.mul_entered(blind, blind), unblind: n.mul_entered(unblind, unblind) },
            left,
        });
        (self.next, rest)
    }
}

impl Factors {
    /// The inversion, which num-bigint does not do in constant time, is given r s instead of r, for another random s.
    /// As s is uniform among the units, so is r s, whatever r is: it may be public. Then 1/r = s / (r s).
    fn random(engine: &dyn Engine, n: &Montgomery, random: &dyn SecureRandom) -> Result<Factors, OperationError> {
        let r = Uint::random_below(n.modulus(), n.bits(), random)?;
        let s = Uint::random_below(n.modulus(), n.bits(), random)?;
        let masked = n.mul_mod(&r, &s);
        #[cfg(sealwire_evidence)]
        crate::evidence::declassify(&masked);
        // A number that is no unit holds a prime of the key: nobody meets one by chance.
        let inverse = engine.public_inverse(n.modulus(), &masked).ok_or(OperationError::Fault)?;
        Ok(Factors { blind: n.enter(&engine.pow_e(n, &r)), unblind: n.enter(&n.mul_mod(&inverse, &s)) })
    }
}
