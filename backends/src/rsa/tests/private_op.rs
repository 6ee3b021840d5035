//! The private operation against num-bigint, and faults in every place that a private key is used in.

use super::{Seeded, big, engines, hooked, test_key, test_keys, uint, with_a_wrong_inverse};
use crate::rsa::private_op::private_op;
use crate::rsa::uint::Uint;
use num_bigint::BigUint;
use sealwire_traits::{OperationError, OsRandom, RandomError, SecureRandom};
use std::sync::{Arc, Mutex};

#[test]
fn equals_the_plain_power_of_the_private_exponent() {
    let random = Seeded::new(4);
    for engine in engines() {
        for key in test_keys(engine) {
            let d = BigUint::from_bytes_be(key.components().d.expose());
            let n = key.public().n();
            let value = big(n.modulus());
            let primes: Vec<_> = key.primes().moduli().iter().map(|prime| big(prime.modulus())).collect();
            let cofactors = primes.iter().map(|prime| &value / prime);
            let edges =
                [BigUint::ZERO, BigUint::from(1u8), &value - 1u8].into_iter().chain(primes.clone()).chain(cofactors);
            let numbers = (0..20).map(|_| big(&Uint::random_below(n.modulus(), n.bits(), &random).expect("random")));
            for c in numbers.chain(edges) {
                let m = private_op(&key, &uint(&c, n.width()), &OsRandom).complete().expect("a sound key");
                assert_eq!(big(&m), c.modpow(&d, &value), "{engine:?}");
            }
        }
    }
}

#[test]
fn a_fault_in_any_power_withholds_the_result() {
    for sound in engines() {
        let place = Arc::new(Mutex::new((0, 0)));
        let flipped = place.clone();
        let engine = hooked(sound, move |_, powers| {
            let (prime, bit): (usize, usize) = *flipped.lock().expect("unpoisoned");
            powers[prime].limbs_mut()[bit / 64] ^= 1 << (bit % 64);
        });
        for key in test_keys(engine) {
            let c = uint(&BigUint::from(0x1234_5678_u32), key.public().n().width());
            for prime in 0..key.primes().moduli().len() {
                for bit in (0..1024).step_by(31) {
                    *place.lock().expect("unpoisoned") = (prime, bit);
                    let withheld = matches!(private_op(&key, &c, &OsRandom).complete(), Err(OperationError::Fault));
                    assert!(withheld, "prime {prime}, bit {bit}");
                }
            }
        }
    }
}

#[test]
fn a_fault_in_the_unblinding_withholds_the_result_and_is_not_kept() {
    for sound in engines() {
        let key = test_key(with_a_wrong_inverse(sound));
        let c = uint(&BigUint::from(0x1234_5678_u32), key.public().n().width());
        assert!(matches!(private_op(&key, &c, &OsRandom).complete(), Err(OperationError::Fault)), "{sound:?}");
        assert!(private_op(&key, &c, &OsRandom).complete().is_ok(), "{sound:?}");
    }
}

#[test]
fn the_powers_are_of_blinded_numbers_that_never_repeat() {
    for sound in engines() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let bases = seen.clone();
        let engine = hooked(sound, move |base, _| bases.lock().expect("unpoisoned").extend(base.iter().map(big)));
        let key = test_key(engine);
        let c = BigUint::from(0x1234_5678_u32);
        for _ in 0..10 {
            private_op(&key, &uint(&c, key.public().n().width()), &OsRandom).complete().expect("a sound key");
        }
        let mut seen = seen.lock().expect("unpoisoned").clone();
        assert!(seen.len() == 20 && !seen.contains(&c));
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 20, "a blinded number came twice");
    }
}

#[test]
fn without_randomness_there_is_no_operation() {
    #[derive(Debug)]
    struct Broken;
    impl SecureRandom for Broken {
        fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
            Err(RandomError("broken".to_owned()))
        }
    }
    let key = test_key(engines()[0]);
    let one = Uint::small(1, key.public().n().width());
    assert!(matches!(private_op(&key, &one, &Broken).complete(), Err(OperationError::Random(_))));
}
