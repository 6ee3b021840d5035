//! Generated keys against the bounds of FIPS 186-5, and what goes wrong on the way.

use super::{Seeded, big, engines, gcd, hooked, test_components, uint};
use crate::rsa::engine::Engine;
use crate::rsa::keygen::{far_apart, generate};
use num_bigint::BigUint;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sealwire_traits::{GenerateError, KeySize, KeygenEvent, KeygenObserver, RandomError, SecretBytes, SecureRandom};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

fn check_bounds(engine: &'static dyn Engine, size: KeySize, seed: u64) {
    let key = generate(engine, size, &Seeded::new(seed), &()).expect("a key").components();
    let read = |bytes: &SecretBytes| BigUint::from_bytes_be(bytes.expose());
    let numbers = |numbers: Vec<&SecretBytes>| numbers.into_iter().map(read).collect::<Vec<_>>();
    let (primes, d, n) = (numbers(key.primes()), read(&key.d), BigUint::from_bytes_be(&key.public.n));
    let (one, e) = (BigUint::from(1u8), BigUint::from_bytes_be(&key.public.e));
    let power = |exponent: usize| BigUint::from(1u8) << exponent;
    assert_eq!((n.bits(), e.clone()), (size.bits as u64, BigUint::from(65537u32)));
    assert_eq!((n, primes.len()), (primes.iter().product(), size.primes));
    for (i, prime) in primes.iter().enumerate() {
        let bits = size.bits / size.primes + usize::from(i == 1 && size == KeySize { bits: 4096, primes: 3 });
        // p >= 2^(bits - 1/u), to the power of u.
        assert!(prime.bits() == bits as u64 && prime.pow(size.primes as u32) >= power(size.primes * bits - 1));
        for base in [2u8, 3, 5] {
            assert_eq!(BigUint::from(base).modpow(&(prime - &one), prime), one, "Fermat's test");
        }
        for other in &primes[..i] {
            assert!(prime.max(other) - prime.min(other) > power(bits - 100));
        }
    }
    assert!(primes[1] > primes[0], "p > q");
    let lcm = primes.iter().map(|prime| prime - &one).reduce(|a, b| &a * &b / gcd(&a, &b)).expect("primes");
    assert!(d < lcm && d > power(size.bits / 2));
    assert_eq!(&d * &e % lcm, one);
    assert_eq!(numbers(key.exponents()), primes.iter().map(|prime| &d % (prime - &one)).collect::<Vec<_>>());
    for (i, coefficient) in numbers(key.coefficients()).iter().enumerate() {
        let (prime, before) = (&primes[i + 1], primes[..=i].iter().product::<BigUint>());
        assert!(coefficient < prime && coefficient * before % prime == one);
    }
}

#[test]
fn keys_are_within_the_bounds_of_the_standard() {
    for engine in engines() {
        for (seed, bits) in [2048, 2048, 2064, 2192, 3072].into_iter().enumerate() {
            check_bounds(engine, bits.into(), seed as u64);
        }
        for bits in [3072, 4096] {
            check_bounds(engine, KeySize { bits, primes: 3 }, bits as u64);
        }
    }
}

#[test]
#[ignore = "minutes: every size from 2048 to 4096 bits in steps of 128, on every engine"]
fn keys_of_every_size_are_within_the_bounds_of_the_standard() {
    for engine in engines() {
        for bits in (2048..=4096).step_by(128) {
            check_bounds(engine, bits.into(), bits as u64);
        }
    }
}

#[test]
fn sizes_that_are_not_made_are_refused() {
    for bits in [0, 1024, 2047, 2040, 2056, 4097, 4104, 4112, usize::MAX] {
        let refused = generate(engines()[0], bits.into(), &Seeded::new(1), &());
        assert!(matches!(refused, Err(GenerateError::Bits(b)) if b == bits));
    }
    for (bits, primes) in
        [(2048, 3), (3056, 3), (3088, 3), (4080, 3), (3072, 1), (3072, 0), (3072, 4), (4096, usize::MAX)]
    {
        let size = KeySize { bits, primes };
        let refused = generate(engines()[0], size, &Seeded::new(1), &());
        assert!(matches!(refused, Err(GenerateError::Primes(s)) if s == size), "{size}");
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
    assert!(matches!(generate(engines()[0], 2048.into(), &Stuck(0), &()), Err(GenerateError::Exhausted(256))));
    assert!(matches!(generate(engines()[0], 2048.into(), &Stuck(0xee), &()), Err(GenerateError::Exhausted(10_240))));
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
    let outcome = generate(engines()[0], 2048.into(), &OncePrime(AtomicBool::new(false)), &counter);
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
    assert!(matches!(generate(engines()[0], 2048.into(), &Failing, &()), Err(GenerateError::Random(_))));
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
    generate(engines()[0], 2048.into(), &Seeded::new(2), &counter).expect("a key");
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    assert_eq!((count(&counter.primes), count(&counter.rounds)), (2, 10));
    assert!(count(&counter.candidates) > 2);
    let stopping = Counter { stop_at_prime: true, ..Counter::default() };
    assert!(matches!(generate(engines()[0], 2048.into(), &Seeded::new(2), &stopping), Err(GenerateError::Cancelled)));
    assert_eq!(count(&stopping.primes), 1);
    // Also while the sieve lets nothing through.
    let stopped = Counter { primes: AtomicUsize::new(1), stop_at_prime: true, ..Counter::default() };
    assert!(matches!(generate(engines()[0], 2048.into(), &Stuck(0xee), &stopped), Err(GenerateError::Cancelled)));
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

/// Gives, from the second prime on, the same numbers again as at the beginning.
#[derive(Debug)]
struct Replaying {
    stream: Mutex<StdRng>,
    primes: AtomicUsize,
}

impl Replaying {
    fn stream() -> StdRng {
        StdRng::seed_from_u64(15)
    }
}

impl SecureRandom for Replaying {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        self.stream.lock().expect("unpoisoned").fill(bytes);
        Ok(())
    }
}

impl KeygenObserver for Replaying {
    fn event(&self, event: KeygenEvent) {
        if event == KeygenEvent::Prime && self.primes.fetch_add(1, Ordering::Relaxed) == 1 {
            *self.stream.lock().expect("unpoisoned") = Replaying::stream();
        }
    }
}

#[test]
fn a_third_prime_keeps_its_distance_from_the_first() {
    let replaying = Replaying { stream: Mutex::new(Replaying::stream()), primes: AtomicUsize::new(0) };
    let key = generate(engines()[0], KeySize { bits: 3072, primes: 3 }, &replaying, &replaying).expect("a key");
    assert_eq!(replaying.primes.into_inner(), 3);
    let primes: Vec<_> = key.primes().moduli().iter().map(|prime| big(prime.modulus())).collect();
    assert!(primes[2] != primes[0] && primes[2] != primes[1]);
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
        assert!(matches!(generate(engine, 2048.into(), &Seeded::new(8), &*counter), Err(GenerateError::Fault)));
    }
}
