//! Keys in PEM text (RFC 7468): finding the block, naming what it is, decoding it without leaving copies.

use super::{AskPassphrase, KeyTextError, der, pbes2};
use pkcs8::der::pem::{self, Decoder, LineEnding};
use sealwire_traits::{KeyError, SecretBytes};
use zeroize::Zeroizing;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";

/// A block whose label says that a key is in it.
pub(super) enum Found<'a> {
    Private(PrivateBlock<'a>),
    Public(PublicBlock<'a>),
}

/// A private key, by its label.
pub(super) enum PrivateBlock<'a> {
    Pkcs8(&'a [u8]),
    EncryptedPkcs8(&'a [u8]),
    Pkcs1(&'a [u8]),
}

/// A public key, by its label.
pub(super) enum PublicBlock<'a> {
    Spki(&'a [u8]),
    Pkcs1(&'a [u8]),
}

/// The first block of `text` with a key in it.
pub(super) fn find(text: &[u8]) -> Result<Found<'_>, KeyTextError> {
    let mut other = None;
    let mut rest = text;
    while let Some((block, behind)) = next_block(rest) {
        rest = behind;
        match pem::decode_label(block).map_err(KeyTextError::Pem)? {
            "PRIVATE KEY" => return Ok(Found::Private(PrivateBlock::Pkcs8(block))),
            "ENCRYPTED PRIVATE KEY" => return Ok(Found::Private(PrivateBlock::EncryptedPkcs8(block))),
            "RSA PRIVATE KEY" => return Ok(Found::Private(PrivateBlock::Pkcs1(block))),
            "PUBLIC KEY" => return Ok(Found::Public(PublicBlock::Spki(block))),
            "RSA PUBLIC KEY" => return Ok(Found::Public(PublicBlock::Pkcs1(block))),
            "OPENSSH PRIVATE KEY" => return Err(KeyTextError::OpenSsh),
            label => other = Some(KeyTextError::Label(label.to_owned())),
        }
    }
    Err(other.unwrap_or(KeyTextError::NoKey))
}

impl PrivateBlock<'_> {
    /// The key as PKCS#8 DER, not encrypted; read once, so that its form is known to be right.
    pub(super) fn private_key(&self, ask: AskPassphrase<'_>) -> Result<SecretBytes, KeyTextError> {
        match self {
            PrivateBlock::Pkcs8(block) => {
                let pkcs8 = decode(block)?;
                der::private_from_pkcs8(pkcs8.expose())?;
                Ok(pkcs8)
            }
            PrivateBlock::EncryptedPkcs8(block) => {
                let encrypted = decode(block)?;
                let scheme = pbes2::Encrypted::parse(encrypted.expose())?;
                let passphrase = ask().map_err(KeyTextError::Passphrase)?.ok_or(KeyTextError::PassphraseNeeded)?;
                let pkcs8 = scheme.decrypt(&passphrase)?;
                match der::private_from_pkcs8(pkcs8.expose()) {
                    // One wrong passphrase in 256 leaves a padding that looks right.
                    Err(KeyError::Encoding(_)) => Err(KeyTextError::WrongPassphrase),
                    Err(error) => Err(error.into()),
                    Ok(_) => Ok(pkcs8),
                }
            }
            PrivateBlock::Pkcs1(block) if block.windows(10).any(|text| text == b"Proc-Type:") => {
                Err(KeyTextError::OldEncryption)
            }
            PrivateBlock::Pkcs1(block) => Ok(der::private_to_pkcs8(&der::private_from_pkcs1(decode(block)?.expose())?)),
        }
    }
}

impl PublicBlock<'_> {
    /// The key as the DER of its SubjectPublicKeyInfo.
    pub(super) fn public_key(&self) -> Result<Vec<u8>, KeyTextError> {
        let key = match self {
            PublicBlock::Spki(block) => der::public_from_spki(decode(block)?.expose())?,
            PublicBlock::Pkcs1(block) => der::public_from_pkcs1(decode(block)?.expose())?,
        };
        Ok(der::public_to_spki(&key))
    }
}

/// Writes a private key (PKCS#8 DER) as PEM: `ENCRYPTED PRIVATE KEY` with a passphrase, else `PRIVATE KEY`.
///
/// # Errors
/// [`KeyTextError::Random`] when the generator gives no salt.
pub fn private_to_pem(
    pkcs8: &SecretBytes,
    passphrase: Option<&SecretBytes>,
) -> Result<Zeroizing<String>, KeyTextError> {
    Ok(Zeroizing::new(match passphrase {
        Some(passphrase) => encode("ENCRYPTED PRIVATE KEY", &pbes2::encrypt(pkcs8, passphrase)?),
        None => encode("PRIVATE KEY", pkcs8.expose()),
    }))
}

/// Writes a public key (DER of its SubjectPublicKeyInfo) as PEM, `PUBLIC KEY`.
pub fn public_to_pem(spki: &[u8]) -> String {
    encode("PUBLIC KEY", spki)
}

fn encode(label: &str, der: &[u8]) -> String {
    pem::encode_string(label, LineEnding::LF, der).expect("a key is far below the 2 GiB that PEM takes")
}

/// Decodes into memory of the right size at once: a growing buffer would leave pieces of the key behind.
fn decode(block: &[u8]) -> Result<SecretBytes, KeyTextError> {
    let mut decoder = Decoder::new_detect_wrap(block).map_err(KeyTextError::Pem)?;
    let mut bytes = SecretBytes::zeroed(decoder.remaining_len());
    decoder.decode(bytes.expose_mut()).map_err(KeyTextError::Pem)?;
    Ok(bytes)
}

/// The next block, from its BEGIN line to its END line, and the text behind it.
fn next_block(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let from = &text[line_with(text, BEGIN)?..];
    let end = line_with(from, END)?;
    let end_line = from[end..].iter().position(|&byte| byte == b'\n').unwrap_or(from.len() - end);
    Some(from.split_at(end + end_line))
}

/// Where the first line starts that starts with `prefix`.
fn line_with(text: &[u8], prefix: &[u8]) -> Option<usize> {
    let behind_newlines = text.iter().enumerate().filter(|&(_, &byte)| byte == b'\n').map(|(at, _)| at + 1);
    std::iter::once(0).chain(behind_newlines).find(|&start| text[start..].starts_with(prefix))
}
