//! The algorithms of one session.

use crate::{AeadAlgorithm, KeyTransport, SecureRandom, SignatureScheme};

/// A handful of algorithms, chosen once from the config; rustls's `CryptoProvider` is the model. Copied freely.
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    /// The AEADs this end offers or accepts, most wanted first.
    pub aeads: &'static [&'static dyn AeadAlgorithm],
    /// Carries the secret.
    pub key_transport: &'static dyn KeyTransport,
    /// Proves identities.
    pub signature: &'static dyn SignatureScheme,
    /// Source of all randomness.
    pub random: &'static dyn SecureRandom,
}

impl Provider {
    /// The AEAD with the wire number `id`, if this end has it.
    pub fn aead(&self, id: u16) -> Option<&'static dyn AeadAlgorithm> {
        self.aeads.iter().copied().find(|a| a.suite().id == id)
    }
}
