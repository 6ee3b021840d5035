//! Key generation: two random probable primes (FIPS 186-5 appendix A.1.3), the numbers that follow from them (A.1.1),
//! and a trial of the fresh key.

use super::engine::Engine;
use super::exponent;
use super::key::PrivateKey;
use super::uint::{Montgomery, Uint, limbs_for};
use super::{prime, private_op, sieve};
use sealwire_traits::{GenerateError, KeygenEvent, KeygenObserver, OperationError, SecureRandom};
use subtle::{ConstantTimeGreater, ConstantTimeLess};

/// Draws before the generator is called broken: a draw is out of range with a probability of 0.71, so all of them are
/// in 2^-128.
const DRAWS: usize = 256;
/// Sets of primes before the machine is called broken: a d that is too small comes by chance once in 2^1000 times.
const SETS: usize = 4;

/// What a key is made with.
struct Generator<'a> {
    engine: &'static dyn Engine,
    bits: usize,
    random: &'a dyn SecureRandom,
    observer: &'a dyn KeygenObserver,
}

/// Makes a key of `bits` bits: 2048 to 4096, a multiple of 16.
///
/// # Errors
/// [`GenerateError`]: a size that is not made, no randomness, no prime in the tries that the standard allows,
/// cancelled, or a fresh key that does not work.
pub(crate) fn generate(
    engine: &'static dyn Engine,
    bits: usize,
    random: &dyn SecureRandom,
    observer: &dyn KeygenObserver,
) -> Result<PrivateKey, GenerateError> {
    // A.1.3 step 1 asks for 2048 bits or more; steps 2 and 3 hold: e is 65537, and the generator is the operating
    // system's.
    if !(2048..=4096).contains(&bits) || !bits.is_multiple_of(16) {
        return Err(GenerateError::Bits(bits));
    }
    let generator = Generator { engine, bits, random, observer };
    for _ in 0..SETS {
        let mut p = generator.prime(None, 5 * bits)?;
        let mut q = generator.prime(Some(&p), 10 * bits)?;
        // The customary order, which some readers of key files insist on.
        let swap = p.ct_lt(&q);
        p.swap_if(&mut q, swap);
        if let Some(key) = PrivateKey::from_primes(engine, bits, p, q) {
            try_out(&key, random)?;
            return Ok(key);
        }
    }
    Err(GenerateError::Fault)
}

impl Generator<'_> {
    /// Steps 4 (for p) and 5 (for q, whose `other` is p): a probable prime among `limit` candidates. Those that the
    /// sieve leaves are tested by twos, in their order. A last one without another is not tested: that is a candidate
    /// less than the standard allows.
    fn prime(&self, other: Option<&Uint>, limit: usize) -> Result<Uint, GenerateError> {
        let mut candidates = (0..limit).filter_map(|_| self.sieved(other).transpose());
        while let (Some(first), Some(second)) = (candidates.next(), candidates.next()) {
            if let Some(prime) = prime::first_prime(self.engine, [first?, second?], self.random, self.observer)? {
                self.observer.event(KeygenEvent::Prime);
                return Ok(prime);
            }
        }
        Err(GenerateError::Exhausted(limit))
    }

    /// A candidate, prepared for the test of primality. None when it fails a cheaper one.
    fn sieved(&self, other: Option<&Uint>) -> Result<Option<Montgomery>, GenerateError> {
        if self.observer.cancelled() {
            return Err(GenerateError::Cancelled);
        }
        let candidate = self.candidate(other)?;
        // Steps 4.5 and 5.6: e does not divide p - 1. The sieve comes first, being the cheapest of the tests of
        // primality.
        if exponent::residue(&candidate) == 1 || !sieve::has_no_small_factor(&candidate) {
            return Ok(None);
        }
        self.observer.event(KeygenEvent::Candidate);
        Ok(Some(Montgomery::new(self.engine.arithmetic(), candidate, self.bits / 2)))
    }

    /// Steps 4.2 to 4.4 and 5.2 to 5.5: a random odd number of half the size, at least sqrt(2) 2^(bits/2 - 1), and more
    /// than 2^(bits/2 - 100) away from `other`.
    fn candidate(&self, other: Option<&Uint>) -> Result<Uint, GenerateError> {
        let half = self.bits / 2;
        for _ in 0..DRAWS {
            let mut candidate = Uint::random_bits(half, limbs_for(half), self.random)?;
            candidate.limbs_mut()[0] |= 1;
            // x >= sqrt(2) 2^(bits/2 - 1) exactly if x^2 >= 2^(bits - 1).
            if bool::from(candidate.square().bit(self.bits - 1)) && other.is_none_or(|p| far_apart(&candidate, p, half))
            {
                return Ok(candidate);
            }
        }
        Err(GenerateError::Exhausted(DRAWS))
    }
}

/// |a - b| > 2^(half - 100).
pub(crate) fn far_apart(a: &Uint, b: &Uint, half: usize) -> bool {
    let (mut larger, mut smaller) = (a.duplicate(), b.duplicate());
    let swap = larger.ct_lt(&smaller);
    larger.swap_if(&mut smaller, swap);
    larger.sub_assign(&smaller);
    larger.ct_gt(&Uint::power_of_two(half - 100, larger.width())).into()
}

/// Pairwise consistency: a private operation on a random number, which checks itself with the public half.
fn try_out(key: &PrivateKey, random: &dyn SecureRandom) -> Result<(), GenerateError> {
    let n = key.public().n();
    let c = Uint::random_below(n.modulus(), n.bits(), random)?;
    match private_op::private_op(key, &c, random) {
        Ok(_) => Ok(()),
        Err(OperationError::Random(error)) => Err(GenerateError::Random(error)),
        Err(_) => Err(GenerateError::Fault),
    }
}
