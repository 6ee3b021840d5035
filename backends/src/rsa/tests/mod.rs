//! Tests of what the crate keeps private. What can be seen from outside is tested in the crate's `tests` folder.

mod exponent;
#[cfg(all(feature = "gmp", target_os = "linux"))]
mod gmp_stack;
mod key;
mod keygen;
mod montgomery;
mod oaep;
mod prime;
mod private_op;
mod uint;

use super::PrivateComponents;
use super::engine::{self, CrtHalf, Engine};
use super::key::PrivateKey;
use super::uint::{Montgomery, Uint};
use num_bigint::BigUint;
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sealwire_traits::{RandomError, SecureRandom};
use std::fmt;
use std::sync::Mutex;

/// Every engine that this build has.
fn engines() -> Vec<&'static dyn Engine> {
    let engines: Vec<_> = [&engine::NUM_BIGINT, &engine::GMP].iter().filter_map(|entry| (entry.load)().ok()).collect();
    assert_eq!(engines.len(), if cfg!(feature = "gmp") { 2 } else { 1 });
    engines
}

/// The key of the self-test.
fn test_components() -> PrivateComponents {
    crate::keys::der::private_from_pkcs8(super::self_test::key().expose()).expect("the test key")
}

fn test_key(engine: &'static dyn Engine) -> PrivateKey {
    PrivateKey::new(engine, &test_components()).expect("the test key")
}

/// A sound engine under a test's hand: `on_powers` sees the bases of the two powers of a private operation and may
/// change the results.
struct Hooked<F> {
    sound: &'static dyn Engine,
    on_powers: F,
}

fn hooked<F>(sound: &'static dyn Engine, on_powers: F) -> &'static dyn Engine
where
    F: Fn([&Uint; 2], &mut [Uint; 2]) + Send + Sync + 'static,
{
    Box::leak(Box::new(Hooked { sound, on_powers }))
}

impl<F> fmt::Debug for Hooked<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hooked({:?})", self.sound)
    }
}

impl<F: Fn([&Uint; 2], &mut [Uint; 2]) + Send + Sync> Engine for Hooked<F> {
    fn pow(&self, modulus: &Montgomery, base: &Uint, exponent: &Uint) -> Uint {
        self.sound.pow(modulus, base, exponent)
    }

    fn crt_pow(&self, halves: [&CrtHalf; 2], bases: [&Uint; 2]) -> [Uint; 2] {
        let mut powers = self.sound.crt_pow(halves, bases);
        (self.on_powers)(bases, &mut powers);
        powers
    }

    fn pow_e(&self, n: &Montgomery, base: &Uint) -> Uint {
        self.sound.pow_e(n, base)
    }

    fn public_pow_e(&self, n: &Uint, base: &Uint) -> Uint {
        self.sound.public_pow_e(n, base)
    }

    fn public_inverse(&self, n: &Uint, x: &Uint) -> Option<Uint> {
        self.sound.public_inverse(n, x)
    }
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

fn big(x: &Uint) -> BigUint {
    BigUint::from_bytes_be(x.to_be_bytes(x.width() * 8).expose())
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
