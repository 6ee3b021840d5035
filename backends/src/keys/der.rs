//! DER encodings of RSA keys.

use crate::rsa::{PrivateComponents, PublicComponents};
use sealwire_traits::{Fingerprint, KeyError, SecretBytes};

/// Reads a PKCS#8 PrivateKeyInfo.
pub fn private_from_pkcs8(_der: &[u8]) -> Result<PrivateComponents, KeyError> {
    todo!()
}

/// Reads a PKCS#1 RSAPrivateKey.
pub fn private_from_pkcs1(_der: &[u8]) -> Result<PrivateComponents, KeyError> {
    todo!()
}

/// Writes a PKCS#8 PrivateKeyInfo.
pub fn private_to_pkcs8(_key: &PrivateComponents) -> SecretBytes {
    todo!()
}

/// Reads a SubjectPublicKeyInfo.
pub fn public_from_spki(_der: &[u8]) -> Result<PublicComponents, KeyError> {
    todo!()
}

/// Writes a SubjectPublicKeyInfo.
pub fn public_to_spki(_key: &PublicComponents) -> Vec<u8> {
    todo!()
}

/// SHA-256 over the SSH form.
pub fn fingerprint(_key: &PublicComponents) -> Fingerprint {
    todo!()
}
