//! The Miller-Rabin test (FIPS 186-5 appendix B.3.1) for numbers that may turn out to be the primes of a key: a
//! candidate that passes leaves no trace in time or memory, one that fails is of no use to anybody.

use super::engine::{Engine, Powers};
use super::uint::{Montgomery, Uint};
use sealwire_traits::{GenerateError, KeygenEvent, KeygenObserver, RandomError, SecureRandom};
use subtle::{Choice, ConstantTimeEq};

/// The powers of two that are looked for in w - 1. A number with more counts as composite: a random one has so many
/// once in 2^64 times, and the loops need an end that does not depend on w.
const MAX_TWOS: usize = 64;

/// Calls of two rounds each that follow the first round of a candidate. Together they are five rounds, by FIPS 186-5
/// table B.1, column of the smaller error: that many for an error of 2^-112 at 1024 bits, one more than is asked for
/// 2^-128 at 1536 and 2^-144 at 2048. Sizes between take the rounds of the size below.
const FURTHER_CALLS: usize = 2;

/// The first of two different numbers, odd, above 4 and drawn at random, that is a prime, but for the error of table
/// B.1. Most are refused in the first round, so both have that together; the rounds that follow are two by two.
///
/// # Errors
/// [`GenerateError::Random`] or [`GenerateError::Cancelled`].
pub(crate) fn first_prime(
    engine: &dyn Engine,
    candidates: [Montgomery; 2],
    random: &dyn SecureRandom,
    observer: &dyn KeygenObserver,
) -> Result<Option<Uint>, GenerateError> {
    let candidates = engine.powers(candidates.into());
    let passed = random_round(&*candidates, random, observer)?;
    for (w, passed) in candidates.moduli().into_iter().zip(passed) {
        if !bool::from(passed) {
            continue;
        }
        observer.event(KeygenEvent::Round);
        if passes_further_rounds(engine, w, random, observer)? {
            return Ok(Some(w.modulus().duplicate()));
        }
    }
    Ok(None)
}

/// The rounds after the first.
fn passes_further_rounds(
    engine: &dyn Engine,
    w: &Montgomery,
    random: &dyn SecureRandom,
    observer: &dyn KeygenObserver,
) -> Result<bool, GenerateError> {
    let twins = engine.powers(vec![twin(w), twin(w)]);
    for _ in 0..FURTHER_CALLS {
        for passed in random_round(&*twins, random, observer)? {
            if !bool::from(passed) {
                return Ok(false);
            }
            observer.event(KeygenEvent::Round);
        }
    }
    Ok(true)
}

/// The same modulus once more, as the other of a pair.
fn twin(w: &Montgomery) -> Montgomery {
    Montgomery::new(w.arithmetic(), w.modulus().duplicate(), w.bits())
}

/// One round for each number, with a random base of its own.
fn random_round(
    numbers: &dyn Powers,
    random: &dyn SecureRandom,
    observer: &dyn KeygenObserver,
) -> Result<Vec<Choice>, GenerateError> {
    if observer.cancelled() {
        return Err(GenerateError::Cancelled);
    }
    let bases: Vec<Uint> = numbers.moduli().iter().map(|w| random_base(w, random)).collect::<Result<_, _>>()?;
    Ok(passes(numbers, &bases))
}

/// Whether all of some numbers, odd and above 4, pass one round with the base 2.
pub(crate) fn all_pass_base_two(numbers: &dyn Powers) -> Choice {
    let twos: Vec<Uint> = numbers.moduli().iter().map(|w| Uint::small(2, w.width())).collect();
    passes(numbers, &twos).into_iter().fold(Choice::from(1), |all, passed| all & passed)
}

/// Steps 4.1 and 4.2: a random base with 1 < b < w - 1.
fn random_base(w: &Montgomery, random: &dyn SecureRandom) -> Result<Uint, RandomError> {
    let mut base = Uint::random_below(&w.modulus().minus_small(2), w.bits(), random)?;
    base.add_assign(&Uint::small(1, w.width()));
    Ok(base)
}

/// One round for each number: whether it does not betray itself as composite to its base.
pub(crate) fn passes(numbers: &dyn Powers, bases: &[Uint]) -> Vec<Choice> {
    let moduli = numbers.moduli();
    let exponents: Vec<Uint> = moduli.iter().map(|w| odd_part(w)).collect();
    // Step 4.3: z = b^m mod w.
    let powers = numbers.pow(bases, &exponents);
    let rounds = moduli.into_iter().zip(&exponents).zip(&powers);
    rounds.map(|((w, m), z)| looks_prime(w, m, z)).collect()
}

/// Steps 1 and 2: the odd m of w - 1 = 2^a m, or an even one when a is above [`MAX_TWOS`].
fn odd_part(w: &Montgomery) -> Uint {
    let mut m = w.modulus().minus_small(1);
    for _ in 0..MAX_TWOS {
        let even = !m.is_odd();
        m.halve_if(even);
    }
    m
}

/// What z = b^m mod w says of w.
fn looks_prime(w: &Montgomery, m: &Uint, z: &Uint) -> Choice {
    // Step 4.4: z is 1 or w - 1.
    let mut z = w.enter(z);
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
