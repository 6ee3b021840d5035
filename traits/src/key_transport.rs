//! Key transport: one side wraps a fresh secret for the holder of a private key. Keys cross the seam encoded (SPKI, PKCS#8), so that
//! a scheme other than RSA can be plugged in.

use crate::{
    GenerateError, KeyError, KeySize, KeygenObserver, OperationError, Secret, SecretBytes, SecureRandom, Slices,
    Unavailable, WrappedError,
};
use std::fmt::Debug;

/// The secret that travels: 32 bytes, chosen by the client.
pub type PreMaster = Secret<32>;

/// What two peers agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyTransportScheme {
    /// The number on the wire.
    pub id: u8,
    /// The name in the config.
    pub name: &'static str,
}

impl KeyTransportScheme {
    /// RSAES-OAEP with SHA-256 and MGF1-SHA-256 (RFC 8017 section 7.1).
    pub const RSA_OAEP_SHA256: KeyTransportScheme = KeyTransportScheme { id: 1, name: "rsa-oaep-sha256" };
}

/// A key transport and the engine that computes it, found by name in a registry.
pub trait KeyTransport: Send + Sync + Debug {
    /// What it computes.
    fn scheme(&self) -> KeyTransportScheme;
    /// The engine that computes it, for example `num-bigint`.
    fn engine(&self) -> &'static str;
    /// Why this engine cannot run in this build or on this machine, if it cannot.
    fn available(&self) -> Result<(), Unavailable>;
    /// Whether its private keys work in slices short enough for a thread that moves bytes as well: at most some hundred microseconds, but
    /// for a rare one.
    fn is_sliced(&self) -> bool {
        false
    }
    /// Reads a public key (DER SubjectPublicKeyInfo).
    ///
    /// # Errors
    /// [`KeyError`] when the encoding or the key is not sound.
    fn public_key(&self, spki: &[u8]) -> Result<Box<dyn WrapKey>, KeyError>;
    /// Reads a private key (DER PKCS#8, not encrypted).
    ///
    /// # Errors
    /// [`KeyError`] when the encoding or the key is not sound.
    fn private_key(&self, pkcs8: &SecretBytes) -> Result<Box<dyn UnwrapKey>, KeyError>;
    /// Makes a key. Takes up to seconds of processor time.
    ///
    /// # Errors
    /// [`GenerateError`]: the size is not supported, the generator failed, or `observer` cancelled.
    fn generate(
        &self,
        size: KeySize,
        random: &dyn SecureRandom,
        observer: &dyn KeygenObserver,
    ) -> Result<Box<dyn UnwrapKey>, GenerateError>;
}

/// The public half: wraps.
pub trait WrapKey: Send + Sync {
    /// Size of the key in bits.
    fn bits(&self) -> usize;
    /// Bytes in a wrapped secret.
    fn wrapped_len(&self) -> usize;
    /// Wraps `secret`, bound to `label`.
    ///
    /// # Errors
    /// [`OperationError`] when the generator fails.
    fn wrap_secret(
        &self,
        secret: &PreMaster,
        label: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<Vec<u8>, OperationError>;
}

/// The private half: unwraps, and rejects implicitly.
pub trait UnwrapKey: Send + Sync {
    /// The public half, as DER SubjectPublicKeyInfo.
    fn public_key(&self) -> &[u8];
    /// Checks what anybody could check: the length, and that the number is below the modulus. Cheap.
    ///
    /// # Errors
    /// [`WrappedError`] names the public fact that is wrong.
    fn check_wrapped(&self, wrapped: &[u8]) -> Result<(), WrappedError>;
    /// Unwraps in constant time. When the padding, the label or the length of the secret is wrong, the result is 32 random bytes that
    /// were drawn beforehand: the caller finds out when a MAC under the secret does not match, and an attacker finds out nothing else.
    ///
    /// # Errors
    /// Only for what is public: [`OperationError::Wrapped`], a failing generator, or a fault of the machine.
    fn unwrap_secret(
        &self,
        wrapped: &[u8],
        label: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<PreMaster, OperationError>;
    /// The same in slices, or in one.
    fn unwrapping<'a>(
        &'a self,
        wrapped: &'a [u8],
        label: &'a [u8],
        random: &'a dyn SecureRandom,
    ) -> Slices<'a, Result<PreMaster, OperationError>> {
        Slices::one(move || self.unwrap_secret(wrapped, label, random))
    }
    /// The private key as DER PKCS#8, not encrypted.
    fn to_pkcs8(&self) -> SecretBytes;
}
