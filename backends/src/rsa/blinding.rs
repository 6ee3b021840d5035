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
        if let Some(state) = self.state().as_mut().filter(|state| state.left > 0) {
            return Ok(state.step(n));
        }
        // Not under the lock: an inversion is slow, and other threads may have work for the key. Should two threads
        // come here at once, the later one's factors stay.
        let mut fresh = State { next: Factors::random(engine, n, random)?, left: USES };
        let factors = fresh.step(n);
        *self.state() = Some(fresh);
        Ok(factors)
    }

    /// Forgets the factors: after a fault they may be what is wrong.
    pub(crate) fn forget(&self) {
        *self.state() = None;
    }

    fn state(&self) -> MutexGuard<'_, Option<State>> {
        self.0.lock().unwrap_or_else(|poisoned: PoisonError<_>| {
            // A panic may have left one factor squared and the other not.
            let mut state = poisoned.into_inner();
            *state = None;
            state
        })
    }
}

impl State {
    /// The factors at hand; the next ones are their squares.
    fn step(&mut self, n: &Montgomery) -> Factors {
        self.left -= 1;
        let Factors { blind, unblind } = &self.next;
        let squares = Factors { blind: n.mul_entered(blind, blind), unblind: n.mul_entered(unblind, unblind) };
        std::mem::replace(&mut self.next, squares)
    }
}

impl Factors {
    /// The inversion, which num-bigint does not do in constant time, is given r s instead of r, for another random s.
    /// As s is uniform among the units, so is r s, whatever r is: it may be public. Then 1/r = s / (r s).
    fn random(engine: &dyn Engine, n: &Montgomery, random: &dyn SecureRandom) -> Result<Factors, OperationError> {
        let r = Uint::random_below(n.modulus(), n.bits(), random)?;
        let s = Uint::random_below(n.modulus(), n.bits(), random)?;
        let masked = n.mul_mod(&r, &s);
        // A number that is no unit holds a prime of the key: nobody meets one by chance.
        let inverse = engine.public_inverse(n.modulus(), &masked).ok_or(OperationError::Fault)?;
        Ok(Factors { blind: n.enter(&engine.pow_e(n, &r)), unblind: n.enter(&n.mul_mod(&inverse, &s)) })
    }
}
