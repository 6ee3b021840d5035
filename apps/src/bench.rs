//! `sealwire bench`: what every backend reaches on this machine, on one thread. Pin the program to one core for steadier figures
//! (`taskset -c 1 sealwire bench`).

mod race;
mod rsa;
mod symmetric;
mod table;

use crate::error::AppError;
use crate::print;
use sealwire_backends::registry::{self, Kind, RegistryError};

/// Measures everything that can be used here, and prints as it goes.
///
/// # Errors
/// [`AppError`] when a backend fails, or standard output is gone.
pub fn run() -> Result<(), AppError> {
    let ciphers = usable(Kind::BlockCipher, registry::block_cipher)?;
    let aeads = usable(Kind::Aead, registry::aead)?;
    let transports = usable(Kind::KeyTransport, registry::key_transport)?;
    let signatures = usable(Kind::Signature, registry::signature)?;
    print(&race::conditions())?;
    print(&symmetric::blocks(&ciphers)?)?;
    for suite in registry::suites() {
        let backends: Vec<_> = aeads.iter().copied().filter(|aead| aead.suite().name == suite).collect();
        print(&symmetric::records(suite, &backends)?)?;
        print(&symmetric::keys(suite, &backends))?;
    }
    for size in rsa::SIZES {
        print(&rsa::operations(size, &transports, &signatures)?)?;
    }
    Ok(())
}

/// Every backend of a kind that can be used here, looked up by `find`.
fn usable<T: ?Sized>(
    kind: Kind,
    find: fn(&str, &str) -> Result<&'static T, RegistryError>,
) -> Result<Vec<&'static T>, AppError> {
    let listings = registry::list()?;
    let usable = listings.iter().filter(|listing| listing.kind == kind && listing.status.is_ok());
    Ok(usable.map(|listing| find(listing.family, listing.name)).collect::<Result<_, _>>()?)
}

/// A backend that has passed its self-test and fails now.
fn broken(error: impl ToString) -> AppError {
    AppError::Unfinished(error.to_string())
}
