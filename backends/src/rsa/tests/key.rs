//! What a key is refused for, number by number, and what is recomputed from the primes.

use super::{Seeded, big, engines, test_components, test_key, uint};
use crate::rsa::key::{PrivateKey, PublicKey};
use crate::rsa::keygen::generate;
use crate::rsa::private_op::{private_op, recombine};
use crate::rsa::uint::Uint;
use crate::rsa::{PrivateComponents, PublicComponents};
use num_bigint::BigUint;
use sealwire_traits::{KeyError, OsRandom, SecretBytes, WrappedError};

/// The numbers of a key as num-bigint has them, to be bent.
#[derive(Clone)]
struct Numbers {
    n: BigUint,
    e: BigUint,
    d: BigUint,
    p: BigUint,
    q: BigUint,
    dp: BigUint,
    dq: BigUint,
    qinv: BigUint,
}

impl Numbers {
    fn of_the_test_key() -> Numbers {
        Numbers::of(&test_components())
    }

    fn of(c: &PrivateComponents) -> Numbers {
        let read = |bytes: &SecretBytes| BigUint::from_bytes_be(bytes.expose());
        let (n, e) = (BigUint::from_bytes_be(&c.public.n), BigUint::from_bytes_be(&c.public.e));
        let [d, p, q, dp, dq, qinv] = [&c.d, &c.p, &c.q, &c.dp, &c.dq, &c.qinv].map(read);
        Numbers { n, e, d, p, q, dp, dq, qinv }
    }

    /// All numbers that follow from p and q, by the definitions.
    fn from_primes(p: &BigUint, q: &BigUint) -> Numbers {
        let e = BigUint::from(65537u32);
        let (p1, q1) = (p - 1u8, q - 1u8);
        let d = e.modinv(&(&p1 * &q1)).expect("e is a unit");
        let (dp, dq, qinv) = (&d % p1, &d % q1, q.modinv(p).expect("q is a unit"));
        Numbers { n: p * q, e, d, p: p.clone(), q: q.clone(), dp, dq, qinv }
    }

    fn key(&self) -> Result<PrivateKey, KeyError> {
        let secret = |x: &BigUint| SecretBytes::new(x.to_bytes_be());
        let public = PublicComponents { n: self.n.to_bytes_be(), e: self.e.to_bytes_be() };
        let [d, p, q, dp, dq, qinv] = [&self.d, &self.p, &self.q, &self.dp, &self.dq, &self.qinv].map(secret);
        PrivateKey::new(engines()[0], &PrivateComponents { public, d, p, q, dp, dq, qinv })
    }

    fn refused_as(&self, reason: &str) {
        match self.key() {
            Err(error) => assert!(error.to_string().contains(reason), "{error} instead of {reason}"),
            Ok(_) => panic!("taken instead of: {reason}"),
        }
    }
}

#[test]
fn a_sound_key_is_taken_in_either_order_of_its_primes_and_with_either_d() {
    let good = Numbers::of_the_test_key();
    for (p, q) in [(&good.p, &good.q), (&good.q, &good.p)] {
        let mut numbers = Numbers::from_primes(p, q);
        let key = numbers.key().expect("d modulo (p - 1)(q - 1)");
        let c = Uint::random_below(key.public().n().modulus(), 2048, &OsRandom).expect("random");
        let m = private_op(&key, &c, &OsRandom).expect("a sound key");
        assert_eq!(big(&m), big(&c).modpow(&good.d, &good.n));
        for (m1, m2) in [(BigUint::ZERO, q - 1u8), (p - 1u8, BigUint::ZERO), (p - 1u8, q - 1u8)] {
            let m = big(&recombine(&key, &[uint(&m1, 16), uint(&m2, 16)]));
            assert_eq!((&m % p, &m % q), (m1, m2));
            assert!(m < good.n);
        }
        numbers.d = good.d.clone();
        numbers.key().expect("d modulo the least common multiple");
    }
}

#[test]
fn each_number_is_checked() {
    let good = Numbers::of_the_test_key();
    let bend = |bend: &dyn Fn(&mut Numbers), reason: &str| {
        let mut bent = good.clone();
        bend(&mut bent);
        bent.refused_as(reason);
    };
    bend(&|k| k.n += 1u8, "even");
    bend(&|k| k.n += 2u8, "p * q");
    bend(&|k| k.n >>= 8, "2040 bits");
    bend(&|k| k.n <<= 2049, "4097 bits");
    bend(&|k| k.n = (&k.n << 4) + 1u8, "2052 bits");
    bend(&|k| k.n = BigUint::ZERO, "leading zero");
    bend(&|k| k.e = BigUint::from(3u8), "public exponent is not 65537");
    bend(&|k| k.e = BigUint::from(65539u32), "public exponent is not 65537");
    bend(&|k| k.d += 2u8, "d is not the inverse");
    bend(&|k| k.d <<= 64, "longer");
    bend(&|k| k.d += (&k.p - 1u8) * (&k.q - 1u8), "d is not below");
    bend(&|k| k.dp += 1u8, "dp or dq");
    bend(&|k| k.dq -= 1u8, "dp or dq");
    bend(&|k| k.dp = BigUint::ZERO, "dp or dq");
    bend(&|k| k.qinv += 1u8, "qinv");
    bend(&|k| k.qinv -= 1u8, "qinv");
    bend(&|k| k.p += 1u8, "even");
    bend(&|k| k.q += 2u8, "p * q");
    bend(&|k| k.p >>= 8, "half the size");
    bend(&|k| k.q = (&k.q << 1) + 1u8, "size");
    bend(&|k| k.p <<= 64, "longer");
    bend(&|k| k.q = k.p.clone(), "the same");
    bend(&|k| std::mem::swap(&mut k.p, &mut k.q), "dp or dq");
    bend(&|k| (k.p, k.q) = (k.n.clone(), BigUint::from(1u8)), "longer");
    bend(&|k| (k.p, k.q) = (BigUint::ZERO, BigUint::ZERO), "half the size");
}

#[test]
fn numbers_that_are_not_reduced_are_refused() {
    // Primes of 1032 bits leave room in their last limb.
    let key = generate(engines()[0], 2064, &Seeded::new(10), &()).expect("a key");
    let good = Numbers::of(&key.components());
    good.key().expect("as it was made");
    let bend = |bend: &dyn Fn(&mut Numbers), reason: &str| {
        let mut bent = good.clone();
        bend(&mut bent);
        bent.refused_as(reason);
    };
    bend(&|k| k.qinv += &k.p, "qinv");
    bend(&|k| k.dp += &k.p - 1u8, "dp or dq");
    bend(&|k| k.dq += &k.q - 1u8, "dp or dq");
}

#[test]
fn a_prime_that_is_none_is_refused() {
    let good = Numbers::of_the_test_key();
    // The next odd number for which all the other numbers exist. With a small factor it is no prime.
    let mut p = &good.p + 2u8;
    loop {
        let small = [3u8, 5, 7, 11, 13].iter().any(|s| (&p % *s) == BigUint::ZERO);
        if small && good.q.modinv(&p).is_some() && BigUint::from(65537u32).modinv(&(&p - 1u8)).is_some() {
            break;
        }
        p += 2u8;
    }
    Numbers::from_primes(&p, &good.q).refused_as("not prime");
    Numbers::from_primes(&good.q, &p).refused_as("not prime");
}

#[test]
fn a_prime_next_to_a_multiple_of_e_is_refused() {
    let good = Numbers::of_the_test_key();
    let mut bent = good.clone();
    bent.p = &good.p - (&good.p % 65537u32) + 1u8;
    if !bent.p.bit(0) {
        bent.p += 65537u32;
    }
    bent.n = &bent.p * &bent.q;
    bent.refused_as("multiple of the public exponent");
}

#[test]
fn a_leading_zero_in_the_modulus_is_refused() {
    let mut public = test_components().public;
    public.n.insert(0, 0);
    assert!(matches!(PublicKey::new(engines()[0], public), Err(KeyError::Encoding(_))));
}

#[test]
fn the_numbers_that_follow_from_the_primes_are_those_of_openssl() {
    let c = test_components();
    for engine in engines() {
        let [p, q] = [&c.p, &c.q].map(|prime| Uint::from_be_bytes(prime.expose(), 16));
        let made = PrivateKey::from_primes(engine, 2048, p, q).expect("primes of a sound key").components();
        assert_eq!(made.public, c.public);
        let numbers = |c: &PrivateComponents| [&c.d, &c.p, &c.q, &c.dp, &c.dq, &c.qinv].map(|x| x.expose().to_vec());
        // OpenSSL reduces d modulo the least common multiple, as FIPS 186-5 does.
        assert_eq!(numbers(&made), numbers(&c));
        assert_eq!(numbers(&test_key(engine).components()), numbers(&c));
    }
}

#[test]
fn representatives_are_as_long_as_the_modulus_and_below_it() {
    let key = test_key(engines()[0]);
    let n = big(key.public().n().modulus());
    let represent = |x: &BigUint| key.public().representative(uint(x, 32).to_be_bytes(256).expose()).err();
    assert_eq!(represent(&(&n - 1u8)), None);
    assert_eq!(represent(&n), Some(WrappedError::Range));
    assert_eq!(represent(&(&n + 1u8)), Some(WrappedError::Range));
    for got in [0, 255, 257, 10_000] {
        let refused = key.public().representative(&vec![0; got]).err();
        assert_eq!(refused, Some(WrappedError::Length { expected: 256, got }));
    }
}
