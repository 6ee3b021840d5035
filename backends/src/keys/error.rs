//! What can be wrong with a key as text, and with the file it is in.

use sealwire_traits::{KeyError, RandomError};
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// A text that gives no key.
#[derive(Debug, Error)]
pub enum KeyTextError {
    /// Neither a PEM block nor an `ssh-rsa` line.
    #[error("no key in it: expected PEM (a line -----BEGIN ... KEY-----) or an ssh-rsa line")]
    NoKey,
    /// PEM blocks, but no key of a kind that is read.
    #[error("no RSA key in it: a PEM block of the kind {0:?} is not read here")]
    Label(String),
    /// OpenSSH's own private key format.
    #[error(
        "a private key in OpenSSH's own format: copy it, and turn the copy into PKCS#8 with \
         `ssh-keygen -p -m PKCS8 -f COPY`"
    )]
    OpenSsh,
    /// PEM encrypted by headers, as before PKCS#8.
    #[error(
        "encrypted in the old way of OpenSSL, which is weak: turn it into PKCS#8 with \
         `openssl pkcs8 -topk8 -in OLD -out NEW`"
    )]
    OldEncryption,
    /// A PEM block that does not decode.
    #[error("a damaged PEM block: {0}")]
    Pem(pkcs8::der::pem::Error),
    /// An `ssh-rsa` line that does not decode.
    #[error("a damaged ssh-rsa line: {0}")]
    Ssh(&'static str),
    /// Another kind of SSH key.
    #[error("an SSH key of the kind {0}: only ssh-rsa keys are taken")]
    SshKind(String),
    /// A public key where a private one is needed.
    #[error("a public key, where the private key is needed")]
    PublicOnly,
    /// An encrypted key and nobody who could give the passphrase.
    #[error("the key is encrypted, and no passphrase was given")]
    PassphraseNeeded,
    /// The passphrase could not be had.
    #[error("the key is encrypted, and its passphrase cannot be read: {0}")]
    Passphrase(io::Error),
    /// Decryption gave no key.
    #[error("the passphrase is wrong (or the file is damaged)")]
    WrongPassphrase,
    /// A form of encryption that is not read.
    #[error(
        "encrypted in a way that is not read here ({0}): rewrite it with \
         `openssl pkcs8 -topk8 -v2 aes-256-cbc -in OLD -out NEW`"
    )]
    Encryption(String),
    /// No randomness to encrypt with.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The key itself.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A key file that cannot be used or written. Every variant names the file.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// Reading failed.
    #[error("cannot read the key {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A folder, a pipe, a device.
    #[error("{path} is no regular file: expected a key file", path = path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// Larger than any key file.
    #[error("{path} is larger than {max} bytes: it is no key file", path = path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Bytes that are read at most.
        max: usize,
    },
    /// A private key that is not its owner's alone.
    #[error(
        "the private key {path} is open to others (mode {mode:04o}): mend it with `chmod 600 {path}`",
        path = path.display()
    )]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The text in it.
    #[error("{path}: {source}", path = path.display())]
    Text {
        /// The file.
        path: PathBuf,
        /// What is wrong with the text.
        source: KeyTextError,
    },
    /// A file that would be overwritten.
    #[error("{path} exists already, and a key is never overwritten", path = path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Writing failed.
    #[error("cannot write the key {path}: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
