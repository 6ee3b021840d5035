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

/// The numbers of RFC 8017 section 3.2 for a key of two primes, big-endian, without leading zeros. Nothing has been
/// checked.
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
}
