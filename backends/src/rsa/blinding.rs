//! Blinding (Kocher 1996): the private operation works on c r^e in the place of c, for a random r that only this file
//! knows, so that its time says nothing about c, and whoever chooses c does not choose what the key meets.

use super::key::PublicKey;
use super::uint::Uint;
use sealwire_traits::{OperationError, SecureRandom};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Operations with one r. In between, r is squared, which nobody can foresee who does not know it, and which takes no
/// inversion.
const USES: u32 = 64;

/// Numbers r that are made with one inversion, which may take longer than the private operation. A key's first one is made
/// by itself: it may be the only one.
const BATCH: usize = 8;

/// Where the factors of one key come from. Safe to share between threads.
#[derive(Default)]
pub(crate) struct Blinding(Mutex<State>);

/// A pair of factors for one operation, in the form that the key takes them in.
pub(crate) struct Factors {
    /// r^e, for what goes in.
    pub(crate) blind: Uint,
    /// 1/r, for what comes out.
    pub(crate) unblind: Uint,
}

#[derive(Default)]
struct State {
    /// The next factors, and how often they may be squared behind that use.
    next: Option<(Factors, u32)>,
    /// Those of other numbers, for later.
    fresh: Vec<Factors>,
    /// Whether there have been any before.
    used: bool,
}

impl Blinding {
    /// The factors for one operation with this key.
    ///
    /// # Errors
    /// [`OperationError::Random`] when the generator fails; [`OperationError::Fault`] when the random numbers are no units
    /// modulo n, as chance does not have it.
    pub(crate) fn factors(&self, key: &PublicKey, random: &dyn SecureRandom) -> Result<Factors, OperationError> {
        loop {
            let count = match self.state().take(key) {
                Ok(factors) => return Ok(factors),
                Err(count) => count,
            };
            // Not under the lock: an inversion is slow, and other threads may have work for the key. Should two threads come
            // here at once, the factors of both are used.
            let fresh = Factors::random(key, count, random)?;
            self.state().fresh.extend(fresh);
        }
    }

    /// Forgets the factors: after a fault they may be what is wrong.
    pub(crate) fn forget(&self) {
        *self.state() = State::default();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The factors at hand; their squares, unless this was the last use, are the next. When there are none: how many to make.
    fn take(&mut self, key: &PublicKey) -> Result<Factors, usize> {
        // Taken out, so that a panic leaves nothing behind, and not one factor squared and the other not.
        let next = self.next.take().or_else(|| self.fresh.pop().map(|fresh| (fresh, USES - 1)));
        let Some((factors, left)) = next else {
            return Err(if self.used { BATCH } else { 1 });
        };
        self.used = true;
        let Factors { blind, unblind } = &factors;
        self.next = left.checked_sub(1).map(|left| {
            let squares = Factors { blind: key.square_entered(blind), unblind: key.square_entered(unblind) };
            (squares, left)
        });
        Ok(factors)
    }
}

impl Factors {
    /// Those of `count` random numbers, at least one, with one inversion for all (Montgomery 1987, section 10.3.1).
    fn random(key: &PublicKey, count: usize, random: &dyn SecureRandom) -> Result<Vec<Factors>, OperationError> {
        let n = key.n();
        let number = || Uint::random_below(n.modulus(), n.bits(), random);
        let numbers = (0..count).map(|_| number()).collect::<Result<Vec<_>, _>>()?;
        let entered: Vec<Uint> = numbers.iter().map(|r| key.enter(r)).collect();
        // The products of the numbers before each, and of all.
        let mut products = vec![key.enter(&Uint::small(1, n.width()))];
        for r in &entered {
            products.push(key.mul_entered(&products[products.len() - 1], r));
        }
        let mut inverse = inverse(key, &products[count], &number()?)?;
        let mut factors = Vec::with_capacity(count);
        for i in (0..count).rev() {
            let blind = key.enter(&key.pow_e(&numbers[i]));
            factors.push(Factors { blind, unblind: key.mul_entered(&inverse, &products[i]) });
            inverse = key.mul_entered(&inverse, &entered[i]);
        }
        Ok(factors)
    }
}

/// 1/x for a factor x, and a factor as well. The inversion, which num-bigint does not do in constant time, is given x s
/// instead, for a random s. As s is uniform among the units, so is x s, whatever x is: it may be public. Then
/// 1/x = s / (x s).
fn inverse(key: &PublicKey, x: &Uint, s: &Uint) -> Result<Uint, OperationError> {
    let masked = key.mul_entered(s, x);
    #[cfg(sealwire_evidence)]
    crate::evidence::declassify(&masked);
    // A number that is no unit holds a prime of the key: nobody meets one by chance.
    let inverse = key.engine().public_inverse(key.n().modulus(), &masked).ok_or(OperationError::Fault)?;
    Ok(key.enter(&key.mul_entered(s, &key.enter(&inverse))))
}
