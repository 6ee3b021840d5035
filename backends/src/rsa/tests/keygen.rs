//! Generated keys against the bounds of FIPS 186-5, and what goes wrong on the way.

use super::{Seeded, big, engines, hooked, test_components, uint};
use crate::rsa::engine::Engine;
use crate::rsa::keygen::{far_apart, generate};
use num_bigint::BigUint;
use sealwire_traits::{GenerateError, KeygenEvent, KeygenObserver, RandomError, SecretBytes, SecureRandom};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

fn check_bounds(engine: &'static dyn Engine, bits: usize, seed: u64) {
    let key = generate(engine, bits, &Seeded::new(seed), &()).expect("a key").components();
    let read = |bytes: &SecretBytes| BigUint::from_bytes_be(bytes.expose());
    let [d, p, q, dp, dq, qinv] = [&key.d, &key.p, &key.q, &key.dp, &key.dq, &key.qinv].map(read);
    let n = BigUint::from_bytes_be(&key.public.n);
    let (one, e) = (BigUint::from(1u8), BigUint::from_bytes_be(&key.public.e));
    let power = |exponent: usize| BigUint::from(1u8) << exponent;
    assert_eq!((n.bits(), e.clone()), (bits as u64, BigUint::from(65537u32)));
    assert_eq!(n, &p * &q);
    for prime in [&p, &q] {
        // p >= sqrt(2) 2^(bits/2 - 1), squared.
        assert!(prime.bits() == bits as u64 / 2 && prime * prime >= power(bits - 1));
        for base in [2u8, 3, 5] {
            assert_eq!(BigUint::from(base).modpow(&(prime - &one), prime), one, "Fermat's test");
        }
    }
    assert!(p > q && &p - &q > power(bits / 2 - 100));
    let (p1, q1) = (&p - &one, &q - &one);
    let (mut a, mut b) = (p1.clone(), q1.clone());
    while b != BigUint::ZERO {
        (a, b) = (b.clone(), a % b);
    }
    let lcm = &p1 * &q1 / a;
    assert!(d < lcm && d > power(bits / 2));
    assert_eq!(&d * &e % lcm, one);
    assert_eq!((dp, dq), (&d % &p1, &d % &q1));
    assert!(qinv < p && &qinv * &q % &p == one);
}

#[test]
fn keys_are_within_the_bounds_of_the_standard() {
    for engine in engines() {
        for (seed, bits) in [2048, 2048, 2064, 2192, 3072].into_iter().enumerate() {
            check_bounds(engine, bits, seed as u64);
        }
    }
}

#[test]
#[ignore = "minutes: every size from 2048 to 4096 bits in steps of 128, on every engine"]
fn keys_of_every_size_are_within_the_bounds_of_the_standard() {
    for engine in engines() {
        for bits in (2048..=4096).step_by(128) {
            check_bounds(engine, bits, bits as u64);
        }
    }
}

#[test]
fn sizes_that_are_not_made_are_refused() {
    for bits in [0, 1024, 2047, 2040, 2056, 4097, 4104, 4112, usize::MAX] {
        let refused = generate(engines()[0], bits, &Seeded::new(1), &());
        assert!(matches!(refused, Err(GenerateError::Bits(b)) if b == bits));
    }
}

/// Gives the same byte for ever.
#[derive(Debug)]
struct Stuck(u8);

impl SecureRandom for Stuck {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        bytes.fill(self.0);
        Ok(())
    }
}

#[test]
fn a_stuck_generator_ends_the_search() {
    // All zeros are always too small; 0xee...ef is large enough and divisible by 3.
    assert!(matches!(generate(engines()[0], 2048, &Stuck(0), &()), Err(GenerateError::Exhausted(256))));
    assert!(matches!(generate(engines()[0], 2048, &Stuck(0xee), &()), Err(GenerateError::Exhausted(10_240))));
}

/// A prime at the first call, and then numbers that the sieve refuses.
#[derive(Debug)]
struct OncePrime(AtomicBool);

impl SecureRandom for OncePrime {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        match self.0.swap(true, Ordering::Relaxed) {
            false => bytes.copy_from_slice(test_components().p.expose()),
            true => bytes.fill(0xee),
        }
        Ok(())
    }
}

#[test]
fn a_candidate_that_is_left_over_is_not_tested() {
    let counter = Counter::default();
    let outcome = generate(engines()[0], 2048, &OncePrime(AtomicBool::new(false)), &counter);
    assert!(matches!(outcome, Err(GenerateError::Exhausted(10_240))));
    assert_eq!((counter.candidates.into_inner(), counter.rounds.into_inner()), (1, 0));
}

/// Gives nothing.
#[derive(Debug)]
struct Failing;

impl SecureRandom for Failing {
    fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
        Err(RandomError("broken".to_owned()))
    }
}

#[test]
fn a_failing_generator_ends_the_search() {
    assert!(matches!(generate(engines()[0], 2048, &Failing, &()), Err(GenerateError::Random(_))));
}

/// Counts the events, and stops at the first prime if it is told to.
#[derive(Default)]
struct Counter {
    candidates: AtomicUsize,
    rounds: AtomicUsize,
    primes: AtomicUsize,
    stop_at_prime: bool,
}

impl KeygenObserver for Counter {
    fn event(&self, event: KeygenEvent) {
        let counter = match event {
            KeygenEvent::Candidate => &self.candidates,
            KeygenEvent::Round => &self.rounds,
            KeygenEvent::Prime => &self.primes,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
    fn cancelled(&self) -> bool {
        self.stop_at_prime && self.primes.load(Ordering::Relaxed) > 0
    }
}

#[test]
fn the_observer_is_told_of_each_step_and_can_stop() {
    let counter = Counter::default();
    generate(engines()[0], 2048, &Seeded::new(2), &counter).expect("a key");
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    assert_eq!((count(&counter.primes), count(&counter.rounds)), (2, 10));
    assert!(count(&counter.candidates) > 2);
    let stopping = Counter { stop_at_prime: true, ..Counter::default() };
    assert!(matches!(generate(engines()[0], 2048, &Seeded::new(2), &stopping), Err(GenerateError::Cancelled)));
    assert_eq!(count(&stopping.primes), 1);
    // Also while the sieve lets nothing through.
    let stopped = Counter { primes: AtomicUsize::new(1), stop_at_prime: true, ..Counter::default() };
    assert!(matches!(generate(engines()[0], 2048, &Stuck(0xee), &stopped), Err(GenerateError::Cancelled)));
}

#[test]
fn primes_must_be_further_apart_than_the_bound() {
    let a = uint(&(BigUint::from(3u8) << 1022), 16);
    let distances: [(BigUint, bool); 6] = [
        (BigUint::ZERO, false),
        (BigUint::from(2u8), false),
        ((BigUint::from(1u8) << 924) - 1u8, false),
        (BigUint::from(1u8) << 924, false),
        ((BigUint::from(1u8) << 924) + 1u8, true),
        (BigUint::from(1u8) << 1000, true),
    ];
    for (distance, far) in distances {
        let b = uint(&(big(&a) + &distance), 16);
        assert_eq!((far_apart(&a, &b, 1024), far_apart(&b, &a, 1024)), (far, far), "{distance}");
    }
}

#[test]
fn a_machine_that_computes_wrongly_makes_no_key() {
    for sound in engines() {
        // Sound until the primes are found: the search would come to no end otherwise.
        let counter = Arc::new(Counter::default());
        let seen = counter.clone();
        let engine = hooked(sound, move |_, powers| {
            if seen.primes.load(Ordering::Relaxed) == 2 {
                powers[1].limbs_mut()[3] ^= 4;
            }
        });
        assert!(matches!(generate(engine, 2048, &Seeded::new(8), &*counter), Err(GenerateError::Fault)));
    }
}
