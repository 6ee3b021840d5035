//! The private operation, c^d mod n, in the one form there is: blind, CRT, unblind, verify (RFC 8017 section 5.1.2;
//! Kocher 1996 for the blinding; Boneh, DeMillo, Lipton 1997 for the verification, without which one wrong power gives
//! the primes away).

use super::key::PrivateKey;
use super::uint::Uint;
use sealwire_traits::{OperationError, SecureRandom, Slices};
use subtle::ConstantTimeEq;

/// `c^d mod n` for `c < n`. Whoever watches the time, or chooses c, meets a random number in its place at every step
/// that uses the key.
///
/// # Errors
/// [`OperationError::Random`], or [`OperationError::Fault`] when the result to the power e is not c: it is wiped then.
pub(crate) fn private_op<'a>(
    key: &'a PrivateKey,
    c: &'a Uint,
    random: &'a dyn SecureRandom,
) -> Slices<'a, Result<Uint, OperationError>> {
    Slices::new(in_slices(key, c, random))
}

async fn in_slices(key: &PrivateKey, c: &Uint, random: &dyn SecureRandom) -> Result<Uint, OperationError> {
    let public = key.public();
    let factors = key.blinding().factors(public, random)?;
    let blinded = public.mul_entered(c, &factors.blind);
    let bases: Vec<Uint> = key.primes().moduli().iter().map(|prime| prime.reduce(&blinded)).collect();
    let powers = key.primes().raising(&bases, key.exponents()).await;
    let m = public.mul_entered(&recombine(key, &powers), &factors.unblind);
    if bool::from(public.pow_e(&m).ct_eq(c)) {
        return Ok(m);
    }
    key.blinding().forget();
    Err(OperationError::Fault)
}

/// Garner's recombination (RFC 8017 section 5.1.2, step 2b, which begins with q as well: so one rule serves p and a third
/// prime alike). What m is modulo R, the product of the primes so far, grows to m + R h modulo R r, with
/// h = (m_r - m) / R mod r.
pub(crate) fn recombine(key: &PrivateKey, powers: &[Uint]) -> Uint {
    let mut m = powers[0].duplicate();
    let further = key.primes().moduli().into_iter().zip(powers).skip(1);
    for ((prime, power), step) in further.zip(key.steps()) {
        let h = prime.mul_entered(&prime.sub_mod(power, &prime.reduce(&m)), &step.coefficient);
        let mut sum = step.product.mul(&h);
        sum.add_assign(&m.resized(sum.width()));
        m = sum;
    }
    m.resized(key.public().n().width())
}
