//! RSASSA-PSS as a signature scheme (RFC 8017 section 8.1).

use super::engine::{ENGINES, EngineEntry};
use super::key::{PrivateKey, PublicKey};
use super::{keygen, private_op, pss};
use crate::keys::der;
use sealwire_traits::{
    Fingerprint, GenerateError, KeyError, KeygenObserver, OperationError, SecretBytes, SecureRandom, SignatureError,
    SignatureScheme, SigningKey, Slices, Unavailable, VerifyingKey,
};

/// RSASSA-PSS on every engine, the preferred one first. An engine that this build or this machine lacks says so.
pub static SIGNATURES: &[&dyn SignatureScheme] = {
    const ALL: [&dyn SignatureScheme; ENGINES.len()] =
        [&RsaPss(ENGINES[0]), &RsaPss(ENGINES[1]), &RsaPss(ENGINES[2]), &RsaPss(ENGINES[3]), &RsaPss(ENGINES[4])];
    &ALL
};

#[derive(Debug)]
struct RsaPss(&'static EngineEntry);

impl SignatureScheme for RsaPss {
    fn name(&self) -> &'static str {
        "rsa-pss-sha256"
    }

    fn engine(&self) -> &'static str {
        self.0.name
    }

    fn available(&self) -> Result<(), Unavailable> {
        (self.0.load)().map(drop)
    }

    fn signing_key(&self, pkcs8: &SecretBytes) -> Result<Box<dyn SigningKey>, KeyError> {
        let components = der::private_from_pkcs8(pkcs8.expose())?;
        // FIPS 186-5 section 5.1 has no others.
        if !components.others.is_empty() {
            return Err(KeyError::SigningPrimes(components.primes().len()));
        }
        let key = PrivateKey::new((self.0.load)()?, &components)?;
        Ok(Box::new(PssPrivateKey::new(key)))
    }

    fn verifying_key(&self, spki: &[u8]) -> Result<Box<dyn VerifyingKey>, KeyError> {
        let key = PublicKey::new((self.0.load)()?, der::public_from_spki(spki)?)?;
        Ok(Box::new(PssPublicKey(key)))
    }

    fn generate(
        &self,
        bits: usize,
        random: &dyn SecureRandom,
        observer: &dyn KeygenObserver,
    ) -> Result<Box<dyn SigningKey>, GenerateError> {
        Ok(Box::new(PssPrivateKey::new(keygen::generate((self.0.load)()?, bits.into(), random, observer)?)))
    }
}

struct PssPrivateKey {
    key: PrivateKey,
    spki: Vec<u8>,
}

impl PssPrivateKey {
    fn new(key: PrivateKey) -> PssPrivateKey {
        PssPrivateKey { spki: der::public_to_spki(key.public().components()), key }
    }

    async fn make_signature(&self, message: &[u8], random: &dyn SecureRandom) -> Result<Vec<u8>, OperationError> {
        let public = self.key.public();
        // RFC 8017 section 8.1.1, step 1: EM. Step 2: S = EM^d mod n.
        let em = pss::encode(message, public.len(), random)?;
        let m = public.representative(&em)?;
        let mut signature = vec![0; public.len()];
        private_op::private_op(&self.key, &m, random).await?.write_be_bytes(&mut signature);
        Ok(signature)
    }
}

impl SigningKey for PssPrivateKey {
    fn public_key(&self) -> &[u8] {
        &self.spki
    }

    fn fingerprint(&self) -> Fingerprint {
        der::fingerprint(self.key.public().components())
    }

    fn sign(&self, message: &[u8], random: &dyn SecureRandom) -> Result<Vec<u8>, OperationError> {
        self.signing(message, random).complete()
    }

    fn signing<'a>(
        &'a self,
        message: &'a [u8],
        random: &'a dyn SecureRandom,
    ) -> Slices<'a, Result<Vec<u8>, OperationError>> {
        Slices::new(self.make_signature(message, random))
    }

    fn to_pkcs8(&self) -> SecretBytes {
        der::private_to_pkcs8(&self.key.components())
    }
}

struct PssPublicKey(PublicKey);

impl VerifyingKey for PssPublicKey {
    fn bits(&self) -> usize {
        self.0.bits()
    }

    fn fingerprint(&self) -> Fingerprint {
        der::fingerprint(self.0.components())
    }

    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
        // RFC 8017 section 8.1.2, step 1: the length. Step 2: EM = S^e mod n for S < n. Step 3: EM is an encoding of M.
        let s = self.0.representative(signature).map_err(|_| SignatureError)?;
        let mut em = vec![0; self.0.len()];
        self.0.public_pow_e(&s).write_be_bytes(&mut em);
        if pss::verify(message, em) { Ok(()) } else { Err(SignatureError) }
    }
}
