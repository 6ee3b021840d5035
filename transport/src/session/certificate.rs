//! The certificate of a transport key: the server's identity vouches for a key that lives a few minutes (PROTOCOL.md, "Keys").

use super::codec::{Put, Reader};
use super::limits::{CLOCK_SKEW, MAX_LIFETIME};
use super::transcript::signed;
use super::{CertificateError, HandshakeError};
use sealwire_traits::{
    Fingerprint, OperationError, Provider, SecureRandom, SigningKey, UnwrapKey, VerifyingKey, WrapKey,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const PURPOSE: &str = "epoch";

/// What the identity signs.
pub(super) struct Certificate {
    pub(super) key_transport: u8,
    pub(super) not_before: u64,
    pub(super) not_after: u64,
    /// The transport key, encoded the way its scheme encodes keys.
    pub(super) key: Vec<u8>,
    /// The identity (SubjectPublicKeyInfo).
    pub(super) identity: Vec<u8>,
}

/// The keys of a certificate that was checked.
pub(super) struct Vouched {
    pub(super) identity: Box<dyn VerifyingKey>,
    pub(super) transport_key: Box<dyn WrapKey>,
}

impl Certificate {
    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(32 + self.key.len() + self.identity.len());
        out.put_u8(self.key_transport);
        out.put_u64(self.not_before);
        out.put_u64(self.not_after);
        out.put_x16(&self.key);
        out.put_x16(&self.identity);
        out
    }

    pub(super) fn decode(tbs: &[u8]) -> Result<Certificate, HandshakeError> {
        let mut r = Reader::new(tbs);
        let certificate = Certificate {
            key_transport: r.u8()?,
            not_before: r.u64()?,
            not_after: r.u64()?,
            key: r.x16()?.to_vec(),
            identity: r.x16()?.to_vec(),
        };
        r.finish()?;
        Ok(certificate)
    }

    /// Everything a client checks but the dates, in the order of PROTOCOL.md: the identity is one of `pins`, it signed, the transport
    /// key is sound and another key, the lifetime is short.
    ///
    /// # Errors
    /// The first check that fails.
    pub(super) fn check(
        &self,
        tbs: &[u8],
        signature: &[u8],
        pins: &[Fingerprint],
        provider: &Provider,
    ) -> Result<Vouched, HandshakeError> {
        let identity = provider.signature.verifying_key(&self.identity).map_err(CertificateError::from)?;
        let found = identity.fingerprint();
        if !pins.is_empty() && !pins.contains(&found) {
            return Err(HandshakeError::WrongServer { expected: pins.to_vec(), found });
        }
        identity.verify(&signed(PURPOSE, &[tbs]), signature).map_err(|_| CertificateError::Signature)?;
        if self.key_transport != provider.key_transport.scheme().id {
            return Err(HandshakeError::KeyTransport(self.key_transport));
        }
        let key = provider.key_transport.public_key(&self.key).map_err(CertificateError::from)?;
        if self.key == self.identity {
            return Err(CertificateError::SameKey.into());
        }
        let lifetime = i128::from(self.not_after) - i128::from(self.not_before);
        if !(1..=i128::from(MAX_LIFETIME)).contains(&lifetime) {
            return Err(CertificateError::Lifetime(lifetime).into());
        }
        if pins.is_empty() {
            return Err(HandshakeError::UnknownServer(found));
        }
        Ok(Vouched { identity, transport_key: key })
    }

    /// Whether `unix` seconds lie between the dates, exactly.
    pub(super) fn is_current(&self, unix: u64) -> bool {
        (self.not_before..=self.not_after).contains(&unix)
    }
}

/// A transport key in use, with its certificate. Every handshake on it holds a reference; the last one to go wipes the key.
pub struct Epoch {
    pub(super) tbs: Vec<u8>,
    pub(super) signature: Vec<u8>,
    pub(super) key: Box<dyn UnwrapKey>,
    not_after: u64,
    rejected: AtomicU32,
}

impl Epoch {
    /// Certifies `key` for use from `now` (Unix seconds) for `seconds`, with room for clocks that differ on both sides. One private
    /// operation of the identity.
    ///
    /// # Errors
    /// [`OperationError`] when the signature could not be made.
    pub fn certify(
        key: Box<dyn UnwrapKey>,
        scheme: u8,
        identity: &dyn SigningKey,
        now: u64,
        seconds: u64,
        random: &dyn SecureRandom,
    ) -> Result<Arc<Epoch>, OperationError> {
        let not_after = now + seconds + CLOCK_SKEW;
        let tbs = Certificate {
            key_transport: scheme,
            not_before: now.saturating_sub(CLOCK_SKEW),
            not_after,
            key: key.public_key().to_vec(),
            identity: identity.public_key().to_vec(),
        }
        .encode();
        let signature = identity.sign(&signed(PURPOSE, &[&tbs]), random)?;
        Ok(Arc::new(Epoch { tbs, signature, key, not_after, rejected: AtomicU32::new(0) }))
    }

    /// The last second of its certificate, as Unix time.
    pub fn not_after(&self) -> u64 {
        self.not_after
    }

    /// Handshakes on it that came as far as its private operation and then failed.
    pub fn rejected(&self) -> u32 {
        self.rejected.load(Ordering::Relaxed)
    }

    pub(super) fn note_rejected(&self) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }
}
