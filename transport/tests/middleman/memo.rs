//! RSA that remembers. The simulation repeats one handshake thousands of times with the same random bytes, so that nearly every RSA
//! operation repeats as well; each distinct one is computed once, by the real backend, with randomness of its own.

use crate::support;
use sealwire_traits::{
    Fingerprint, GenerateError, KeyError, KeySize, KeyTransport, KeyTransportScheme, KeygenObserver, OperationError,
    OsRandom, PreMaster, Provider, SecretBytes, SecureRandom, SignatureError, SignatureScheme, SigningKey, Unavailable,
    UnwrapKey, VerifyingKey, WrapKey, WrappedError,
};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex};

/// Results by question.
struct Memory<V>(Mutex<HashMap<Vec<u8>, V>>);

impl<V: Clone> Memory<V> {
    fn new() -> Memory<V> {
        Memory(Mutex::new(HashMap::new()))
    }

    /// The answer given first counts for everybody.
    fn recall<E>(&self, question: &[&[u8]], answer: impl FnOnce() -> Result<V, E>) -> Result<V, E> {
        let question = question.concat();
        if let Some(known) = self.0.lock().unwrap().get(&question) {
            return Ok(known.clone());
        }
        let fresh = answer()?;
        Ok(self.0.lock().unwrap().entry(question).or_insert(fresh).clone())
    }
}

impl<V> fmt::Debug for Memory<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}

/// The provider of the tests, with RSA that remembers.
pub fn provider(random: &'static dyn SecureRandom) -> Provider {
    static TRANSPORT: LazyLock<Transport> = LazyLock::new(|| Transport(real().key_transport, Memory::new()));
    static SIGNATURE: LazyLock<Signature> = LazyLock::new(|| Signature(real().signature, Memory::new()));
    Provider { key_transport: &*TRANSPORT, signature: &*SIGNATURE, ..support::provider(random) }
}

fn real() -> Provider {
    support::provider(&OsRandom)
}

#[derive(Debug)]
struct Transport(&'static dyn KeyTransport, Memory<Arc<Wrap>>);

impl KeyTransport for Transport {
    fn scheme(&self) -> KeyTransportScheme {
        self.0.scheme()
    }
    fn engine(&self) -> &'static str {
        self.0.engine()
    }
    fn available(&self) -> Result<(), Unavailable> {
        self.0.available()
    }
    fn public_key(&self, spki: &[u8]) -> Result<Box<dyn WrapKey>, KeyError> {
        let key = self.1.recall(&[spki], || self.0.public_key(spki).map(|key| Arc::new(Wrap(key, Memory::new()))))?;
        Ok(Box::new(Shared(key)))
    }
    fn private_key(&self, pkcs8: &SecretBytes) -> Result<Box<dyn UnwrapKey>, KeyError> {
        self.0.private_key(pkcs8)
    }
    fn generate(
        &self,
        size: KeySize,
        random: &dyn SecureRandom,
        observer: &dyn KeygenObserver,
    ) -> Result<Box<dyn UnwrapKey>, GenerateError> {
        self.0.generate(size, random, observer)
    }
}

struct Wrap(Box<dyn WrapKey>, Memory<Vec<u8>>);
struct Shared<T>(Arc<T>);

impl WrapKey for Shared<Wrap> {
    fn bits(&self) -> usize {
        self.0.0.bits()
    }
    fn wrapped_len(&self) -> usize {
        self.0.0.wrapped_len()
    }
    fn wrap_secret(&self, secret: &PreMaster, label: &[u8], _: &dyn SecureRandom) -> Result<Vec<u8>, OperationError> {
        self.0.1.recall(&[secret.expose(), label], || self.0.0.wrap_secret(secret, label, &OsRandom))
    }
}

/// A private transport key that remembers.
pub struct Unwrap(Box<dyn UnwrapKey>, Memory<[u8; 32]>);

impl Unwrap {
    pub fn new(key: Box<dyn UnwrapKey>) -> Unwrap {
        Unwrap(key, Memory::new())
    }
}

impl UnwrapKey for Unwrap {
    fn public_key(&self) -> &[u8] {
        self.0.public_key()
    }
    fn check_wrapped(&self, wrapped: &[u8]) -> Result<(), WrappedError> {
        self.0.check_wrapped(wrapped)
    }
    fn unwrap_secret(&self, wrapped: &[u8], label: &[u8], _: &dyn SecureRandom) -> Result<PreMaster, OperationError> {
        let bytes = self.1.recall(&[wrapped, label], || {
            self.0.unwrap_secret(wrapped, label, &OsRandom).map(|secret| *secret.expose())
        })?;
        let mut secret = PreMaster::zeroed();
        *secret.expose_mut() = bytes;
        Ok(secret)
    }
    fn to_pkcs8(&self) -> SecretBytes {
        self.0.to_pkcs8()
    }
}

#[derive(Debug)]
struct Signature(&'static dyn SignatureScheme, Memory<Arc<Verify>>);

impl SignatureScheme for Signature {
    fn name(&self) -> &'static str {
        self.0.name()
    }
    fn engine(&self) -> &'static str {
        self.0.engine()
    }
    fn available(&self) -> Result<(), Unavailable> {
        self.0.available()
    }
    fn signing_key(&self, pkcs8: &SecretBytes) -> Result<Box<dyn SigningKey>, KeyError> {
        self.0.signing_key(pkcs8)
    }
    fn verifying_key(&self, spki: &[u8]) -> Result<Box<dyn VerifyingKey>, KeyError> {
        let key =
            self.1.recall(&[spki], || self.0.verifying_key(spki).map(|key| Arc::new(Verify(key, Memory::new()))))?;
        Ok(Box::new(Shared(key)))
    }
    fn generate(
        &self,
        bits: usize,
        random: &dyn SecureRandom,
        observer: &dyn KeygenObserver,
    ) -> Result<Box<dyn SigningKey>, GenerateError> {
        self.0.generate(bits, random, observer)
    }
}

struct Verify(Box<dyn VerifyingKey>, Memory<Result<(), SignatureError>>);

impl VerifyingKey for Shared<Verify> {
    fn bits(&self) -> usize {
        self.0.0.bits()
    }
    fn fingerprint(&self) -> Fingerprint {
        self.0.0.fingerprint()
    }
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        self.0.1.recall(&[message, signature], || Ok(self.0.0.verify(message, signature)))?
    }
}

/// An identity that remembers.
pub struct Sign(Arc<dyn SigningKey>, Memory<Vec<u8>>);

impl Sign {
    pub fn new(key: Arc<dyn SigningKey>) -> Sign {
        Sign(key, Memory::new())
    }
}

impl SigningKey for Sign {
    fn public_key(&self) -> &[u8] {
        self.0.public_key()
    }
    fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint()
    }
    fn sign(&self, message: &[u8], _: &dyn SecureRandom) -> Result<Vec<u8>, OperationError> {
        self.1.recall(&[message], || self.0.sign(message, &OsRandom))
    }
    fn to_pkcs8(&self) -> SecretBytes {
        self.0.to_pkcs8()
    }
}
