//! Secret bytes: no Debug, no Clone, no comparison but the constant-time one, wiped on drop.

use crate::{RandomError, SecureRandom};
use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, Zeroizing};

/// `N` secret bytes. They stay in one place on the heap, so that moving the value leaves no copy behind.
pub struct Secret<const N: usize>(Box<[u8; N]>);

impl<const N: usize> Secret<N> {
    /// All zero, to be filled through [`expose_mut`](Self::expose_mut).
    pub fn zeroed() -> Secret<N> {
        Secret(Box::new([0; N]))
    }

    /// Fresh from a generator.
    ///
    /// # Errors
    /// [`RandomError`] when the generator fails; there is no fallback.
    pub fn random(random: &dyn SecureRandom) -> Result<Secret<N>, RandomError> {
        let mut secret = Secret::zeroed();
        random.fill(secret.0.as_mut_slice())?;
        Ok(secret)
    }

    /// The bytes.
    pub fn expose(&self) -> &[u8; N] {
        &self.0
    }

    /// The bytes, to write them.
    pub fn expose_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> ConstantTimeEq for Secret<N> {
    fn ct_eq(&self, other: &Secret<N>) -> Choice {
        self.0.as_slice().ct_eq(other.0.as_slice())
    }
}

/// Secret bytes whose number is known at run time only, such as an encoded private key. The number itself is no secret.
pub struct SecretBytes(Zeroizing<Vec<u8>>);

impl SecretBytes {
    /// Takes over `bytes`, spare capacity included, and wipes them in the end.
    pub fn new(bytes: Vec<u8>) -> SecretBytes {
        SecretBytes(Zeroizing::new(bytes))
    }

    /// `len` zero bytes, to be filled through [`expose_mut`](Self::expose_mut).
    pub fn zeroed(len: usize) -> SecretBytes {
        SecretBytes::new(vec![0; len])
    }

    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, to write them.
    pub fn expose_mut(&mut self) -> &mut [u8] {
        &mut self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::OsRandom;

    #[test]
    fn fresh_secrets_differ_and_compare_in_constant_time() {
        let a = Secret::<32>::random(&OsRandom).expect("random");
        let b = Secret::<32>::random(&OsRandom).expect("random");
        assert!(bool::from(a.ct_eq(&a)));
        assert!(!bool::from(a.ct_eq(&b)));
    }
}
