//! What the package `evidence` needs to know of the inside, compiled with `--cfg sealwire_evidence` and in no other program.

#[cfg(target_arch = "x86_64")]
mod powers;

#[cfg(target_arch = "x86_64")]
pub use powers::{Kernel, KernelPowers, ifma_public};

use crate::rsa::Uint;
use std::sync::OnceLock;

static PUBLIC: OnceLock<fn(&[u64])> = OnceLock::new();

/// Has this function told of numbers computed of secrets that everybody may know all the same, before they are used as such.
pub fn tell(public: fn(&[u64])) {
    PUBLIC.get_or_init(|| public);
}

/// The number may be known to everybody.
pub(crate) fn declassify(x: &Uint) {
    if let Some(public) = PUBLIC.get() {
        public(x.limbs());
    }
}
