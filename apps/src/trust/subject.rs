//! Whose key it is that `sealwire trust` is told of: a fingerprint, an `ssh-rsa` line, or a file with a key in it.

use sealwire_backends::keys::{self, AskPassphrase, KeyFileError, KeyTextError};
use sealwire_traits::{Fingerprint, ParseFingerprintError};
use std::path::Path;
use thiserror::Error;

/// An argument that leads to no key.
#[derive(Debug, Error)]
pub enum SubjectError {
    /// Like a fingerprint, but none.
    #[error(transparent)]
    Fingerprint(#[from] ParseFingerprintError),
    /// An SSH key in the argument itself.
    #[error("the key {0}")]
    Text(#[from] KeyTextError),
    /// A file.
    #[error(transparent)]
    File(#[from] KeyFileError),
}

/// The fingerprint that `argument` means: one itself (`SHA256:...`), of an `ssh-rsa AAAA...` line, or of the key in the
/// file of that name (any form of [`keys::read_public`]).
///
/// # Errors
/// [`SubjectError`].
pub fn subject(argument: &str, ask: AskPassphrase<'_>) -> Result<Fingerprint, SubjectError> {
    if argument.starts_with("SHA256:") {
        return Ok(argument.parse()?);
    }
    let spki = if argument.starts_with("ssh-") && argument.contains(' ') {
        keys::parse_public(argument.as_bytes(), ask)?
    } else {
        keys::read_public(Path::new(argument), ask)?
    };
    Ok(keys::fingerprint(&spki).map_err(KeyTextError::from)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwire_backends::keys::der;
    use sealwire_backends::rsa::PublicComponents;
    use std::fs;
    use tempfile::TempDir;

    /// n = 0x7f, e = 3, by `printf '\0\0\0\7ssh-rsa\0\0\0\1\3\0\0\0\1\x7f' | base64`.
    const LINE: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAABAwAAAAF/ me@home";
    const FINGERPRINT: &str = "SHA256:YG3EVSe0xXWLZA3tfnUJTLDcCHLZrVJKA5Fd11tDKKI";

    fn fingerprint_of(argument: &str) -> Result<String, String> {
        let print = subject(argument, &mut || Ok(None)).map_err(|error| error.to_string())?;
        Ok(print.to_string())
    }

    #[test]
    fn fingerprints_lines_and_files_lead_to_the_same_key() {
        let folder = TempDir::new().expect("a folder");
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("written");
            path.to_str().expect("a name in UTF-8").to_owned()
        };
        let spki = der::public_to_spki(&PublicComponents { n: vec![0x7f], e: vec![3] });
        let pem = file("pem", &keys::public_to_pem(&spki));
        let ssh = file("ssh", &format!("{LINE}\n"));
        for argument in [FINGERPRINT, LINE, &pem, &ssh] {
            assert_eq!(fingerprint_of(argument).as_deref(), Ok(FINGERPRINT), "{argument}");
        }
    }

    #[test]
    fn what_leads_to_no_key_is_an_error_that_says_why() {
        for (argument, reason) in [
            ("SHA256:short", "is not a fingerprint"),
            ("ssh-ed25519 AAAA me", "only ssh-rsa keys"),
            ("ssh-rsa A", "damaged ssh-rsa line"),
            ("/no/such/file", "cannot read the key /no/such/file"),
        ] {
            let error = fingerprint_of(argument).expect_err(argument);
            assert!(error.contains(reason), "{error}");
        }
    }
}
