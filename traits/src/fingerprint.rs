//! Fingerprints of public keys, as `ssh-keygen -l` prints them.

use base64ct::{Base64Unpadded, Encoding};
use std::fmt;
use std::str::FromStr;

/// SHA-256 over a public key's SSH form (RFC 4253 section 6.6). Public: compared with `==`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHA256:{}", Base64Unpadded::encode_string(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not a fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a fingerprint: expected SHA256: and 43 characters of base64, as `sealwire fingerprint FILE` prints it"
)]
pub struct ParseFingerprintError(String);

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Fingerprint, ParseFingerprintError> {
        let mut hash = [0; 32];
        text.strip_prefix("SHA256:")
            .filter(|b64| b64.len() == 43)
            .and_then(|b64| Base64Unpadded::decode(b64, &mut hash).ok().map(<[u8]>::len))
            .filter(|&len| len == hash.len())
            .ok_or_else(|| ParseFingerprintError(text.to_owned()))?;
        Ok(Fingerprint(hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_what_it_prints_and_nothing_else() {
        let print = Fingerprint([7; 32]);
        assert_eq!(print.to_string().parse::<Fingerprint>(), Ok(print));
        let text = print.to_string();
        for bad in ["", "SHA256:", "MD5:00", &text[..49], &format!("{text}="), &text.replace("SHA256", "sha256")] {
            assert!(bad.parse::<Fingerprint>().is_err(), "{bad}");
        }
    }
}
