//! RSA keys whose numbers have been checked (RFC 8017 section 3). Nothing above this file ever holds a key that has not
//! been.

use super::blinding::Blinding;
use super::engine::{Engine, PowPair};
use super::exponent::{self, E};
use super::prime;
use super::uint::{Montgomery, Uint, gcd, limbs_for};
use super::{PrivateComponents, PublicComponents};
use sealwire_traits::{KeyError, SecretBytes, WrappedError};
use subtle::{Choice, ConstantTimeEq, ConstantTimeLess};

/// Sizes that are taken, in bits.
const SIZES: std::ops::RangeInclusive<usize> = 2048..=4096;

/// A sound public key and the engine that computes with it.
pub(crate) struct PublicKey {
    engine: &'static dyn Engine,
    components: PublicComponents,
    n: Montgomery,
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
        Ok(PublicKey { engine, components, n })
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

/// A sound private key of two primes of the same size.
pub(crate) struct PrivateKey {
    public: PublicKey,
    d: Uint,
    primes: Box<dyn PowPair>,
    exponents: [Uint; 2],
    /// In Montgomery form modulo p.
    qinv: Uint,
    blinding: Blinding,
}

impl PrivateKey {
    /// Checks that the numbers make a key: those of the public half, the sizes, p q = n, and each private number
    /// against the others. One round of Miller-Rabin each tells primes from slips of the pen (not from malice: whoever
    /// makes a key can betray himself more easily than that).
    ///
    /// # Errors
    /// [`KeyError`] names the first check that failed. Nothing else about the secret numbers shows in result or time.
    pub(crate) fn new(engine: &'static dyn Engine, components: &PrivateComponents) -> Result<PrivateKey, KeyError> {
        let public = PublicKey::new(engine, components.public.clone())?;
        let half = public.bits() / 2;
        let width = limbs_for(half);
        let [p, q, dp, dq, qinv] =
            [&components.p, &components.q, &components.dp, &components.dq, &components.qinv].map(|x| read(x, width));
        let (p, q, d) = (p?, q?, read(&components.d, public.n.width())?);
        ensure(p.has_bit_len(half) & q.has_bit_len(half), "the primes are not of half the size of the modulus")?;
        ensure(p.is_odd() & q.is_odd(), "a prime is even")?;
        ensure(!p.ct_eq(&q), "the two primes are the same")?;
        ensure(p.mul(&q).ct_eq(public.n.modulus()), "p * q is not the modulus")?;
        ensure(d.ct_lt(public.n.modulus()), "d is not below the modulus")?;
        let exponents = [checked_exponent(&p, dp?, &d)?, checked_exponent(&q, dq?, &d)?];
        let primes = engine.pair([p, q].map(|prime| Montgomery::new(engine.arithmetic(), prime, half)));
        let [p, _] = primes.moduli();
        let qinv = qinv?;
        ensure(qinv.ct_lt(p.modulus()), "qinv is not the inverse of q modulo p")?;
        let qinv = p.enter(&qinv);
        ensure(inverts_q(&*primes, &qinv), "qinv is not the inverse of q modulo p")?;
        ensure(prime::both_pass_base_two(&*primes), "p or q is not prime")?;
        Ok(PrivateKey { public, d, primes, exponents, qinv, blinding: Blinding::default() })
    }

    /// Computes a key from two different odd primes of `bits / 2` bits each (FIPS 186-5 appendix A.1.1). None when e
    /// has no inverse or d is not above 2^(bits / 2), as chance would have it, and also when the primes are none.
    pub(crate) fn from_primes(engine: &'static dyn Engine, bits: usize, p: Uint, q: Uint) -> Option<PrivateKey> {
        let n = Uint::to_be_bytes(&p.mul(&q), bits / 8).expose().to_vec();
        let public = PublicKey::new(engine, PublicComponents { n, e: e_bytes() }).ok()?;
        let d = private_exponent(&p, &q)?.resized(public.n.width());
        let mut d_above = d.duplicate();
        d_above.shr_public(bits / 2);
        if bool::from(d_above.is_zero()) {
            return None;
        }
        let exponents = [exponent::inverse_mod(&p.minus_small(1))?, exponent::inverse_mod(&q.minus_small(1))?];
        let p_minus_two = p.minus_small(2);
        let primes = engine.pair([p, q].map(|prime| Montgomery::new(engine.arithmetic(), prime, bits / 2)));
        // By Fermat 1/q = q^(p - 2) mod p.
        let [p, _] = primes.moduli();
        let qinv = p.enter(&engine.pow(p, &q_mod_p(&*primes), &p_minus_two));
        let inverts = inverts_q(&*primes, &qinv);
        let key = PrivateKey { public, d, primes, exponents, qinv, blinding: Blinding::default() };
        bool::from(inverts).then_some(key)
    }

    /// The public half.
    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// p and q, prepared.
    pub(crate) fn primes(&self) -> &dyn PowPair {
        &*self.primes
    }

    /// dp and dq: d mod p - 1 and d mod q - 1, as wide as the primes.
    pub(crate) fn exponents(&self) -> [&Uint; 2] {
        self.exponents.each_ref()
    }

    /// Where the factors of the blinding come from.
    pub(crate) fn blinding(&self) -> &Blinding {
        &self.blinding
    }

    /// The inverse of q modulo p, in Montgomery form.
    pub(crate) fn qinv(&self) -> &Uint {
        &self.qinv
    }

    /// The numbers as bytes, for a file.
    pub(crate) fn components(&self) -> PrivateComponents {
        let [p, q] = self.primes.moduli();
        let [dp, dq] = self.exponents();
        PrivateComponents {
            public: self.public.components.clone(),
            d: write(&self.d),
            p: write(p.modulus()),
            q: write(q.modulus()),
            dp: write(dp),
            dq: write(dq),
            qinv: write(&p.leave(&self.qinv)),
        }
    }
}

fn q_mod_p(primes: &dyn PowPair) -> Uint {
    let [p, q] = primes.moduli();
    // Numbers of the same bit length: one subtraction is enough.
    let mut q = q.modulus().duplicate();
    q.reduce_once(p.modulus());
    q
}

/// Whether `qinv`, in Montgomery form modulo p, is the inverse of q there.
fn inverts_q(primes: &dyn PowPair, qinv: &Uint) -> Choice {
    let [p, _] = primes.moduli();
    p.mul_entered(&q_mod_p(primes), qinv).ct_eq(&Uint::small(1, p.width()))
}

/// d = 1/e mod lcm(p - 1, q - 1) (FIPS 186-5 appendix A.1.1).
fn private_exponent(p: &Uint, q: &Uint) -> Option<Uint> {
    let (p, q) = (p.minus_small(1), q.minus_small(1));
    let (quotient, _) = q.div_rem(&gcd(&p, &q));
    let lcm = p.mul(&quotient);
    exponent::inverse_mod(&lcm)
}

/// Reads a private number that fits `width` limbs.
fn read(bytes: &SecretBytes, width: usize) -> Result<Uint, KeyError> {
    if bytes.expose().len() > width * 8 {
        return Err(KeyError::Unsound("a private number is longer than the size of the modulus allows"));
    }
    Ok(Uint::from_be_bytes(bytes.expose(), width))
}

/// Checks one prime's private exponent: the inverse of e modulo p - 1, and what d leaves there.
fn checked_exponent(p: &Uint, exponent: Uint, d: &Uint) -> Result<Uint, KeyError> {
    let order = p.minus_small(1);
    let inverse = exponent::inverse_mod(&order)
        .ok_or(KeyError::Unsound("a prime minus one is a multiple of the public exponent"))?;
    ensure(exponent.ct_eq(&inverse), "dp or dq is not the inverse of e")?;
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
