//! Transport keys that are watched: how many were made, and the processor time of their private operations.

use crate::linux::thread_time;
use crate::support::provider;
use sealwire_traits::*;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// Keys made by [`Watched`].
pub static MADE: AtomicUsize = AtomicUsize::new(0);
/// Nanoseconds that private operations of [`WatchedKey`] took.
static OPERATIONS: AtomicU64 = AtomicU64::new(0);

/// Processor time of all private operations so far.
pub fn operations_time() -> Duration {
    Duration::from_nanos(OPERATIONS.load(Relaxed))
}

/// The key transport of the tests.
#[derive(Debug)]
pub struct Watched;

fn real() -> &'static dyn KeyTransport {
    provider(&OsRandom).key_transport
}

impl KeyTransport for Watched {
    fn scheme(&self) -> KeyTransportScheme {
        real().scheme()
    }
    fn engine(&self) -> &'static str {
        real().engine()
    }
    fn available(&self) -> Result<(), Unavailable> {
        real().available()
    }
    fn public_key(&self, spki: &[u8]) -> Result<Box<dyn WrapKey>, KeyError> {
        real().public_key(spki)
    }
    fn private_key(&self, pkcs8: &SecretBytes) -> Result<Box<dyn UnwrapKey>, KeyError> {
        real().private_key(pkcs8)
    }
    fn generate(
        &self,
        size: KeySize,
        random: &dyn SecureRandom,
        observer: &dyn KeygenObserver,
    ) -> Result<Box<dyn UnwrapKey>, GenerateError> {
        let key = real().generate(size, random, observer)?;
        MADE.fetch_add(1, Relaxed);
        Ok(key)
    }
}

/// A key whose private operations are timed.
pub struct WatchedKey(pub Box<dyn UnwrapKey>);

impl UnwrapKey for WatchedKey {
    fn public_key(&self) -> &[u8] {
        self.0.public_key()
    }
    fn check_wrapped(&self, wrapped: &[u8]) -> Result<(), WrappedError> {
        self.0.check_wrapped(wrapped)
    }
    fn unwrap_secret(
        &self,
        wrapped: &[u8],
        label: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<PreMaster, OperationError> {
        self.unwrapping(wrapped, label, random).complete()
    }
    fn unwrapping<'a>(
        &'a self,
        wrapped: &'a [u8],
        label: &'a [u8],
        random: &'a dyn SecureRandom,
    ) -> Slices<'a, Result<PreMaster, OperationError>> {
        let mut work = self.0.unwrapping(wrapped, label, random);
        Slices::new(async move {
            loop {
                let before = thread_time();
                let secret = work.advance();
                let took = thread_time() - before;
                OPERATIONS.fetch_add(u64::try_from(took.as_nanos()).unwrap(), Relaxed);
                match secret {
                    Some(secret) => return secret,
                    None => pause().await,
                }
            }
        })
    }
    fn to_pkcs8(&self) -> SecretBytes {
        self.0.to_pkcs8()
    }
}
