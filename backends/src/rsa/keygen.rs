//! Key generation: random probable primes (FIPS 186-5 appendix A.1.3), the numbers that follow from them (A.1.1), and a
//! trial of the fresh key. The standard has keys of two primes; those of three are found in the same way, each as if it
//! were one of two.

use super::engine::Engine;
use super::exponent;
use super::key::PrivateKey;
use super::size::{prime_bits, primes_allowed};
use super::uint::{Montgomery, Uint, limbs_for};
use super::{prime, private_op, sieve};
use sealwire_traits::{GenerateError, KeySize, KeygenEvent, KeygenObserver, OperationError, SecureRandom};
use subtle::{ConstantTimeGreater, ConstantTimeLess};

/// Draws before the generator is called broken: a draw is out of range with a probability of at most 0.42, so all of
/// them are in 2^-320.
const DRAWS: usize = 256;
/// Sets of primes before the machine is called broken: a d that is too small comes by chance once in 2^1000 times.
const SETS: usize = 4;

/// What a key is made with.
struct Generator<'a> {
    engine: &'static dyn Engine,
    size: KeySize,
    random: &'a dyn SecureRandom,
    observer: &'a dyn KeygenObserver,
}

/// Makes a key of 2048 to 4096 bits, a multiple of 16, and two primes, or three where [`primes_allowed`] says so.
///
/// # Errors
/// [`GenerateError`]: a size or a number of primes that is not made, no randomness, no prime in the tries that the
/// standard allows, cancelled, or a fresh key that does not work.
pub(crate) fn generate(
    engine: &'static dyn Engine,
    size: KeySize,
    random: &dyn SecureRandom,
    observer: &dyn KeygenObserver,
) -> Result<PrivateKey, GenerateError> {
    // A.1.3 step 1 asks for 2048 bits or more; steps 2 and 3 hold: e is 65537, and the generator is the operating
    // system's.
    if !(2048..=4096).contains(&size.bits) || !size.bits.is_multiple_of(16) {
        return Err(GenerateError::Bits(size.bits));
    }
    if !primes_allowed(size) {
        return Err(GenerateError::Primes(size));
    }
    let generator = Generator { engine, size, random, observer };
    for _ in 0..SETS {
        if let Some(key) = PrivateKey::from_primes(engine, size, generator.primes()?) {
            try_out(&key, random)?;
            return Ok(key);
        }
    }
    Err(GenerateError::Fault)
}

impl Generator<'_> {
    /// Steps 4 and 5, and 5 once more for a third prime.
    fn primes(&self) -> Result<Vec<Uint>, GenerateError> {
        let mut primes = Vec::new();
        for bits in prime_bits(self.size) {
            primes.push(self.prime(bits, &primes)?);
        }
        // q before p, the larger one: the customary order, which some readers of key files insist on.
        let [q, p, ..] = &mut primes[..] else { return Err(GenerateError::Fault) };
        let swap = p.ct_lt(q);
        p.swap_if(q, swap);
        Ok(primes)
    }

    /// A probable prime of `bits` bits. The standard's limits of candidates, 5 nlen for the first prime and 10 nlen for
    /// the others, are 10 and 20 times the bits of a prime. Those that the sieve leaves are tested by twos, in their
    /// order. A last one without another is not tested: that is a candidate less than the standard allows.
    fn prime(&self, bits: usize, others: &[Uint]) -> Result<Uint, GenerateError> {
        let limit = if others.is_empty() { 10 * bits } else { 20 * bits };
        let mut candidates = (0..limit).filter_map(|_| self.sieved(bits, others).transpose());
        while let Some(first) = candidates.next().transpose()? {
            let Some(second) = candidates.next().transpose()? else { break };
            if let Some(prime) = prime::first_prime(self.engine, [first, second], self.random, self.observer)? {
                self.observer.event(KeygenEvent::Prime);
                return Ok(prime);
            }
        }
        Err(GenerateError::Exhausted(limit))
    }

    /// A candidate, prepared for the test of primality. None when it fails a cheaper one.
    fn sieved(&self, bits: usize, others: &[Uint]) -> Result<Option<Montgomery>, GenerateError> {
        if self.observer.cancelled() {
            return Err(GenerateError::Cancelled);
        }
        let candidate = self.candidate(bits, others)?;
        // Steps 4.5 and 5.6: e does not divide p - 1. The sieve comes first, being the cheapest of the tests of
        // primality.
        if exponent::residue(&candidate) == 1 || !sieve::has_no_small_factor(&candidate) {
            return Ok(None);
        }
        self.observer.event(KeygenEvent::Candidate);
        Ok(Some(Montgomery::new(self.engine.arithmetic(), candidate, bits)))
    }

    /// Steps 4.2 to 4.4 and 5.2 to 5.5: a random odd number of `bits` bits that is large enough, and more than
    /// 2^(bits - 100) away from all `others`.
    ///
    /// Large enough is from 2^(bits - 1/u) on for a key of u primes: sqrt(2) 2^(bits - 1) for two, as in the standard.
    /// Then the product of all has no fewer bits than the modulus must have.
    fn candidate(&self, bits: usize, others: &[Uint]) -> Result<Uint, GenerateError> {
        for _ in 0..DRAWS {
            let candidate = self.draw(bits)?;
            // x >= 2^(bits - 1/u) exactly if x^u >= 2^(u bits - 1).
            let power = (2..self.size.primes).fold(candidate.square(), |power, _| power.mul(&candidate));
            let large = bool::from(power.bit(self.size.primes * bits - 1));
            if large && others.iter().all(|other| far_apart(&candidate, other, bits)) {
                return Ok(candidate);
            }
        }
        Err(GenerateError::Exhausted(DRAWS))
    }

    /// A random odd number of `bits` bits with the highest ones set, one of them for two primes and two for three:
    /// whatever is large enough has them set, and is as likely as if they were drawn.
    fn draw(&self, bits: usize) -> Result<Uint, GenerateError> {
        let set = self.size.primes - 1;
        let mut number = Uint::random_bits(bits - set, limbs_for(bits), self.random)?;
        for i in bits - set..bits {
            number.add_assign(&Uint::power_of_two(i, number.width()));
        }
        number.limbs_mut()[0] |= 1;
        Ok(number)
    }
}

/// |a - b| > 2^(bits - 100).
pub(crate) fn far_apart(a: &Uint, b: &Uint, bits: usize) -> bool {
    let (mut larger, mut smaller) = (a.duplicate(), b.duplicate());
    let swap = larger.ct_lt(&smaller);
    larger.swap_if(&mut smaller, swap);
    larger.sub_assign(&smaller);
    larger.ct_gt(&Uint::power_of_two(bits - 100, larger.width())).into()
}

/// Pairwise consistency: a private operation on a random number, which checks itself with the public half.
fn try_out(key: &PrivateKey, random: &dyn SecureRandom) -> Result<(), GenerateError> {
    let n = key.public().n();
    let c = Uint::random_below(n.modulus(), n.bits(), random)?;
    match private_op::private_op(key, &c, random).complete() {
        Ok(_) => Ok(()),
        Err(OperationError::Random(error)) => Err(GenerateError::Random(error)),
        Err(_) => Err(GenerateError::Fault),
    }
}
