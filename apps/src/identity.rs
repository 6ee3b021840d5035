//! The keys that say who this end is: read from files, made at the first start, with something to look at meanwhile.

use crate::error::AppError;
use crate::passphrase::Passphrases;
use crate::state;
use indicatif::ProgressBar;
use sealwire_backends::keys;
use sealwire_config::Config;
use sealwire_traits::{KeygenEvent, KeygenObserver, SecretBytes, SignatureScheme, SigningKey};
use std::io::{IsTerminal, stderr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Reads a private key from a file, asking for its passphrase if it has one.
pub fn read_pkcs8(path: &Path, passphrases: &mut Passphrases<'_>) -> Result<SecretBytes, AppError> {
    let mut ask = || passphrases.existing(&format!("the key {}", path.display()));
    Ok(keys::read_private(path, &mut ask)?)
}

/// Reads the signing key in `path`.
pub fn load(
    path: &Path,
    scheme: &dyn SignatureScheme,
    passphrases: &mut Passphrases<'_>,
) -> Result<Arc<dyn SigningKey>, AppError> {
    let pkcs8 = read_pkcs8(path, passphrases)?;
    let key = scheme.signing_key(&pkcs8).map_err(|source| AppError::Key { path: path.to_owned(), source })?;
    Ok(key.into())
}

/// The server's identity: the file that the config names, or the one in the state directory, which is made if it is not there.
pub fn of_server(
    config: &Config,
    scheme: &dyn SignatureScheme,
    random: &dyn sealwire_traits::SecureRandom,
    passphrases: &mut Passphrases<'_>,
) -> Result<Arc<dyn SigningKey>, AppError> {
    if let Some(path) = &config.server.identity {
        return load(path, scheme, passphrases);
    }
    let path = default_path()?;
    if !path.exists() {
        let key = generate("making this server's identity", scheme, config.server.identity_bits, random)?;
        keys::write_key_pair(&path, &key.to_pkcs8(), None)?;
    }
    load(&path, scheme, passphrases)
}

/// Where a server's own identity lives.
pub fn default_path() -> Result<PathBuf, AppError> {
    Ok(state::state_dir()?.join("server_identity.pem"))
}

/// Makes a signing key, with progress on a terminal.
pub fn generate(
    what: &str,
    scheme: &dyn SignatureScheme,
    bits: usize,
    random: &dyn sealwire_traits::SecureRandom,
) -> Result<Box<dyn SigningKey>, AppError> {
    let progress = Progress::new(what, bits);
    Ok(scheme.generate(bits, random, &progress)?)
}

/// A spinner that counts candidates; gone when dropped.
struct Progress(ProgressBar);

impl Progress {
    fn new(what: &str, bits: usize) -> Progress {
        let bar = if stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        bar.set_message(format!("{what}: RSA, {bits} bits"));
        bar.enable_steady_tick(Duration::from_millis(100));
        Progress(bar)
    }
}

impl KeygenObserver for Progress {
    fn event(&self, _: KeygenEvent) {
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
