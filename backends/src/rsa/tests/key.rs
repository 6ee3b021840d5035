//! What a key is refused for, number by number, and what is recomputed from the primes.

use super::{Seeded, big, engines, gcd, test_components, test_key, three_prime_components, uint};
use crate::rsa::key::{PrivateKey, PublicKey};
use crate::rsa::keygen::generate;
use crate::rsa::private_op::{private_op, recombine};
use crate::rsa::uint::Uint;
use crate::rsa::{OtherPrime, PrivateComponents, PublicComponents};
use num_bigint::BigUint;
use sealwire_traits::{KeyError, KeySize, OsRandom, SecretBytes, WrappedError};

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
    /// r, its exponent and its coefficient.
    others: Vec<[BigUint; 3]>,
}

impl Numbers {
    fn of_the_test_key() -> Numbers {
        Numbers::of(&test_components())
    }

    fn of_three_primes() -> Numbers {
        Numbers::of(&three_prime_components())
    }

    fn of(c: &PrivateComponents) -> Numbers {
        let read = |bytes: &SecretBytes| BigUint::from_bytes_be(bytes.expose());
        let (n, e) = (BigUint::from_bytes_be(&c.public.n), BigUint::from_bytes_be(&c.public.e));
        let [d, p, q, dp, dq, qinv] = [&c.d, &c.p, &c.q, &c.dp, &c.dq, &c.qinv].map(read);
        let others = c.others.iter().map(|other| [&other.prime, &other.exponent, &other.coefficient].map(read));
        Numbers { n, e, d, p, q, dp, dq, qinv, others: others.collect() }
    }

    /// All numbers that follow from the primes, by the definitions. The order is p, q, and a third one.
    fn from_primes(primes: &[&BigUint]) -> Numbers {
        let e = BigUint::from(65537u32);
        let (p, q) = (primes[0], primes[1]);
        let d = e.modinv(&primes.iter().map(|&prime| prime - 1u8).product()).expect("e is a unit");
        let (dp, dq, qinv) = (&d % (p - 1u8), &d % (q - 1u8), q.modinv(p).expect("q is a unit"));
        let other = |&r: &&BigUint| [r.clone(), &d % (r - 1u8), (p * q).modinv(r).expect("p q is a unit")];
        let others = primes[2..].iter().map(other).collect();
        Numbers { n: primes.iter().copied().product(), e, p: p.clone(), q: q.clone(), dp, dq, qinv, others, d }
    }

    /// The least common multiple of the primes less one.
    fn lcm(&self) -> BigUint {
        let primes = [&self.p, &self.q].into_iter().chain(self.others.iter().map(|other| &other[0]));
        primes.map(|prime| prime - 1u8).reduce(|a, b| &a * &b / gcd(&a, &b)).expect("primes")
    }

    fn key(&self) -> Result<PrivateKey, KeyError> {
        let secret = |x: &BigUint| SecretBytes::new(x.to_bytes_be());
        let public = PublicComponents { n: self.n.to_bytes_be(), e: self.e.to_bytes_be() };
        let [d, p, q, dp, dq, qinv] = [&self.d, &self.p, &self.q, &self.dp, &self.dq, &self.qinv].map(secret);
        let others = self.others.iter().map(|other| {
            let [prime, exponent, coefficient] = other.each_ref().map(secret);
            OtherPrime { prime, exponent, coefficient }
        });
        let others = others.collect();
        PrivateKey::new(engines()[0], &PrivateComponents { public, d, p, q, dp, dq, qinv, others })
    }

    fn refused_as(&self, reason: &str) {
        match self.key() {
            Err(error) => assert!(error.to_string().contains(reason), "{error} instead of {reason}"),
            Ok(_) => panic!("taken instead of: {reason}"),
        }
    }
}

/// That the key works, and puts together what leaves the least and the greatest rests.
fn check_use(numbers: &Numbers) {
    let key = numbers.key().expect("a sound key");
    let c = Uint::random_below(key.public().n().modulus(), key.public().bits(), &OsRandom).expect("random");
    let m = private_op(&key, &c, &OsRandom).complete().expect("a sound key");
    assert_eq!(big(&m), big(&c).modpow(&numbers.d, &numbers.n));
    let primes: Vec<_> = key.primes().moduli().iter().map(|prime| big(prime.modulus())).collect();
    for greatest in 0..1 << primes.len() {
        let rest = |i: usize| if greatest >> i & 1 == 1 { &primes[i] - 1u8 } else { BigUint::ZERO };
        let rests: Vec<_> = (0..primes.len()).map(rest).collect();
        let m = big(&recombine(&key, &rests.iter().map(|rest| uint(rest, 16)).collect::<Vec<_>>()));
        assert!(m < numbers.n && primes.iter().map(|prime| &m % prime).eq(rests));
    }
}

#[test]
fn a_sound_key_is_taken_in_any_order_of_its_primes_and_with_either_d() {
    let good = Numbers::of_the_test_key();
    for primes in [[&good.p, &good.q], [&good.q, &good.p]] {
        let mut numbers = Numbers::from_primes(&primes);
        check_use(&numbers);
        numbers.d = good.d.clone();
        numbers.key().expect("d modulo the least common multiple");
    }
    let good = Numbers::of_three_primes();
    let (p, q, r) = (&good.p, &good.q, &good.others[0][0]);
    for primes in [[p, q, r], [q, p, r], [p, r, q], [r, p, q], [q, r, p], [r, q, p]] {
        check_use(&Numbers::from_primes(&primes));
    }
}

/// Bends one number of a key, and says what the key must be refused for.
fn bend(good: &Numbers, bend: &dyn Fn(&mut Numbers), reason: &str) {
    let mut bent = good.clone();
    bend(&mut bent);
    bent.refused_as(reason);
}

#[test]
fn each_number_is_checked() {
    let good = Numbers::of_the_test_key();
    let bend = |how: &dyn Fn(&mut Numbers), reason: &str| bend(&good, how, reason);
    bend(&|k| k.n += 1u8, "even");
    bend(&|k| k.n += 2u8, "product");
    bend(&|k| k.n >>= 8, "2040 bits");
    bend(&|k| k.n <<= 2049, "4097 bits");
    bend(&|k| k.n = (&k.n << 4) + 1u8, "2052 bits");
    bend(&|k| k.n = BigUint::ZERO, "leading zero");
    bend(&|k| k.e = BigUint::from(3u8), "public exponent is not 65537");
    bend(&|k| k.e = BigUint::from(65539u32), "public exponent is not 65537");
    bend(&|k| k.d += 2u8, "d is not the inverse");
    bend(&|k| k.d <<= 64, "longer");
    bend(&|k| k.d += (&k.p - 1u8) * (&k.q - 1u8), "d is not below");
    bend(&|k| k.dp += 1u8, "exponent of a prime");
    bend(&|k| k.dq -= 1u8, "exponent of a prime");
    bend(&|k| k.dp = BigUint::ZERO, "exponent of a prime");
    bend(&|k| k.qinv += 1u8, "qinv");
    bend(&|k| k.qinv -= 1u8, "qinv");
    bend(&|k| k.p += 1u8, "even");
    bend(&|k| k.q += 2u8, "product");
    bend(&|k| k.p >>= 8, "share");
    bend(&|k| k.q >>= 1, "share");
    bend(&|k| k.q = (&k.q << 1) + 1u8, "longer");
    bend(&|k| k.p <<= 64, "longer");
    bend(&|k| k.q = k.p.clone(), "the same");
    bend(&|k| std::mem::swap(&mut k.p, &mut k.q), "exponent of a prime");
    bend(&|k| (k.p, k.q) = (k.n.clone(), BigUint::from(1u8)), "longer");
    bend(&|k| (k.p, k.q) = (BigUint::ZERO, BigUint::ZERO), "share");
}

#[test]
fn each_number_of_a_third_prime_is_checked() {
    let good = Numbers::of_three_primes();
    let bend = |how: &dyn Fn(&mut Numbers), reason: &str| bend(&good, how, reason);
    bend(&|k| k.others[0][0] += 1u8, "even");
    bend(&|k| k.others[0][0] += 2u8, "product");
    bend(&|k| k.others[0][0] >>= 1, "share");
    bend(&|k| k.others[0][0] <<= 64, "longer");
    bend(&|k| k.others[0][0] = k.p.clone(), "the same");
    bend(&|k| k.others[0][0] = k.q.clone(), "the same");
    bend(&|k| k.others[0][1] += 1u8, "exponent of a prime");
    bend(&|k| k.others[0][1] = BigUint::ZERO, "exponent of a prime");
    bend(&|k| k.others[0][2] += 1u8, "the primes before");
    bend(&|k| k.others[0][2] = BigUint::ZERO, "the primes before");
    bend(&|k| k.qinv = k.others[0][2].clone(), "the primes before");
    bend(&|k| k.d += 2u8, "d is not the inverse");
    bend(&|k| k.others.clear(), "share");
    bend(&|k| k.others.push(k.others[0].clone()), "3072 bits, 4 primes");
    let mut small = Numbers::of_the_test_key();
    small.others = good.others.clone();
    small.refused_as("2048 bits, 3 primes");
}

#[test]
fn three_primes_share_the_bits_as_those_of_openssl_do() {
    let primes = [(1366, 1), (1365, 2), (1365, 3), (1360, 4), (1370, 5)].map(|(bits, seed)| prime_of(bits, seed));
    let [p, q, r, smaller, larger] = &primes;
    assert!(Numbers::from_primes(&[p, q, r]).key().is_ok() && Numbers::from_primes(&[p, r, q]).key().is_ok());
    for primes in [[q, p, r], [q, r, p], [p, smaller, larger], [larger, p, smaller]] {
        let numbers = Numbers::from_primes(&primes);
        assert_eq!(numbers.n.bits(), 4096);
        numbers.refused_as("share");
    }
}

/// A prime of exactly so many bits, with its two highest bits set.
fn prime_of(bits: u64, seed: u64) -> BigUint {
    let one = BigUint::from(1u8);
    let random = big(&Uint::random_bits(64, 1, &Seeded::new(seed)).expect("random"));
    let mut prime = (BigUint::from(7u8) << (bits - 3)) + (random << 1u8) + 1u8;
    while [2u8, 3].iter().any(|&base| BigUint::from(base).modpow(&(&prime - &one), &prime) != one)
        || (&prime - &one) % 65537u32 == BigUint::ZERO
    {
        prime += 2u8;
    }
    prime
}

#[test]
fn numbers_that_are_not_reduced_are_refused() {
    // Primes of 1032 bits leave room in their last limb.
    let key = generate(engines()[0], 2064.into(), &Seeded::new(10), &()).expect("a key");
    let good = Numbers::of(&key.components());
    good.key().expect("as it was made");
    bend(&good, &|k| k.qinv += &k.p, "qinv");
    bend(&good, &|k| k.dp += &k.p - 1u8, "exponent of a prime");
    bend(&good, &|k| k.dq += &k.q - 1u8, "exponent of a prime");
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
    Numbers::from_primes(&[&p, &good.q]).refused_as("not prime");
    Numbers::from_primes(&[&good.q, &p]).refused_as("not prime");
    let three = Numbers::of_three_primes();
    for primes in [[&p, &three.p, &three.q], [&three.p, &p, &three.q], [&three.p, &three.q, &p]] {
        Numbers::from_primes(&primes).refused_as("not prime");
    }
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
        let made =
            PrivateKey::from_primes(engine, 2048.into(), vec![q, p]).expect("primes of a sound key").components();
        assert_eq!(made.public, c.public);
        let numbers = |c: &PrivateComponents| [&c.d, &c.p, &c.q, &c.dp, &c.dq, &c.qinv].map(|x| x.expose().to_vec());
        // OpenSSL reduces d modulo the least common multiple, as FIPS 186-5 does.
        assert_eq!(numbers(&made), numbers(&c));
        assert_eq!(numbers(&test_key(engine).components()), numbers(&c));
    }
}

#[test]
fn the_numbers_that_follow_from_three_primes_are_those_of_openssl() {
    let (c, size) = (three_prime_components(), KeySize { bits: 3072, primes: 3 });
    let numbers = |c: &PrivateComponents| {
        [c.primes(), c.exponents(), c.coefficients()].concat().iter().map(|x| x.expose().to_vec()).collect::<Vec<_>>()
    };
    for engine in engines() {
        let primes = c.primes().into_iter().map(|prime| Uint::from_be_bytes(prime.expose(), 16)).collect();
        let made = PrivateKey::from_primes(engine, size, primes).expect("primes of a sound key").components();
        assert_eq!(made.public, c.public);
        assert_eq!(numbers(&made), numbers(&c));
        let d = |c: &PrivateComponents| BigUint::from_bytes_be(c.d.expose());
        // OpenSSL reduces d modulo the product of the primes less one here.
        let lcm = Numbers::of(&made).lcm();
        assert!(d(&made) == d(&c) % &lcm && d(&made) < lcm);
        let read = PrivateKey::new(engine, &c).expect("a sound key").components();
        assert_eq!((numbers(&read), d(&read)), (numbers(&c), d(&c)));
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
