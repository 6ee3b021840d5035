//! A key under study: the engine's, and its numbers.

use num_bigint::BigUint;
use sealwire_backends::keys::der;
use sealwire_backends::rsa::KEY_TRANSPORTS;
use sealwire_traits::{KeyTransport, OsRandom, SecretBytes, Unavailable, UnwrapKey};

/// Numbers of a key, whoever computes with it.
pub struct Key {
    pub n: BigUint,
    pub e: BigUint,
    pub p: BigUint,
    pub q: BigUint,
    pub dp: BigUint,
    pub dq: BigUint,
    pub qinv: BigUint,
    len: usize,
}

impl Key {
    /// A fresh key of an engine, and its numbers.
    pub fn generate(transport: &dyn KeyTransport, bits: usize) -> (Box<dyn UnwrapKey>, Key) {
        let key = transport.generate(bits.into(), &OsRandom, &()).expect("a key");
        let numbers = der::private_from_pkcs8(key.to_pkcs8().expose()).expect("an RSA key");
        let [p, q, dp, dq, qinv] = [&numbers.p, &numbers.q, &numbers.dp, &numbers.dq, &numbers.qinv].map(secret);
        let [n, e] = [&numbers.public.n, &numbers.public.e].map(|x| BigUint::from_bytes_be(x));
        (key, Key { n, e, p, q, dp, dq, qinv, len: bits / 8 })
    }

    /// Bytes in the modulus.
    pub fn len(&self) -> usize {
        self.len
    }

    /// A number below n, as it travels.
    pub fn bytes(&self, number: &BigUint) -> Vec<u8> {
        let digits = number.to_bytes_be();
        let mut bytes = vec![0; self.len];
        bytes[self.len - digits.len()..].copy_from_slice(&digits);
        bytes
    }

    /// c^d mod n as books have it, with num-bigint's `modpow`: with the Chinese remainder theorem (RFC 8017 section 5.1.2, step 2b), and
    /// nothing against those who watch the time.
    pub fn decrypt(&self, c: &[u8]) -> Vec<u8> {
        let c = BigUint::from_bytes_be(c);
        let (m1, m2) = (c.modpow(&self.dp, &self.p), c.modpow(&self.dq, &self.q));
        let h = (m1 + &self.p - &m2 % &self.p) * &self.qinv % &self.p;
        self.bytes(&(m2 + &self.q * h))
    }
}

fn secret(number: &SecretBytes) -> BigUint {
    BigUint::from_bytes_be(number.expose())
}

/// The engine of this name, if there is one.
pub fn named(name: &str) -> Option<&'static dyn KeyTransport> {
    KEY_TRANSPORTS.iter().copied().find(|transport| transport.engine() == name)
}

/// The engine of this name, ready.
///
/// # Errors
/// [`Unavailable`] when there is none, or it cannot run here.
pub fn engine(name: &str) -> Result<&'static dyn KeyTransport, Unavailable> {
    let transport = named(name).ok_or_else(|| Unavailable(format!("no engine {name}")))?;
    transport.available().map(|()| transport)
}
