//! `sealwire keygen`: makes a key pair.

use crate::cli;
use crate::error::AppError;
use crate::identity;
use crate::passphrase::Passphrases;
use crate::print;
use crate::wire;
use sealwire_backends::keys;
use sealwire_config::Config;
use sealwire_traits::OsRandom;

/// Makes the pair, writes it, and prints its fingerprint.
///
/// # Errors
/// [`AppError`] when a file exists already or cannot be written.
pub fn run(config: &Config, options: &cli::Keygen, passphrases: &mut Passphrases<'_>) -> Result<(), AppError> {
    keys::check_vacant(&options.out)?;
    let passphrase = if options.encrypts() {
        Some(passphrases.new_one(&format!("the key {}", options.out.display()))?)
    } else {
        None
    };
    let key = identity::generate("making a key", wire::signature(config)?, options.bits, &OsRandom)?;
    keys::write_key_pair(&options.out, &key.to_pkcs8(), passphrase.as_ref())?;
    print(&format!("{}\n", key.fingerprint()))
}
