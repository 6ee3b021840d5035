//! Signatures: who somebody is. Apart from key transport, because an identity key only signs and a transport key only decrypts.

use crate::{
    Fingerprint, GenerateError, KeyError, KeygenObserver, OperationError, SecretBytes, SecureRandom, SignatureError,
    Slices, Unavailable,
};
use std::fmt::Debug;

/// A signature scheme and the engine that computes it, found by name in a registry.
pub trait SignatureScheme: Send + Sync + Debug {
    /// The scheme, for example `rsa-pss-sha256`.
    fn name(&self) -> &'static str;
    /// The engine that computes it, for example `num-bigint`.
    fn engine(&self) -> &'static str;
    /// Why this engine cannot run in this build or on this machine, if it cannot.
    fn available(&self) -> Result<(), Unavailable>;
    /// Reads a private key (DER PKCS#8, not encrypted).
    ///
    /// # Errors
    /// [`KeyError`] when the encoding or the key is not sound.
    fn signing_key(&self, pkcs8: &SecretBytes) -> Result<Box<dyn SigningKey>, KeyError>;
    /// Reads a public key (DER SubjectPublicKeyInfo).
    ///
    /// # Errors
    /// [`KeyError`] when the encoding or the key is not sound.
    fn verifying_key(&self, spki: &[u8]) -> Result<Box<dyn VerifyingKey>, KeyError>;
    /// Makes a key of `bits` bits. Takes up to seconds of processor time.
    ///
    /// # Errors
    /// [`GenerateError`]: the size is not supported, the generator failed, or `observer` cancelled.
    fn generate(
        &self,
        bits: usize,
        random: &dyn SecureRandom,
        observer: &dyn KeygenObserver,
    ) -> Result<Box<dyn SigningKey>, GenerateError>;
}

/// The private half: signs.
pub trait SigningKey: Send + Sync {
    /// The public half, as DER SubjectPublicKeyInfo.
    fn public_key(&self) -> &[u8];
    /// The name of the public half.
    fn fingerprint(&self) -> Fingerprint;
    /// Signs `message` (which is hashed inside).
    ///
    /// # Errors
    /// [`OperationError`]: the generator failed, or the result did not verify and was withheld.
    fn sign(&self, message: &[u8], random: &dyn SecureRandom) -> Result<Vec<u8>, OperationError>;
    /// The same in slices, or in one.
    fn signing<'a>(
        &'a self,
        message: &'a [u8],
        random: &'a dyn SecureRandom,
    ) -> Slices<'a, Result<Vec<u8>, OperationError>> {
        Slices::one(move || self.sign(message, random))
    }
    /// The private key as DER PKCS#8, not encrypted.
    fn to_pkcs8(&self) -> SecretBytes;
}

/// The public half: verifies.
pub trait VerifyingKey: Send + Sync {
    /// Size of the key in bits.
    fn bits(&self) -> usize;
    /// The name of the key.
    fn fingerprint(&self) -> Fingerprint;
    /// Checks `signature` over `message` (which is hashed inside).
    ///
    /// # Errors
    /// [`SignatureError`] when it is not a valid signature; it does not say why.
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError>;
}
