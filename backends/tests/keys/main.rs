//! Keys as bytes and files, against keys made by `openssl` and `ssh-keygen`: the ones in `data/` (made once, protecting
//! nothing), and fresh ones in both directions where the commands are found.

#![allow(clippy::unwrap_used)]

mod asn1;
mod der;
mod files;
mod pem;
mod tools;

use sealwire_backends::keys;
use sealwire_traits::SecretBytes;
use std::io;

/// The RSA key of 2048 bits that most files in `data/` hold, as `openssl genpkey` wrote it.
pub(crate) const PKCS8: &str = include_str!("data/pkcs8.pem");
/// The same, `openssl rsa -traditional`.
pub(crate) const PKCS1: &str = include_str!("data/pkcs1.pem");
/// Its public half, `openssl rsa -pubout`.
pub(crate) const SPKI: &str = include_str!("data/spki.pem");
/// Its public half, `openssl rsa -RSAPublicKey_out`.
pub(crate) const PKCS1_PUBLIC: &str = include_str!("data/pkcs1-public.pem");
/// Its public half, `ssh-keygen -y`.
pub(crate) const SSH_RSA: &str = include_str!("data/ssh-rsa.pub");
/// What `ssh-keygen -lf` says of it.
pub(crate) const FINGERPRINT: &str = include_str!("data/fingerprint.txt");
/// A key of 3072 bits and three primes, `openssl genrsa -primes 3 3072`.
pub(crate) const THREE_PRIMES: &str = include_str!("data/three-primes.pem");
/// The same, `openssl rsa -traditional`.
pub(crate) const THREE_PRIMES_PKCS1: &str = include_str!("data/three-primes-pkcs1.pem");
/// The passphrase of the encrypted ones.
pub(crate) const PASSPHRASE: &[u8] = b"correct";

/// Nobody to ask.
pub(crate) fn nobody() -> io::Result<Option<SecretBytes>> {
    Ok(None)
}

/// Somebody who says `passphrase`.
pub(crate) fn says(passphrase: &[u8]) -> impl FnMut() -> io::Result<Option<SecretBytes>> {
    let passphrase = passphrase.to_vec();
    move || Ok(Some(SecretBytes::new(passphrase.clone())))
}

/// Somebody who must not be asked.
pub(crate) fn silent() -> io::Result<Option<SecretBytes>> {
    panic!("asked for a passphrase that is not needed")
}

/// The private key of [`PKCS8`] as DER.
pub(crate) fn pkcs8_der() -> Vec<u8> {
    pem_to_der(PKCS8)
}

/// Decodes PEM by hand, so that what is tested is not what the test relies on.
pub(crate) fn pem_to_der(pem: &str) -> Vec<u8> {
    use base64ct::{Base64, Encoding};
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    Base64::decode_vec(&base64).unwrap()
}

/// The fingerprint of a private key in DER.
pub(crate) fn fingerprint_of(pkcs8: &SecretBytes) -> String {
    keys::fingerprint(&keys::public_of(pkcs8).unwrap()).unwrap().to_string()
}
