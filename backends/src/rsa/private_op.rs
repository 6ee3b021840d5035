//! The private operation, c^d mod n, in the one form there is: blind, CRT, unblind, verify (RFC 8017 section 5.1.2;
//! Kocher 1996 for the blinding; Boneh, DeMillo, Lipton 1997 for the verification, without which one wrong half gives
//! the primes away).

use super::engine::Engine;
use super::key::PrivateKey;
use super::uint::{Montgomery, Uint};
use sealwire_traits::{OperationError, SecureRandom};
use subtle::ConstantTimeEq;

/// `c^d mod n` for `c < n`. Whoever watches the time, or chooses c, meets a random number in its place at every step
/// that uses the key.
///
/// # Errors
/// [`OperationError::Random`], or [`OperationError::Fault`] when the result to the power e is not c: it is wiped then.
pub(crate) fn private_op(key: &PrivateKey, c: &Uint, random: &dyn SecureRandom) -> Result<Uint, OperationError> {
    let (engine, n) = (key.public().engine(), key.public().n());
    let blinding = Blinding::new(engine, n, random)?;
    let blinded = n.mul_mod(c, &blinding.factor);
    let bases = key.halves().map(|half| half.prime.reduce(&blinded));
    let powers = engine.crt_pow(key.halves(), bases.each_ref());
    let m = n.mul_mod(&recombine(key, &powers), &blinding.inverse);
    if bool::from(engine.pow_e(n, &m).ct_eq(c)) { Ok(m) } else { Err(OperationError::Fault) }
}

/// Garner's recombination (RFC 8017 section 5.1.2, step 2b): m = m2 + q h with h = (m1 - m2) qInv mod p.
pub(crate) fn recombine(key: &PrivateKey, [m1, m2]: &[Uint; 2]) -> Uint {
    let p = key.p();
    let mut m2_mod_p = m2.duplicate();
    // q < 2 p, since they have the same bit length.
    m2_mod_p.reduce_once(p.modulus());
    let h = p.mul_mod(&p.sub_mod(m1, &m2_mod_p), key.qinv());
    let mut m = key.q().mul(&h);
    m.add_assign(&m2.resized(m.width()));
    m.resized(key.public().n().width())
}

/// r^e and 1/r for a fresh random r.
struct Blinding {
    factor: Uint,
    inverse: Uint,
}

impl Blinding {
    /// The inversion, which num-bigint does not do in constant time, is given r s instead of r, for another random s.
    /// As s is uniform among the units, so is r s, whatever r is: it may be public. Then 1/r = s / (r s).
    fn new(engine: &dyn Engine, n: &Montgomery, random: &dyn SecureRandom) -> Result<Blinding, OperationError> {
        let r = Uint::random_below(n.modulus(), n.bits(), random)?;
        let s = Uint::random_below(n.modulus(), n.bits(), random)?;
        let masked = n.mul_mod(&r, &s);
        // A number that is no unit holds a prime of the key: nobody meets one by chance.
        let inverse = engine.public_inverse(n.modulus(), &masked).ok_or(OperationError::Fault)?;
        Ok(Blinding { factor: engine.pow_e(n, &r), inverse: n.mul_mod(&inverse, &s) })
    }
}
