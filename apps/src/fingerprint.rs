//! `sealwire fingerprint`: the name of a key.

use crate::error::AppError;
use crate::passphrase::Passphrases;
use crate::print;
use sealwire_backends::keys;
use std::path::Path;

/// Prints the fingerprint of the key in `path`, private or public.
///
/// # Errors
/// [`AppError`] when there is no key in it.
pub fn run(path: &Path, passphrases: &mut Passphrases<'_>) -> Result<(), AppError> {
    let mut ask = || passphrases.existing(&format!("the key {}", path.display()));
    let spki = keys::read_public(path, &mut ask)?;
    let print_of = keys::fingerprint(&spki).map_err(|source| AppError::Key { path: path.to_owned(), source })?;
    print(&format!("{print_of}\n"))
}
