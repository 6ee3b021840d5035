//! The Miller-Rabin test (FIPS 186-5 appendix B.3.1) for numbers that may turn out to be the primes of a key: a
//! candidate that passes leaves no trace in time or memory, one that fails is of no use to anybody.

use super::engine::Engine;
use super::uint::{Montgomery, Uint};
use sealwire_traits::{GenerateError, KeygenEvent, KeygenObserver, RandomError, SecureRandom};
use subtle::{Choice, ConstantTimeEq};

/// The powers of two that are looked for in w - 1. A number with more counts as composite: a random one has so many
/// once in 2^64 times, and the loops need an end that does not depend on w.
const MAX_TWOS: usize = 64;

/// Rounds for a random candidate of `bits` bits, by FIPS 186-5 table B.1, column of the smaller error: 2^-112 at 1024
/// bits, 2^-128 at 1536, 2^-144 at 2048. Sizes between take the rounds of the size below.
fn rounds(bits: usize) -> usize {
    if bits < 1536 { 5 } else { 4 }
}

/// Whether `w`, odd, above 4 and drawn at random, is a prime, but for the error of table B.1.
///
/// # Errors
/// [`GenerateError::Random`] or [`GenerateError::Cancelled`].
pub(crate) fn is_probably_prime(
    engine: &dyn Engine,
    w: &Montgomery,
    random: &dyn SecureRandom,
    observer: &dyn KeygenObserver,
) -> Result<bool, GenerateError> {
    for _ in 0..rounds(w.bits()) {
        if observer.cancelled() {
            return Err(GenerateError::Cancelled);
        }
        if !bool::from(passes(engine, w, &random_base(w, random)?)) {
            return Ok(false);
        }
        observer.event(KeygenEvent::Round);
    }
    Ok(true)
}

/// Whether `w`, odd and above 4, passes one round with the base 2.
pub(crate) fn passes_base_two(engine: &dyn Engine, w: &Montgomery) -> Choice {
    passes(engine, w, &Uint::small(2, w.width()))
}

/// Steps 4.1 and 4.2: a random base with 1 < b < w - 1.
fn random_base(w: &Montgomery, random: &dyn SecureRandom) -> Result<Uint, RandomError> {
    let mut base = Uint::random_below(&w.modulus().minus_small(2), w.bits(), random)?;
    base.add_assign(&Uint::small(1, w.width()));
    Ok(base)
}

/// One round: whether w does not betray itself as composite to the base b.
pub(crate) fn passes(engine: &dyn Engine, w: &Montgomery, base: &Uint) -> Choice {
    // Steps 1 and 2: w - 1 = 2^a m with m odd.
    let mut m = w.modulus().minus_small(1);
    for _ in 0..MAX_TWOS {
        let even = !m.is_odd();
        m.halve_if(even);
    }
    // Steps 4.3 and 4.4: z = b^m mod w is 1 or w - 1.
    let mut z = w.enter(&engine.pow(w, base, &m));
    let mut passes = z.ct_eq(w.one()) | w.is_minus_one(&z);
    // Step 4.5: or becomes w - 1 within a - 1 squarings. More are made, to hide a, and change nothing: if z is w - 1
    // after j squarings, then 2^(j + 1) divides the order of b modulo each prime factor of w, so each factor is 1
    // modulo 2^(j + 1), so is w, and j < a.
    let mut scratch = w.scratch();
    for _ in 1..MAX_TWOS {
        w.square_assign(&mut z, &mut scratch);
        passes |= w.is_minus_one(&z);
    }
    passes & m.is_odd()
}
