//! Keys as bytes and files.
//!
//! Inside the program a private key is PKCS#8 DER in [`SecretBytes`] and a public key is the DER of its
//! SubjectPublicKeyInfo. Here they come from and go to files:
//!
//! - [`der`]: DER to and from the numbers of the key, and the fingerprint;
//! - [`parse_private`], [`parse_public`]: PEM text, with or without a passphrase, and `ssh-rsa` lines;
//! - [`read_private`], [`read_public`], [`write_key_pair`]: files, their permissions and limits;
//! - [`atomic`]: files that are never seen half written.

pub mod atomic;
pub mod der;
mod error;
mod file;
mod pbes2;
mod pem;
mod ssh;

pub use error::{KeyFileError, KeyTextError};
pub use file::{check_vacant, public_path, read_private, read_public, write_key_pair};
pub use pem::{private_to_pem, public_to_pem};

use sealwire_traits::{Fingerprint, KeyError, SecretBytes};
use std::io;

/// What asks for a passphrase. Called only when a key turns out to be encrypted; `None` when there is nobody to ask.
pub type AskPassphrase<'a> = &'a mut dyn FnMut() -> io::Result<Option<SecretBytes>>;

/// Reads a private key from PEM text (RFC 7468): `PRIVATE KEY` (PKCS#8), `ENCRYPTED PRIVATE KEY` (PKCS#8 under PBES2)
/// or `RSA PRIVATE KEY` (PKCS#1). Other text and other blocks around it are passed over. The result is PKCS#8 DER,
/// not encrypted.
///
/// # Errors
/// [`KeyTextError`] says what is wrong with the text, the passphrase or the key in it.
pub fn parse_private(text: &[u8], ask: AskPassphrase<'_>) -> Result<SecretBytes, KeyTextError> {
    match pem::find(text)? {
        pem::Found::Private(block) => block.private_key(ask),
        pem::Found::Public(_) => Err(KeyTextError::PublicOnly),
    }
}

/// Reads a public key: `PUBLIC KEY` (SubjectPublicKeyInfo) or `RSA PUBLIC KEY` (PKCS#1) as PEM, or an `ssh-rsa AAAA...
/// comment` line. A private key as PEM is taken too and gives its public half. The result is the DER of the
/// SubjectPublicKeyInfo.
///
/// # Errors
/// As [`parse_private`].
pub fn parse_public(text: &[u8], ask: AskPassphrase<'_>) -> Result<Vec<u8>, KeyTextError> {
    if let Some(key) = ssh::parse(text)? {
        return Ok(der::public_to_spki(&key));
    }
    match pem::find(text)? {
        pem::Found::Private(block) => Ok(public_of(&block.private_key(ask)?)?),
        pem::Found::Public(block) => block.public_key(),
    }
}

/// The public half (SubjectPublicKeyInfo) of a private key (PKCS#8), both DER.
///
/// # Errors
/// As [`der::private_from_pkcs8`].
pub fn public_of(pkcs8: &SecretBytes) -> Result<Vec<u8>, KeyError> {
    Ok(der::public_to_spki(&der::private_from_pkcs8(pkcs8.expose())?.public))
}

/// The fingerprint of a public key given as the DER of its SubjectPublicKeyInfo.
///
/// # Errors
/// As [`der::public_from_spki`].
pub fn fingerprint(spki: &[u8]) -> Result<Fingerprint, KeyError> {
    Ok(der::fingerprint(&der::public_from_spki(spki)?))
}
