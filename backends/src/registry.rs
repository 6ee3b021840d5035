//! Every backend, by name: ordered lists, `auto`, why one is unavailable, and a self-test before the first use.
//!
//! **To add a backend**, implement its trait and add one line to a list: [`BLOCK_CIPHERS`] or [`AEADS`] here,
//! [`KEY_TRANSPORTS`](crate::rsa::KEY_TRANSPORTS) or [`SIGNATURES`](crate::rsa::SIGNATURES) for an RSA engine. Lists
//! are ordered by preference: `auto` is the first that is available and passes its self-test. Tests run over the lists,
//! so the new line is tested too. A backend that lives outside this crate needs no list: it goes into a
//! [`Provider`](sealwire_traits::Provider) directly.

mod self_test;

use crate::aes::AesAlgorithm;
use crate::cpu_limit;
use crate::gcm::GcmAlgorithm;
use crate::rsa;
use crate::x86::{Instructions, X86Aes, X86AesGcm};
use sealwire_traits::{AeadAlgorithm, BlockCipherAlgorithm, KeyTransport, SignatureScheme, Suite, Unavailable};
use std::fmt;
use std::sync::{LazyLock, OnceLock};
use thiserror::Error;

/// Every block cipher, the preferred first.
pub static BLOCK_CIPHERS: &[&dyn BlockCipherAlgorithm] =
    &[&X86Aes(Instructions::Vaes), &X86Aes(Instructions::AesNi), &AesAlgorithm];

/// Every AEAD, the preferred first.
pub static AEADS: &[&dyn AeadAlgorithm] = &[
    &X86AesGcm { suite: Suite::AES_256_GCM, instructions: Instructions::Vaes },
    &X86AesGcm { suite: Suite::AES_256_GCM, instructions: Instructions::AesNi },
    &GcmAlgorithm::new(Suite::AES_256_GCM, &AesAlgorithm),
    &X86AesGcm { suite: Suite::AES_128_GCM, instructions: Instructions::Vaes },
    &X86AesGcm { suite: Suite::AES_128_GCM, instructions: Instructions::AesNi },
    &GcmAlgorithm::new(Suite::AES_128_GCM, &AesAlgorithm),
];

/// The name that stands for the first backend that can be used.
pub const AUTO: &str = "auto";

/// A backend that cannot be had, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RegistryError {
    /// No such name, or no such value of `SEALWIRE_CPU`.
    #[error("unknown {what} {name:?}: expected one of {}", allowed.join(", "))]
    Unknown {
        /// What the name was to be a name of.
        what: String,
        /// The name.
        name: String,
        /// The names that would do.
        allowed: Vec<&'static str>,
    },
    /// A backend that cannot run in this build or on this machine.
    #[error("{family} by {name} is unavailable: {reason}")]
    Unavailable {
        /// The suite, scheme or cipher.
        family: &'static str,
        /// The backend or engine.
        name: &'static str,
        /// Why.
        reason: String,
    },
    /// A backend that computes wrongly. It is not used in this process.
    #[error("{family} by {name} failed its self-test and is not used: {reason}")]
    SelfTest {
        /// The suite, scheme or cipher.
        family: &'static str,
        /// The backend or engine.
        name: &'static str,
        /// What went wrong.
        reason: String,
    },
}

/// The kinds of backends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// [`BlockCipherAlgorithm`]
    BlockCipher,
    /// [`AeadAlgorithm`]
    Aead,
    /// [`KeyTransport`]
    KeyTransport,
    /// [`SignatureScheme`]
    Signature,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::BlockCipher => "block cipher",
            Kind::Aead => "cipher suite",
            Kind::KeyTransport => "key transport",
            Kind::Signature => "signature scheme",
        })
    }
}

/// A line of [`list`].
#[derive(Clone, Debug)]
pub struct Listing {
    /// What it is.
    pub kind: Kind,
    /// The suite, scheme or cipher that it computes.
    pub family: &'static str,
    /// The backend or engine.
    pub name: &'static str,
    /// Whether it can be used; if not, [`RegistryError::Unavailable`] or [`RegistryError::SelfTest`] says why.
    pub status: Result<(), RegistryError>,
    /// Whether it is the one that `auto` takes.
    pub auto: bool,
}

/// The block cipher `cipher` by the backend called `backend`, or by the best one for [`AUTO`].
///
/// # Errors
/// [`RegistryError`]: no such name, unavailable here, or broken.
pub fn block_cipher(cipher: &str, backend: &str) -> Result<&'static dyn BlockCipherAlgorithm, RegistryError> {
    LISTS.block_ciphers.find(cipher, backend)
}

/// The AEAD `suite` by the backend called `backend`, or by the best one for [`AUTO`].
///
/// # Errors
/// [`RegistryError`]: no such name, unavailable here, or broken.
pub fn aead(suite: &str, backend: &str) -> Result<&'static dyn AeadAlgorithm, RegistryError> {
    LISTS.aeads.find(suite, backend)
}

/// The key transport `scheme` by the engine called `engine`, or by the best one for [`AUTO`].
///
/// # Errors
/// [`RegistryError`]: no such name, unavailable here, or broken.
pub fn key_transport(scheme: &str, engine: &str) -> Result<&'static dyn KeyTransport, RegistryError> {
    LISTS.key_transports.find(scheme, engine)
}

/// The signature scheme `scheme` by the engine called `engine`, or by the best one for [`AUTO`].
///
/// # Errors
/// [`RegistryError`]: no such name, unavailable here, or broken.
pub fn signature(scheme: &str, engine: &str) -> Result<&'static dyn SignatureScheme, RegistryError> {
    LISTS.signatures.find(scheme, engine)
}

/// The names of all AEAD suites.
pub fn suites() -> Vec<&'static str> {
    LISTS.aeads.families()
}

/// The names of all key transport schemes.
pub fn key_transport_schemes() -> Vec<&'static str> {
    LISTS.key_transports.families()
}

/// The names of all signature schemes.
pub fn signature_schemes() -> Vec<&'static str> {
    LISTS.signatures.families()
}

/// The names that [`aead`] takes for a backend, [`AUTO`] first. Not every one computes every suite.
pub fn cipher_backends() -> Vec<&'static str> {
    distinct([AUTO].into_iter().chain(LISTS.aeads.names()))
}

/// The names that [`key_transport`] and [`signature`] take for an engine, [`AUTO`] first, with those that are not built
/// in.
pub fn engines() -> Vec<&'static str> {
    distinct([AUTO].into_iter().chain(LISTS.key_transports.names()).chain(LISTS.signatures.names()))
}

/// The library that a backend belongs to: `library` of `library/kernel`, and of a name without a slash all of it.
pub fn library(name: &'static str) -> &'static str {
    name.split_once('/').map_or(name, |(library, _)| library)
}

/// Every backend of every kind, in the order of preference. Runs the self-tests that have not run yet.
///
/// # Errors
/// [`RegistryError::Unknown`] for a value of `SEALWIRE_CPU` that is none.
pub fn list() -> Result<Vec<Listing>, RegistryError> {
    check_limit()?;
    let Lists { block_ciphers, aeads, key_transports, signatures } = &*LISTS;
    Ok([block_ciphers.listings(), aeads.listings(), key_transports.listings(), signatures.listings()].concat())
}

/// Whoever sets a limit wants it kept: one that is misspelt must not pass for another.
fn check_limit() -> Result<(), RegistryError> {
    let result = cpu_limit::limit().map(drop);
    result.map_err(|value| unknown(format!("value of {}", cpu_limit::VARIABLE), value, cpu_limit::names()))
}

/// The backends of one kind and what the lookup needs to know of them.
struct List<T: ?Sized + 'static> {
    kind: Kind,
    available: fn(&T) -> Result<(), Unavailable>,
    self_test: fn(&T) -> Result<(), String>,
    entries: Vec<Entry<T>>,
}

struct Entry<T: ?Sized + 'static> {
    backend: &'static T,
    family: &'static str,
    name: &'static str,
    /// The outcome of the self-test, which runs once a process.
    tested: OnceLock<Result<(), String>>,
}

struct Lists {
    block_ciphers: List<dyn BlockCipherAlgorithm>,
    aeads: List<dyn AeadAlgorithm>,
    key_transports: List<dyn KeyTransport>,
    signatures: List<dyn SignatureScheme>,
}

static LISTS: LazyLock<Lists> = LazyLock::new(|| Lists {
    block_ciphers: List {
        kind: Kind::BlockCipher,
        available: |b| b.available(),
        self_test: self_test::block_cipher,
        entries: entries(BLOCK_CIPHERS, |b| (b.cipher(), b.backend())),
    },
    aeads: List {
        kind: Kind::Aead,
        available: |a| a.available(),
        self_test: self_test::aead,
        entries: entries(AEADS, |a| (a.suite().name, a.backend())),
    },
    key_transports: List {
        kind: Kind::KeyTransport,
        available: |k| k.available(),
        self_test: rsa::self_test_key_transport,
        entries: entries(rsa::KEY_TRANSPORTS, |k| (k.scheme().name, k.engine())),
    },
    signatures: List {
        kind: Kind::Signature,
        available: |s| s.available(),
        self_test: rsa::self_test_signature,
        entries: entries(rsa::SIGNATURES, |s| (s.name(), s.engine())),
    },
});

/// `names` gives family and name of a backend.
fn entries<T: ?Sized>(backends: &[&'static T], names: impl Fn(&T) -> (&'static str, &'static str)) -> Vec<Entry<T>> {
    let entry = |&backend: &&'static T| {
        let (family, name) = names(backend);
        Entry { backend, family, name, tested: OnceLock::new() }
    };
    backends.iter().map(entry).collect()
}

impl<T: ?Sized> List<T> {
    fn find(&self, family: &str, name: &str) -> Result<&'static T, RegistryError> {
        check_limit()?;
        let members: Vec<_> = self.entries.iter().filter(|e| e.family == family).collect();
        if members.is_empty() {
            return Err(unknown(self.kind.to_string(), family, self.families()));
        }
        let spellings = || distinct([AUTO].into_iter().chain(members.iter().flat_map(|e| spellings(e.name))));
        let Some(name) = spellings().into_iter().find(|spelling| *spelling == name) else {
            return Err(unknown(format!("backend of {family}"), name, spellings()));
        };
        match members.iter().find(|e| e.name == name) {
            Some(entry) => self.usable(entry),
            None => self.first_usable(members.iter().filter(|e| name == AUTO || library(e.name) == name), name),
        }
    }

    fn first_usable<'a>(
        &self,
        members: impl Iterator<Item = &'a &'a Entry<T>>,
        name: &'static str,
    ) -> Result<&'static T, RegistryError> {
        let (mut family, mut reasons) = ("", Vec::new());
        for entry in members {
            match self.usable(entry) {
                Ok(backend) => return Ok(backend),
                Err(error) => reasons.push(error.to_string()),
            }
            family = entry.family;
        }
        Err(RegistryError::Unavailable { family, name, reason: reasons.join("; ") })
    }

    fn usable(&self, entry: &Entry<T>) -> Result<&'static T, RegistryError> {
        let Entry { backend, family, name, ref tested } = *entry;
        if let Err(Unavailable(reason)) = (self.available)(backend) {
            return Err(RegistryError::Unavailable { family, name, reason });
        }
        match tested.get_or_init(|| (self.self_test)(backend)) {
            Ok(()) => Ok(backend),
            Err(reason) => Err(RegistryError::SelfTest { family, name, reason: reason.clone() }),
        }
    }

    fn listings(&self) -> Vec<Listing> {
        let mut served = Vec::new();
        let line = |entry: &Entry<T>| {
            let Entry { family, name, .. } = *entry;
            let status = self.usable(entry).map(|_| ());
            let auto = status.is_ok() && !served.contains(&family);
            if auto {
                served.push(family);
            }
            Listing { kind: self.kind, family, name, status, auto }
        };
        self.entries.iter().map(line).collect()
    }

    fn families(&self) -> Vec<&'static str> {
        distinct(self.entries.iter().map(|e| e.family))
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        self.entries.iter().flat_map(|e| spellings(e.name))
    }
}

/// What a backend answers to. The name of a library stands for the first of its kernels that can be used.
fn spellings(name: &'static str) -> [&'static str; 2] {
    [library(name), name]
}

fn unknown(what: String, name: &str, allowed: Vec<&'static str>) -> RegistryError {
    RegistryError::Unknown { what, name: name.to_owned(), allowed }
}

fn distinct(names: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    names.fold(Vec::new(), |mut seen, name| {
        if !seen.contains(&name) {
            seen.push(name);
        }
        seen
    })
}

#[cfg(test)]
mod tests;
