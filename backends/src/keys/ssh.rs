//! Public keys as OpenSSH writes them in one line: `ssh-rsa BASE64 comment` (RFC 4253 section 6.6).

use super::{KeyTextError, der};
use crate::rsa::PublicComponents;
use base64ct::{Base64, Encoding};

/// Kinds of key that OpenSSH writes in this form and that are no RSA keys.
const OTHER_KINDS: [&str; 4] = ["ssh-ed25519", "ssh-dss", "ecdsa-", "sk-"];

/// The key in the first line of `text` that is neither empty nor a comment; `None` when that line is not of this form
/// at all.
pub(super) fn parse(text: &[u8]) -> Result<Option<PublicComponents>, KeyTextError> {
    let is_content = |line: &&[u8]| !line.is_empty() && !line.starts_with(b"#");
    let line = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).find(is_content).unwrap_or_default();
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    let kind = words.next().unwrap_or_default();
    if let Ok(kind) = std::str::from_utf8(kind)
        && OTHER_KINDS.iter().any(|other| kind.starts_with(other))
    {
        return Err(KeyTextError::SshKind(kind.to_owned()));
    }
    if kind != b"ssh-rsa" {
        return Ok(None);
    }
    decode(words.next().unwrap_or_default()).map(Some)
}

fn decode(base64: &[u8]) -> Result<PublicComponents, KeyTextError> {
    let mut buffer = [0; der::MAX_SPKI_LEN];
    let blob =
        Base64::decode(base64, &mut buffer).map_err(|_| KeyTextError::Ssh("its second word is not base64 of a key"))?;
    let (kind, rest) = string(blob)?;
    if kind != b"ssh-rsa" {
        return Err(KeyTextError::Ssh("its second word is not an RSA key"));
    }
    let (e, rest) = mpint(rest)?;
    let (n, rest) = mpint(rest)?;
    if !rest.is_empty() {
        return Err(KeyTextError::Ssh("bytes behind the key"));
    }
    Ok(PublicComponents { n, e })
}

/// A `string` (RFC 4251 section 5), and what is behind it.
fn string(bytes: &[u8]) -> Result<(&[u8], &[u8]), KeyTextError> {
    bytes
        .split_first_chunk()
        .and_then(|(len, rest)| rest.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?))
        .ok_or(KeyTextError::Ssh("it ends within the key"))
}

/// A positive `mpint` (RFC 4251 section 5) without its sign byte, and what is behind it.
fn mpint(bytes: &[u8]) -> Result<(Vec<u8>, &[u8]), KeyTextError> {
    let (number, rest) = string(bytes)?;
    match number {
        [0, digits @ ..] if digits.first().is_some_and(|&byte| byte >= 0x80) => Ok((digits.to_vec(), rest)),
        [1..0x80, ..] => Ok((number.to_vec(), rest)),
        _ => Err(KeyTextError::Ssh("a number that is not positive, or not minimal")),
    }
}
