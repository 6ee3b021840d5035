//! The private operation, c^d mod n, in the one form there is: blind, CRT, unblind, verify (RFC 8017 section 5.1.2;
//! Kocher 1996 for the blinding; Boneh, DeMillo, Lipton 1997 for the verification, without which one wrong half gives
//! the primes away).

use super::key::PrivateKey;
use super::uint::Uint;
use sealwire_traits::{OperationError, SecureRandom};
use subtle::ConstantTimeEq;

/// `c^d mod n` for `c < n`. Whoever watches the time, or chooses c, meets a random number in its place at every step
/// that uses the key.
///
/// # Errors
/// [`OperationError::Random`], or [`OperationError::Fault`] when the result to the power e is not c: it is wiped then.
pub(crate) fn private_op(key: &PrivateKey, c: &Uint, random: &dyn SecureRandom) -> Result<Uint, OperationError> {
    let (engine, n) = (key.public().engine(), key.public().n());
    let factors = key.blinding().factors(engine, n, random)?;
    let blinded = n.mul_entered(c, &factors.blind);
    let bases = key.primes().moduli().map(|prime| prime.reduce(&blinded));
    let powers = key.primes().pow(bases.each_ref(), key.exponents());
    let m = n.mul_entered(&recombine(key, &powers), &factors.unblind);
    if bool::from(engine.pow_e(n, &m).ct_eq(c)) {
        return Ok(m);
    }
    key.blinding().forget();
    Err(OperationError::Fault)
}

/// Garner's recombination (RFC 8017 section 5.1.2, step 2b): m = m2 + q h with h = (m1 - m2) qInv mod p.
pub(crate) fn recombine(key: &PrivateKey, [m1, m2]: &[Uint; 2]) -> Uint {
    let [p, q] = key.primes().moduli();
    let mut m2_mod_p = m2.duplicate();
    // q < 2 p, since they have the same bit length.
    m2_mod_p.reduce_once(p.modulus());
    let h = p.mul_entered(&p.sub_mod(m1, &m2_mod_p), key.qinv());
    let mut m = q.modulus().mul(&h);
    m.add_assign(&m2.resized(m.width()));
    m.resized(key.public().n().width())
}
