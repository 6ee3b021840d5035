//! The factors of the blinding: that they undo each other, never come twice, and are renewed.

use super::{Seeded, big, engines, test_key, three_prime_components};
use crate::rsa::blinding::{Blinding, Factors};
use crate::rsa::key::{PrivateKey, PublicKey};
use crate::rsa::uint::Uint;
use num_bigint::BigUint;
use sealwire_traits::{OsRandom, RandomError, SecureRandom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

fn draw(key: &PrivateKey, blinding: &Blinding, random: &dyn SecureRandom) -> Factors {
    blinding.factors(key.public(), random).expect("random")
}

/// The number that a factor stands for.
fn plain(key: &PrivateKey, factor: &Uint) -> BigUint {
    big(&key.public().mul_entered(&Uint::small(1, factor.width()), factor))
}

#[test]
fn what_one_factor_blinds_the_other_unblinds() {
    for engine in engines() {
        let key = test_key(engine);
        let n = big(key.public().n().modulus());
        // A first number, the eight that are made together, and one of the next eight.
        for _ in 0..64 * 9 + 1 {
            let Factors { blind, unblind } = draw(&key, key.blinding(), &OsRandom);
            let [blind, unblind] = [blind, unblind].map(|factor| plain(&key, &factor));
            let undone = unblind.modpow(&BigUint::from(65537u32), &n) * blind % &n;
            assert_eq!(undone, BigUint::from(1u8), "{engine:?}");
        }
    }
}

/// Counts the draws.
#[derive(Debug)]
struct Counting(Seeded, AtomicUsize);

impl SecureRandom for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.fill(bytes)
    }
}

#[test]
fn factors_are_random_anew_after_64_operations_and_after_a_fault() {
    let key = test_key(engines()[0]);
    let n = big(key.public().n().modulus());
    let random = Counting(Seeded::new(13), AtomicUsize::new(0));
    let draws = || random.1.load(Ordering::Relaxed);
    let blinding = Blinding::default();
    let mut last = BigUint::default();
    for i in 0..64 * 18 {
        let before = draws();
        let unblind = plain(&key, &draw(&key, &blinding, &random).unblind);
        let is_square = unblind == &last * &last % &n;
        assert_eq!(is_square, i % 64 != 0, "use {i}");
        // One by itself, then eight at a time.
        assert_eq!(draws() > before, i == 0 || i % 512 == 64, "use {i}");
        last = unblind;
    }
    blinding.forget();
    let before = draws();
    draw(&key, &blinding, &random);
    let after = draws();
    assert!(after > before);
    draw(&key, &blinding, &random);
    assert_eq!(draws(), after);
}

#[test]
fn a_panic_leaves_no_factors_and_a_lock_that_still_works() {
    let key = test_key(engines()[0]);
    let random = Counting(Seeded::new(14), AtomicUsize::new(0));
    let draws = || random.1.load(Ordering::Relaxed);
    let blinding = Blinding::default();
    draw(&key, &blinding, &random);
    let before = draws();
    // A modulus of another width than the factors.
    let other = PublicKey::new(engines()[0], three_prime_components().public).expect("a key");
    let misuse = || blinding.factors(&other, &random);
    assert!(catch_unwind(AssertUnwindSafe(misuse)).is_err());
    assert_eq!(draws(), before, "it was the factors at hand that did not fit");
    draw(&key, &blinding, &random);
    let fresh = draws();
    assert!(fresh > before);
    draw(&key, &blinding, &random);
    assert_eq!(draws(), fresh);
}

#[test]
fn threads_that_share_a_key_never_get_the_same_factor() {
    let key = test_key(engines()[0]);
    let seen = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let factor = big(&draw(&key, key.blinding(), &OsRandom).blind);
                    seen.lock().expect("unpoisoned").push(factor);
                }
            });
        }
    });
    let mut seen = seen.into_inner().expect("unpoisoned");
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 200);
}

#[test]
fn a_generator_that_fails_leaves_the_old_factors_alone() {
    #[derive(Debug)]
    struct Failing;
    impl SecureRandom for Failing {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
            Err(RandomError("broken".to_owned()))
        }
    }
    let key = test_key(engines()[0]);
    let blinding = Blinding::default();
    assert!(blinding.factors(key.public(), &Failing).is_err());
    draw(&key, &blinding, &OsRandom);
    assert!((0..63).all(|_| blinding.factors(key.public(), &Failing).is_ok()));
    assert!(blinding.factors(key.public(), &Failing).is_err());
}
