//! What takes GMP's integers as they are: the decryption that sealwire's engine `gmp` makes, in all its steps, and nothing beyond them.
//! Only the powers are in constant time, and nothing is wiped but what sealwire's engine, where it is loaded as well, makes GMP wipe.

use super::{Key, SECRET};
use rsa::sha2::{Digest, Sha256};
use rug::Integer;
use rug::integer::Order;
use std::mem::take;

const HASH_LEN: usize = 32;

/// A private key, and the factors of the next blinding.
pub struct PlainKey {
    n: Integer,
    e: Integer,
    primes: [Integer; 2],
    exponents: [Integer; 2],
    qinv: Integer,
    /// r^e
    blind: Integer,
    /// 1/r
    unblind: Integer,
    k: usize,
}

impl PlainKey {
    pub fn new(key: &Key) -> PlainKey {
        let numbers = key.private.rsa().expect("rsa");
        let integer = |bytes: Vec<u8>| Integer::from_digits(&bytes, Order::Msf);
        let [p, q, dp, dq, qinv] = [numbers.p(), numbers.q(), numbers.dmp1(), numbers.dmq1(), numbers.iqmp()]
            .map(|number| integer(number.expect("a CRT key").to_vec()));
        let [n, e] = [numbers.n(), numbers.e()].map(|number| integer(number.to_vec()));
        // The time does not depend on which r: the wrapped secret is as good as a random number.
        let r = integer(key.wrapped.clone());
        let blind = r.clone().pow_mod(&e, &n).expect("a power");
        let unblind = r.invert(&n).expect("a unit");
        PlainKey { n, e, primes: [p, q], exponents: [dp, dq], qinv, blind, unblind, k: key.wrapped.len() }
    }

    /// RSAES-OAEP (RFC 8017 section 7.1.2) with blinding, CRT and the check of the result. None when any of it is wrong.
    pub fn decrypt(&mut self, wrapped: &[u8]) -> Option<[u8; SECRET.len()]> {
        let c = Integer::from_digits(wrapped, Order::Msf);
        if c >= self.n {
            return None;
        }
        let m = self.power((&c * &self.blind).into());
        let m = (m * &self.unblind).modulo(&self.n);
        for factor in [&mut self.blind, &mut self.unblind] {
            *factor = take(factor).square().modulo(&self.n);
        }
        if Integer::from(m.pow_mod_ref(&self.e, &self.n)?) != c {
            return None;
        }
        let digits = m.to_digits::<u8>(Order::Msf);
        let mut em = vec![0; self.k];
        em[self.k - digits.len()..].copy_from_slice(&digits);
        unpad(&mut em)
    }

    /// `x^d mod n`, by CRT (RFC 8017 section 5.1.2, step 2b).
    fn power(&self, x: Integer) -> Integer {
        let x = x.modulo(&self.n);
        let [m1, m2] = [0, 1].map(|i| {
            let prime = &self.primes[i];
            Integer::from(x.modulo_ref(prime)).secure_pow_mod(&self.exponents[i], prime)
        });
        let [p, q] = &self.primes;
        let h = ((m1 - &m2) * &self.qinv).modulo(p);
        m2 + q * h
    }
}

/// EME-OAEP decoding of a secret of known length, with the empty label.
fn unpad(em: &mut [u8]) -> Option<[u8; SECRET.len()]> {
    let (head, db) = em.split_at_mut(1 + HASH_LEN);
    let (y, seed) = head.split_first_mut()?;
    xor_mask(seed, db);
    xor_mask(db, seed);
    let (hash, padded) = db.split_at(HASH_LEN);
    let (zeros, message) = padded.split_last_chunk()?;
    let (one, zeros) = zeros.split_last()?;
    let sum = zeros.iter().fold(*y | (one ^ 1), |sum, zero| sum | zero);
    (sum == 0 && hash == Sha256::digest(b"").as_slice()).then_some(*message)
}

/// MGF1 with SHA-256 (RFC 8017 section B.2.1), laid over `masked`.
fn xor_mask(masked: &mut [u8], seed: &[u8]) {
    for (counter, chunk) in (0u32..).zip(masked.chunks_mut(HASH_LEN)) {
        let mask = Sha256::new().chain_update(seed).chain_update(counter.to_be_bytes()).finalize();
        chunk.iter_mut().zip(mask).for_each(|(byte, mask)| *byte ^= mask);
    }
}
