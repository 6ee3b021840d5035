//! The private operation against num-bigint, and faults in every place that a private key is used in.

use super::{Seeded, big, engines, hooked, test_components, test_key, uint, with_a_wrong_inverse};
use crate::rsa::private_op::private_op;
use crate::rsa::uint::Uint;
use num_bigint::BigUint;
use sealwire_traits::{OperationError, OsRandom, RandomError, SecureRandom};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

#[test]
fn equals_the_plain_power_of_the_private_exponent() {
    let d = BigUint::from_bytes_be(test_components().d.expose());
    let random = Seeded::new(4);
    for engine in engines() {
        let key = test_key(engine);
        let n = key.public().n();
        let value = big(n.modulus());
        let [p, q] = key.primes().moduli().map(|prime| big(prime.modulus()));
        let edges = [BigUint::ZERO, BigUint::from(1u8), &value - 1u8, p, q];
        let numbers = (0..20).map(|_| big(&Uint::random_below(n.modulus(), 2048, &random).expect("random")));
        for c in numbers.chain(edges) {
            let m = private_op(&key, &uint(&c, n.width()), &OsRandom).expect("a sound key");
            assert_eq!(big(&m), c.modpow(&d, &value), "{engine:?}");
        }
    }
}

#[test]
fn a_fault_in_either_half_withholds_the_result() {
    for sound in engines() {
        for half in [0, 1] {
            let bit = Arc::new(AtomicUsize::new(0));
            let flipped = bit.clone();
            let engine = hooked(sound, move |_, powers| {
                let bit = flipped.load(Ordering::Relaxed);
                powers[half].limbs_mut()[bit / 64] ^= 1 << (bit % 64);
            });
            let key = test_key(engine);
            let c = uint(&BigUint::from(0x1234_5678_u32), key.public().n().width());
            for i in (0..1024).step_by(31) {
                bit.store(i, Ordering::Relaxed);
                assert!(matches!(private_op(&key, &c, &OsRandom), Err(OperationError::Fault)), "half {half}, bit {i}");
            }
        }
    }
}

#[test]
fn a_fault_in_the_unblinding_withholds_the_result_and_is_not_kept() {
    for sound in engines() {
        let key = test_key(with_a_wrong_inverse(sound));
        let c = uint(&BigUint::from(0x1234_5678_u32), key.public().n().width());
        assert!(matches!(private_op(&key, &c, &OsRandom), Err(OperationError::Fault)), "{sound:?}");
        assert!(private_op(&key, &c, &OsRandom).is_ok(), "{sound:?}");
    }
}

#[test]
fn the_powers_are_of_blinded_numbers_that_never_repeat() {
    for sound in engines() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let bases = seen.clone();
        let engine = hooked(sound, move |base, _| bases.lock().expect("unpoisoned").extend(base.map(big)));
        let key = test_key(engine);
        let c = BigUint::from(0x1234_5678_u32);
        for _ in 0..10 {
            private_op(&key, &uint(&c, key.public().n().width()), &OsRandom).expect("a sound key");
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
    assert!(matches!(private_op(&key, &one, &Broken), Err(OperationError::Random(_))));
}
