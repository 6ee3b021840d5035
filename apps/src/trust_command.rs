//! `sealwire trust`: lists and changes the servers this user knows and the clients its server lets in.

use crate::cli;
use crate::error::AppError;
use crate::passphrase::Passphrases;
use crate::trust::{AuthorizedClient, Entry, KnownHost, TrustFile, subject};
use crate::{print, state, with_passphrases};
use sealwire_config::Config;
use sealwire_traits::Fingerprint;
use std::fmt::Write as _;

/// Runs the command.
///
/// # Errors
/// [`AppError`]: a key that cannot be read, or a file that cannot be changed.
pub fn run(config: &Config, command: &cli::Trust) -> Result<(), AppError> {
    match command {
        cli::Trust::List => list(config),
        cli::Trust::Add(options) => with_passphrases(options.passphrase, |asking| add(config, options, asking)),
        cli::Trust::Remove(options) => with_passphrases(options.passphrase, |asking| remove(config, options, asking)),
    }
}

/// The servers that clients of this user know.
pub fn known_hosts(config: &Config) -> Result<TrustFile<KnownHost>, AppError> {
    Ok(TrustFile::new(match &config.client.known_hosts {
        Some(path) => path.clone(),
        None => state::state_dir()?.join("known_hosts"),
    }))
}

/// The clients that this user's server lets in.
pub fn authorized_clients(config: &Config) -> Result<TrustFile<AuthorizedClient>, AppError> {
    Ok(TrustFile::new(match &config.server.authorized_clients {
        Some(path) => path.clone(),
        None => state::state_dir()?.join("authorized_clients"),
    }))
}

fn list(config: &Config) -> Result<(), AppError> {
    let mut out = String::new();
    section(&mut out, "known servers", &known_hosts(config)?)?;
    section(&mut out, "authorised clients", &authorized_clients(config)?)?;
    print(&out)
}

fn section<E: Entry>(out: &mut String, title: &str, file: &TrustFile<E>) -> Result<(), AppError> {
    let entries = file.entries()?;
    let _ = writeln!(out, "{title} ({}):", file.path().display());
    for entry in &entries {
        let _ = writeln!(out, "  {entry}");
    }
    if entries.is_empty() {
        let _ = writeln!(out, "  none");
    }
    Ok(())
}

fn add(config: &Config, options: &cli::TrustAdd, passphrases: &mut Passphrases<'_>) -> Result<(), AppError> {
    let fingerprint = key(&options.key, passphrases)?;
    if let Some(address) = &options.server {
        let host = KnownHost::new(address, fingerprint).map_err(AppError::Usage)?;
        known_hosts(config)?.add(&host)?;
        return print(&format!("{host}\n"));
    }
    let client =
        AuthorizedClient::new(fingerprint, options.services.clone(), &options.comment).map_err(AppError::Usage)?;
    authorized_clients(config)?.add(&client)?;
    print(&format!("{client}\n"))
}

fn remove(config: &Config, options: &cli::TrustRemove, passphrases: &mut Passphrases<'_>) -> Result<(), AppError> {
    let (removed, what) = match (&options.server, &options.key) {
        (Some(address), _) => {
            (known_hosts(config)?.remove(|host| host.address() == address)?, format!("the server at {address}"))
        }
        (None, Some(argument)) => {
            let fingerprint = key(argument, passphrases)?;
            let clients = authorized_clients(config)?;
            (clients.remove(|client| client.fingerprint() == fingerprint)?, format!("the client {fingerprint}"))
        }
        (None, None) => return Err(AppError::Usage("whom to remove: a client's key, or --server ADDRESS".to_owned())),
    };
    if removed == 0 {
        return Err(AppError::Unfinished(format!("{what} is not on the list")));
    }
    print(&format!("removed {what}\n"))
}

fn key(argument: &str, passphrases: &mut Passphrases<'_>) -> Result<Fingerprint, AppError> {
    let mut ask = || passphrases.existing("the key");
    Ok(subject(argument, &mut ask)?)
}
