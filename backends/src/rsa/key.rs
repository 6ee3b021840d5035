//! RSA keys whose numbers have been checked (RFC 8017 section 3). Nothing above this file ever holds a key that has not
//! been.

use super::blinding::Blinding;
use super::engine::{Engine, Powers, PublicModulus};
use super::exponent::{self, E};
use super::prime;
use super::size::{prime_bits, primes_allowed};
use super::uint::{Montgomery, Uint, gcd, limbs_for};
use super::{OtherPrime, PrivateComponents, PublicComponents};
use sealwire_traits::{KeyError, KeySize, SecretBytes, WrappedError};
use subtle::{Choice, ConstantTimeEq, ConstantTimeLess};

/// Sizes that are taken, in bits.
const SIZES: std::ops::RangeInclusive<usize> = 2048..=4096;

/// A sound public key and the engine that computes with it.
pub(crate) struct PublicKey {
    engine: &'static dyn Engine,
    components: PublicComponents,
    n: Montgomery,
    prepared: Option<Box<dyn PublicModulus>>,
}

impl PublicKey {
    /// Checks n (odd, 2048 to 4096 bits, a multiple of 8) and e (65537).
    ///
    /// # Errors
    /// [`KeyError`] names what is wrong.
    pub(crate) fn new(engine: &'static dyn Engine, components: PublicComponents) -> Result<PublicKey, KeyError> {
        let n = components.n.as_slice();
        let bits = n.first().map_or(0, |top| n.len() * 8 - top.leading_zeros() as usize);
        if n.first() == Some(&0) {
            return Err(KeyError::Encoding("the modulus has a leading zero".to_owned()));
        }
        if !SIZES.contains(&bits) || !bits.is_multiple_of(8) {
            return Err(KeyError::Bits(bits));
        }
        if n.last().is_none_or(|low| low % 2 == 0) {
            return Err(KeyError::Unsound("the modulus is even"));
        }
        if components.e != e_bytes() {
            return Err(KeyError::Unsound("the public exponent is not 65537, the only one that is taken"));
        }
        let n = Montgomery::new(engine.arithmetic(), Uint::from_be_bytes(n, limbs_for(bits)), bits);
        let prepared = engine.prepare_public(&n);
        Ok(PublicKey { engine, components, n, prepared })
    }

    /// The engine.
    pub(crate) fn engine(&self) -> &'static dyn Engine {
        self.engine
    }

    /// n and e, encoded.
    pub(crate) fn components(&self) -> &PublicComponents {
        &self.components
    }

    /// The modulus.
    pub(crate) fn n(&self) -> &Montgomery {
        &self.n
    }

    /// Size of the modulus in bits, a multiple of 8.
    pub(crate) fn bits(&self) -> usize {
        self.n.bits()
    }

    /// Bytes in the modulus: `k` of RFC 8017.
    pub(crate) fn len(&self) -> usize {
        self.components.n.len()
    }

    /// `base^e mod n` for a secret base below n.
    pub(crate) fn pow_e(&self, base: &Uint) -> Uint {
        self.prepared.as_ref().map_or_else(|| self.engine.pow_e(&self.n, base), |n| n.pow_e(base))
    }

    /// The same where all is public.
    pub(crate) fn public_pow_e(&self, base: &Uint) -> Uint {
        self.prepared.as_ref().map_or_else(|| self.engine.public_pow_e(&self.n, base), |n| n.pow_e(base))
    }

    /// Brings a number below n into the form of a factor, which is the engine's own.
    pub(crate) fn enter(&self, x: &Uint) -> Uint {
        self.prepared.as_ref().map_or_else(|| self.n.enter(x), |n| n.enter(x))
    }

    /// `a b mod n` for secret numbers, in the form that `a` has, for a factor `b`.
    pub(crate) fn mul_entered(&self, a: &Uint, b: &Uint) -> Uint {
        self.prepared.as_ref().map_or_else(|| self.n.mul_entered(a, b), |n| n.mul_entered(a, b))
    }

    /// `a^2 mod n` for a secret number, both factors.
    pub(crate) fn square_entered(&self, a: &Uint) -> Uint {
        self.prepared.as_ref().map_or_else(|| self.n.square_entered(a), |n| n.square_entered(a))
    }

    /// OS2IP (RFC 8017 section 4.2) of `len()` bytes that stand for a number below n.
    ///
    /// # Errors
    /// [`WrappedError`] when the length or the number is not that of a representative.
    pub(crate) fn representative(&self, bytes: &[u8]) -> Result<Uint, WrappedError> {
        if bytes.len() != self.len() {
            return Err(WrappedError::Length { expected: self.len(), got: bytes.len() });
        }
        let x = Uint::from_be_bytes(bytes, self.n.width());
        if bool::from(x.ct_lt(self.n.modulus())) { Ok(x) } else { Err(WrappedError::Range) }
    }
}

/// e, big-endian without leading zeros.
fn e_bytes() -> Vec<u8> {
    E.to_be_bytes()[1..].to_vec()
}

/// A sound private key. Its primes stand in the order in which the recombination takes them: q, p, and a third one.
pub(crate) struct PrivateKey {
    public: PublicKey,
    d: Uint,
    primes: Box<dyn Powers>,
    exponents: Vec<Uint>,
    steps: Vec<Step>,
    blinding: Blinding,
}

/// What the recombination needs to go on to another prime.
pub(crate) struct Step {
    /// The product of the primes before this one.
    pub(crate) product: Uint,
    /// Its inverse modulo this prime, in Montgomery form: qInv, or t of RFC 8017 section 3.2.
    pub(crate) coefficient: Uint,
}

impl PrivateKey {
    /// Checks that the numbers make a key: those of the public half, how many primes there are and of which sizes, that
    /// their product is n, and each private number against the others. One round of Miller-Rabin each tells primes from
    /// slips of the pen (not from malice: whoever makes a key can betray himself more easily than that).
    ///
    /// # Errors
    /// [`KeyError`] names the first check that failed. Nothing else about the secret numbers shows in result or time.
    pub(crate) fn new(engine: &'static dyn Engine, components: &PrivateComponents) -> Result<PrivateKey, KeyError> {
        let public = PublicKey::new(engine, components.public.clone())?;
        let size = KeySize { bits: public.bits(), primes: components.primes().len() };
        if !primes_allowed(size) {
            return Err(KeyError::Primes(size));
        }
        let width = limbs_for(size.bits.div_ceil(size.primes));
        let primes = read_all(components.primes(), width)?;
        let exponents = read_all(components.exponents(), width)?;
        let coefficients = read_all(components.coefficients(), width)?;
        let d = read(&components.d, public.n.width())?;
        check_primes(&primes, size)?;
        let (all, products) = products(&primes);
        ensure(all.ct_eq(public.n.modulus()), "the product of the primes is not the modulus")?;
        ensure(d.ct_lt(public.n.modulus()), "d is not below the modulus")?;
        let exponents = primes.iter().zip(exponents).map(|(prime, exponent)| checked_exponent(prime, exponent, &d));
        let exponents = exponents.collect::<Result<_, _>>()?;
        let primes = prepare(engine, primes, size);
        let further = primes.moduli().into_iter().skip(1).zip(products).zip(&coefficients);
        let steps = further.map(|((prime, product), coefficient)| Step::new(prime, product, coefficient));
        let steps = steps.collect::<Result<_, _>>()?;
        ensure(prime::all_pass_base_two(&*primes), "a prime is not prime")?;
        Ok(PrivateKey { public, d, primes, exponents, steps, blinding: Blinding::default() })
    }

    /// Computes a key from different odd primes of the sizes that [`prime_bits`] says (FIPS 186-5 appendix A.1.1, and
    /// RFC 8017 section 3.2 for what belongs to a third one). None when e has no inverse or d is not above
    /// 2^(bits / 2), as chance would have it, and also when the primes are none.
    pub(crate) fn from_primes(engine: &'static dyn Engine, size: KeySize, primes: Vec<Uint>) -> Option<PrivateKey> {
        let (n, products) = products(&primes);
        let n = n.to_be_bytes(size.bits / 8).expose().to_vec();
        let public = PublicKey::new(engine, PublicComponents { n, e: e_bytes() }).ok()?;
        let d = private_exponent(&primes)?.resized(public.n.width());
        let mut d_above = d.duplicate();
        d_above.shr_public(size.bits / 2);
        if bool::from(d_above.is_zero()) {
            return None;
        }
        let exponents =
            primes.iter().map(|prime| exponent::inverse_mod(&prime.minus_small(1))).collect::<Option<_>>()?;
        let primes = prepare(engine, primes, size);
        let further = primes.moduli().into_iter().skip(1).zip(products);
        let steps = further.map(|(prime, product)| {
            // By Fermat 1/x = x^(r - 2) mod r.
            let inverse = engine.pow(prime, &prime.reduce(&product), &prime.modulus().minus_small(2));
            Step::new(prime, product, &inverse)
        });
        let steps = steps.collect::<Result<_, _>>().ok()?;
        Some(PrivateKey { public, d, primes, exponents, steps, blinding: Blinding::default() })
    }

    /// The public half.
    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The primes, prepared: q, p, and a third one.
    pub(crate) fn primes(&self) -> &dyn Powers {
        &*self.primes
    }

    /// For each prime r what d leaves modulo r - 1, as wide as the primes.
    pub(crate) fn exponents(&self) -> &[Uint] {
        &self.exponents
    }

    /// For each prime from the second on, how the recombination goes on to it.
    pub(crate) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Where the factors of the blinding come from.
    pub(crate) fn blinding(&self) -> &Blinding {
        &self.blinding
    }

    /// The numbers as bytes, for a file.
    pub(crate) fn components(&self) -> PrivateComponents {
        let primes = self.primes.moduli();
        let prime = |i: usize| write(primes[i].modulus());
        let exponent = |i: usize| write(&self.exponents[i]);
        let coefficient = |i: usize| write(&primes[i].leave(&self.steps[i - 1].coefficient));
        let other = |i| OtherPrime { prime: prime(i), exponent: exponent(i), coefficient: coefficient(i) };
        PrivateComponents {
            public: self.public.components.clone(),
            d: write(&self.d),
            p: prime(1),
            q: prime(0),
            dp: exponent(1),
            dq: exponent(0),
            qinv: coefficient(1),
            others: (2..primes.len()).map(other).collect(),
        }
    }
}

impl Step {
    /// Checks that `coefficient` is the inverse of `product` modulo `prime`.
    fn new(prime: &Montgomery, product: Uint, coefficient: &Uint) -> Result<Step, KeyError> {
        const OTHERWISE: &str = "qinv or t is not the inverse of the primes before";
        ensure(coefficient.ct_lt(prime.modulus()), OTHERWISE)?;
        let coefficient = prime.enter(coefficient);
        let unit = prime.mul_entered(&prime.reduce(&product), &coefficient);
        ensure(unit.ct_eq(&Uint::small(1, prime.width())), OTHERWISE)?;
        Ok(Step { product, coefficient })
    }
}

fn prepare(engine: &'static dyn Engine, primes: Vec<Uint>, size: KeySize) -> Box<dyn Powers> {
    let sized = primes.into_iter().zip(prime_bits(size));
    engine.powers(sized.map(|(prime, bits)| Montgomery::new(engine.arithmetic(), prime, bits)).collect())
}

/// The product of all, and those of the first prime alone, of the first two, and so on up to all but the last.
fn products(primes: &[Uint]) -> (Uint, Vec<Uint>) {
    let mut parts = Vec::new();
    let mut product = primes[0].duplicate();
    for prime in &primes[1..] {
        let next = product.mul(prime);
        parts.push(std::mem::replace(&mut product, next));
    }
    (product, parts)
}

/// d = 1/e mod the least common multiple of all primes less one (FIPS 186-5 appendix A.1.1; RFC 8017 section 3.2).
fn private_exponent(primes: &[Uint]) -> Option<Uint> {
    let mut orders = primes.iter().map(|prime| prime.minus_small(1));
    let first = orders.next()?;
    let lcm = orders.fold(first, |lcm, order| {
        // What they have in common is what the order has in common with the rest that it leaves.
        let (quotient, _) = order.div_rem(&gcd(&lcm.rem(&order), &order));
        lcm.mul(&quotient)
    });
    exponent::inverse_mod(&lcm)
}

fn read_all(numbers: Vec<&SecretBytes>, width: usize) -> Result<Vec<Uint>, KeyError> {
    numbers.into_iter().map(|number| read(number, width)).collect()
}

/// Reads a private number that fits `width` limbs.
fn read(bytes: &SecretBytes, width: usize) -> Result<Uint, KeyError> {
    if bytes.expose().len() > width * 8 {
        return Err(KeyError::Unsound("a private number is longer than the size of the modulus allows"));
    }
    Ok(Uint::from_be_bytes(bytes.expose(), width))
}

/// Checks the primes for all that can be seen of them without the other numbers.
fn check_primes(primes: &[Uint], size: KeySize) -> Result<(), KeyError> {
    for (i, (prime, bits)) in primes.iter().zip(prime_bits(size)).enumerate() {
        ensure(prime.has_bit_len(bits), "a prime has not its share of the bits of the modulus")?;
        ensure(prime.is_odd(), "a prime is even")?;
        for other in &primes[..i] {
            ensure(!prime.ct_eq(other), "two primes are the same")?;
        }
    }
    Ok(())
}

/// Checks one prime's private exponent: the inverse of e modulo p - 1, and what d leaves there.
fn checked_exponent(prime: &Uint, exponent: Uint, d: &Uint) -> Result<Uint, KeyError> {
    let order = prime.minus_small(1);
    let inverse = exponent::inverse_mod(&order)
        .ok_or(KeyError::Unsound("a prime minus one is a multiple of the public exponent"))?;
    ensure(exponent.ct_eq(&inverse), "the exponent of a prime is not the inverse of e")?;
    ensure(d.rem(&order).ct_eq(&exponent), "d is not the inverse of e")?;
    Ok(exponent)
}

fn ensure(sound: Choice, otherwise: &'static str) -> Result<(), KeyError> {
    if bool::from(sound) { Ok(()) } else { Err(KeyError::Unsound(otherwise)) }
}

/// Big-endian, without leading zeros. That their number shows is in the nature of DER.
fn write(x: &Uint) -> SecretBytes {
    let padded = x.to_be_bytes(x.width() * 8);
    let zeros = padded.expose().iter().take_while(|&&byte| byte == 0).count();
    SecretBytes::new(padded.expose()[zeros..].to_vec())
}
