//! `sealwire backends`: everything that can be swapped, what is missing and why, and what this config would run.

use crate::error::AppError;
use crate::wire::{SIGNATURE_SCHEME, choices};
use sealwire_backends::registry::{self, Kind, Listing};
use sealwire_config::Config;
use std::fmt::Write as _;

/// The table that the command prints.
///
/// # Errors
/// [`AppError::Registry`] when the environment asks for what makes no sense.
pub fn table(config: &Config) -> Result<String, AppError> {
    let listings = registry::list()?;
    let of_kind = |kind: Kind| listings.iter().filter(move |listing| listing.kind == kind);
    let mut out = format!("settings: {}\n", config.source);
    let cipher = &config.cipher;
    section(
        &mut out,
        &format!("cipher (cipher.suite = {:?}, cipher.backend = {:?})", cipher.suite, cipher.backend),
        of_kind(Kind::Aead),
        |family| {
            let wanted = cipher.suite.iter().any(|suite| suite == family);
            wanted.then(|| registry::aead(family, &cipher.backend).ok().map(|a| a.backend())).flatten()
        },
    );
    let rsa = &config.key_transport;
    section(
        &mut out,
        &format!("key transport (key_transport.scheme = {:?}, key_transport.engine = {:?})", rsa.scheme, rsa.engine),
        of_kind(Kind::KeyTransport),
        |family| {
            let wanted = family == rsa.scheme;
            wanted.then(|| registry::key_transport(family, &rsa.engine).ok().map(|k| k.engine())).flatten()
        },
    );
    section(
        &mut out,
        &format!("signature (key_transport.engine = {:?})", rsa.engine),
        of_kind(Kind::Signature),
        |family| {
            let wanted = family == SIGNATURE_SCHEME;
            wanted.then(|| registry::signature(family, &rsa.engine).ok().map(|s| s.engine())).flatten()
        },
    );
    let kind = &config.transport.kind;
    let _ = writeln!(out, "\ntransport (transport.kind = {kind:?})");
    for name in choices().transports {
        line(&mut out, name, "", name == kind, "available");
    }
    Ok(out)
}

/// One kind of backend; `runs` names the backend of a family that this config would run, if it would run the family at all.
fn section<'a>(
    out: &mut String,
    title: &str,
    listings: impl Iterator<Item = &'a Listing>,
    runs: impl Fn(&str) -> Option<&'static str>,
) {
    let _ = writeln!(out, "\n{title}");
    for Listing { family, name, status, .. } in listings {
        let status = match status {
            Ok(()) => "available".to_owned(),
            Err(error) => error.to_string(),
        };
        line(out, family, name, runs(family) == Some(*name), &status);
    }
}

fn line(out: &mut String, family: &str, name: &str, runs: bool, status: &str) {
    let mark = if runs { "->" } else { "  " };
    let status = if runs { "would run" } else { status };
    let _ = writeln!(out, "{mark} {family:<16} {name:<20} {status}");
}
