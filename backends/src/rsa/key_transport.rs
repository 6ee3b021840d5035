//! RSAES-OAEP as a key transport: the secret that travels is encrypted to the server's transport key (RFC 8017 section
//! 7.1).

use super::engine::{ENGINES, Engine, EngineEntry};
use super::key::{PrivateKey, PublicKey};
use super::{keygen, oaep, private_op};
use crate::keys::der;
use sealwire_traits::{
    GenerateError, KeyError, KeySize, KeyTransport, KeyTransportScheme, KeygenObserver, OperationError, PreMaster,
    Secret, SecretBytes, SecureRandom, Slices, Unavailable, UnwrapKey, WrapKey, WrappedError,
};

/// RSAES-OAEP on every engine, the preferred one first. An engine that this build or this machine lacks says so.
pub static KEY_TRANSPORTS: &[&dyn KeyTransport] = {
    const ALL: [&dyn KeyTransport; ENGINES.len()] =
        [&RsaOaep(ENGINES[0]), &RsaOaep(ENGINES[1]), &RsaOaep(ENGINES[2]), &RsaOaep(ENGINES[3]), &RsaOaep(ENGINES[4])];
    &ALL
};

#[derive(Debug)]
struct RsaOaep(&'static EngineEntry);

impl KeyTransport for RsaOaep {
    fn scheme(&self) -> KeyTransportScheme {
        KeyTransportScheme::RSA_OAEP_SHA256
    }

    fn engine(&self) -> &'static str {
        self.0.name
    }

    fn available(&self) -> Result<(), Unavailable> {
        (self.0.load)().map(drop)
    }

    fn is_sliced(&self) -> bool {
        self.0.is_sliced
    }

    fn public_key(&self, spki: &[u8]) -> Result<Box<dyn WrapKey>, KeyError> {
        let key = PublicKey::new((self.0.load)()?, der::public_from_spki(spki)?)?;
        Ok(Box::new(OaepPublicKey(key)))
    }

    fn private_key(&self, pkcs8: &SecretBytes) -> Result<Box<dyn UnwrapKey>, KeyError> {
        let key = PrivateKey::new((self.0.load)()?, &der::private_from_pkcs8(pkcs8.expose())?)?;
        Ok(Box::new(OaepPrivateKey::new(key)))
    }

    fn generate(
        &self,
        size: KeySize,
        random: &dyn SecureRandom,
        observer: &dyn KeygenObserver,
    ) -> Result<Box<dyn UnwrapKey>, GenerateError> {
        let engine: &dyn Engine = (self.0.load)()?;
        Ok(Box::new(OaepPrivateKey::new(keygen::generate(engine, size, random, observer)?)))
    }
}

struct OaepPublicKey(PublicKey);

impl WrapKey for OaepPublicKey {
    fn bits(&self) -> usize {
        self.0.bits()
    }

    fn wrapped_len(&self) -> usize {
        self.0.len()
    }

    fn wrap_secret(
        &self,
        secret: &PreMaster,
        label: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<Vec<u8>, OperationError> {
        let em = oaep::encode(secret, label, self.0.len(), random)?;
        // RFC 8017 section 7.1.1, steps 3a to 3c: C = EM^e mod n.
        let m = self.0.representative(em.expose())?;
        let mut wrapped = vec![0; self.0.len()];
        self.0.pow_e(&m).write_be_bytes(&mut wrapped);
        Ok(wrapped)
    }
}

struct OaepPrivateKey {
    key: PrivateKey,
    spki: Vec<u8>,
}

impl OaepPrivateKey {
    fn new(key: PrivateKey) -> OaepPrivateKey {
        OaepPrivateKey { spki: der::public_to_spki(key.public().components()), key }
    }

    async fn unwrap(
        &self,
        wrapped: &[u8],
        label: &[u8],
        random: &dyn SecureRandom,
    ) -> Result<PreMaster, OperationError> {
        let substitute = Secret::random(random)?;
        // RFC 8017 section 7.1.2, steps 1 and 2: EM = C^d mod n.
        let c = self.key.public().representative(wrapped)?;
        let em = private_op::private_op(&self.key, &c, random).await?.to_be_bytes(self.key.public().len());
        Ok(oaep::decode(em, label).secret_or(&substitute))
    }
}

impl UnwrapKey for OaepPrivateKey {
    fn public_key(&self) -> &[u8] {
        &self.spki
    }

    fn check_wrapped(&self, wrapped: &[u8]) -> Result<(), WrappedError> {
        self.key.public().representative(wrapped).map(drop)
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
        Slices::new(self.unwrap(wrapped, label, random))
    }

    fn to_pkcs8(&self) -> SecretBytes {
        der::private_to_pkcs8(&self.key.components())
    }
}
