//! Where randomness comes from: the operating system, and nowhere else outside tests.

use crate::RandomError;
use rand::TryRng;
use rand::rngs::SysRng;
use std::fmt::Debug;

/// A cryptographically secure generator.
pub trait SecureRandom: Send + Sync + Debug {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// [`RandomError`] when the source fails. Whoever needed the bytes must give up what it was doing.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The operating system's generator (`getrandom` on Linux).
#[derive(Clone, Copy, Debug)]
pub struct OsRandom;

impl SecureRandom for OsRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        SysRng.try_fill_bytes(bytes).map_err(|e| RandomError(e.to_string()))
    }
}
