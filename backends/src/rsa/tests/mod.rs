//! Tests of what the crate keeps private. What can be seen from outside is tested in the crate's `tests` folder.

mod arithmetic;
mod blinding;
mod exponent;
#[cfg(all(feature = "gmp", target_os = "linux"))]
mod gmp_stack;
mod key;
mod keygen;
mod montgomery;
pub(crate) mod numbers;
mod oaep;
mod powers;
mod prime;
mod private_op;
mod sizes;
mod uint;

use numbers::big;

use super::PrivateComponents;
use super::engine::{ENGINES, Engine, Powers};
use super::key::PrivateKey;
use super::uint::{Arithmetic, Montgomery, Uint};
use num_bigint::BigUint;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sealwire_traits::{RandomError, SecureRandom, Slices};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use subtle::ConstantTimeEq;

/// Every engine that this build and this machine have.
fn engines() -> Vec<&'static dyn Engine> {
    let engines: Vec<_> = ENGINES.iter().filter_map(|entry| (entry.load)().ok()).collect();
    let always =
        if cfg!(feature = "gmp") { ["gmp", "num-bigint/portable"].as_slice() } else { &["num-bigint/portable"] };
    for name in always {
        assert!(ENGINES.iter().any(|entry| entry.name == *name && (entry.load)().is_ok()), "{name}");
    }
    engines
}

#[cfg(all(feature = "gmp", target_os = "linux"))]
fn engine_called(name: &str) -> &'static dyn Engine {
    let entry = ENGINES.iter().find(|entry| entry.name == name).expect("listed");
    (entry.load)().expect("can be used here")
}

/// The key of the self-test.
fn test_components() -> PrivateComponents {
    crate::keys::der::private_from_pkcs8(super::self_test::key().expose()).expect("the test key")
}

fn test_key(engine: &'static dyn Engine) -> PrivateKey {
    PrivateKey::new(engine, &test_components()).expect("the test key")
}

/// A sound engine under a test's hand: `on_powers` sees the bases of the powers of a private operation and may change
/// the results; the first inverse may be a wrong one.
struct Hooked<F> {
    sound: &'static dyn Engine,
    on_powers: Arc<F>,
    wrong_inverse: AtomicBool,
}

struct HookedPowers<F> {
    sound: Box<dyn Powers>,
    on_powers: Arc<F>,
}

fn hooked<F>(sound: &'static dyn Engine, on_powers: F) -> &'static dyn Engine
where
    F: Fn(&[Uint], &mut [Uint]) + Send + Sync + 'static,
{
    Box::leak(Box::new(Hooked { sound, on_powers: Arc::new(on_powers), wrong_inverse: AtomicBool::new(false) }))
}

/// An engine whose first inverse is wrong by a bit.
fn with_a_wrong_inverse(sound: &'static dyn Engine) -> &'static dyn Engine {
    let on_powers = Arc::new(|_: &[Uint], _: &mut [Uint]| ());
    Box::leak(Box::new(Hooked { sound, on_powers, wrong_inverse: AtomicBool::new(true) }))
}

impl<F> fmt::Debug for Hooked<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hooked({:?})", self.sound)
    }
}

impl<F: Fn(&[Uint], &mut [Uint]) + Send + Sync + 'static> Engine for Hooked<F> {
    fn arithmetic(&'static self) -> &'static dyn Arithmetic {
        self.sound.arithmetic()
    }

    fn powers(&self, moduli: Vec<Montgomery>) -> Box<dyn Powers> {
        Box::new(HookedPowers { sound: self.sound.powers(moduli), on_powers: self.on_powers.clone() })
    }

    fn pow(&self, modulus: &Montgomery, base: &Uint, exponent: &Uint) -> Uint {
        self.sound.pow(modulus, base, exponent)
    }

    fn pow_e(&self, n: &Montgomery, base: &Uint) -> Uint {
        self.sound.pow_e(n, base)
    }

    fn public_pow_e(&self, n: &Montgomery, base: &Uint) -> Uint {
        self.sound.public_pow_e(n, base)
    }

    fn public_inverse(&self, n: &Uint, x: &Uint) -> Option<Uint> {
        let mut inverse = self.sound.public_inverse(n, x)?;
        inverse.limbs_mut()[3] ^= u64::from(self.wrong_inverse.swap(false, Ordering::Relaxed));
        Some(inverse)
    }
}

impl<F: Fn(&[Uint], &mut [Uint]) + Send + Sync> Powers for HookedPowers<F> {
    fn moduli(&self) -> Vec<&Montgomery> {
        self.sound.moduli()
    }

    fn raising<'a>(&'a self, bases: &'a [Uint], exponents: &'a [Uint]) -> Slices<'a, Vec<Uint>> {
        Slices::new(async move {
            let mut powers = self.sound.raising(bases, exponents).await;
            // Not the test of primality when a key is read, whose base is 2.
            if !bool::from(bases[0].ct_eq(&Uint::small(2, 1))) {
                (self.on_powers)(bases, &mut powers);
            }
            powers
        })
    }
}

/// The key of three primes that `openssl genrsa -primes 3 3072` made for these tests.
fn three_prime_components() -> PrivateComponents {
    let pem = include_bytes!("../../../tests/keys/data/three-primes.pem");
    let pkcs8 = crate::keys::parse_private(pem, &mut || Ok(None)).expect("a PEM file");
    crate::keys::der::private_from_pkcs8(pkcs8.expose()).expect("a key")
}

/// A key of two primes and one of three.
fn test_keys(engine: &'static dyn Engine) -> [PrivateKey; 2] {
    [test_components(), three_prime_components()].map(|c| PrivateKey::new(engine, &c).expect("a test key"))
}

/// A generator that can be repeated.
#[derive(Debug)]
struct Seeded(Mutex<StdRng>);

impl Seeded {
    fn new(seed: u64) -> Seeded {
        Seeded(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl SecureRandom for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        self.0.lock().expect("no panic while locked").fill(bytes);
        Ok(())
    }
}

/// The greatest common divisor, by Euclid.
fn gcd(a: &BigUint, b: &BigUint) -> BigUint {
    let (mut a, mut b) = (a.clone(), b.clone());
    while b != BigUint::ZERO {
        (a, b) = (b.clone(), a % b);
    }
    a
}

fn uint(x: &BigUint, width: usize) -> Uint {
    assert!(x.bits() <= 64 * width as u64);
    Uint::from_be_bytes(&x.to_bytes_be(), width)
}

fn from_limbs(limbs: &[u64]) -> Uint {
    let mut uint = Uint::zero(limbs.len());
    uint.limbs_mut().copy_from_slice(limbs);
    uint
}

/// Limbs at random, the extreme ones much more often than chance would have it.
fn limb() -> impl Strategy<Value = u64> {
    prop_oneof![2 => any::<u64>(), 1 => Just(0), 1 => Just(u64::MAX), 1 => 0u64..3]
}

fn limbs(widths: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(limb(), widths)
}

/// Two numbers of one width.
fn pair() -> impl Strategy<Value = (Vec<u64>, Vec<u64>)> {
    (1usize..=9).prop_flat_map(|width| (limbs(width..=width), limbs(width..=width)))
}
