//! The numbers of an RSA key as bytes: what key files hold, before anybody has checked that they make a key.

use sealwire_traits::SecretBytes;

/// (n, e), big-endian, without leading zeros. Nothing about them has been checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicComponents {
    /// The modulus.
    pub n: Vec<u8>,
    /// The public exponent.
    pub e: Vec<u8>,
}

/// The numbers of RFC 8017 section 3.2 in the second form, big-endian, without leading zeros. Nothing has been checked.
pub struct PrivateComponents {
    /// n and e.
    pub public: PublicComponents,
    /// The private exponent.
    pub d: SecretBytes,
    /// The first prime.
    pub p: SecretBytes,
    /// The second prime.
    pub q: SecretBytes,
    /// d mod p - 1.
    pub dp: SecretBytes,
    /// d mod q - 1.
    pub dq: SecretBytes,
    /// The inverse of q mod p.
    pub qinv: SecretBytes,
    /// The third prime and those behind it, in their order; empty for most keys.
    pub others: Vec<OtherPrime>,
}

impl PrivateComponents {
    /// The primes in the order of Garner's recombination: q, p, the others.
    pub(crate) fn primes(&self) -> Vec<&SecretBytes> {
        [&self.q, &self.p].into_iter().chain(self.others.iter().map(|other| &other.prime)).collect()
    }

    /// Their exponents, in that order.
    pub(crate) fn exponents(&self) -> Vec<&SecretBytes> {
        [&self.dq, &self.dp].into_iter().chain(self.others.iter().map(|other| &other.exponent)).collect()
    }

    /// Their coefficients, from p on.
    pub(crate) fn coefficients(&self) -> Vec<&SecretBytes> {
        [&self.qinv].into_iter().chain(self.others.iter().map(|other| &other.coefficient)).collect()
    }
}

/// The triplet of one prime from the third on, big-endian, without leading zeros.
pub struct OtherPrime {
    /// The prime, r.
    pub prime: SecretBytes,
    /// d mod r - 1.
    pub exponent: SecretBytes,
    /// t: the inverse, mod r, of the product of all primes before.
    pub coefficient: SecretBytes,
}
