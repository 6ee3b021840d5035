//! What the processor can do, as values: a token exists only where its instructions were detected, so holding one is the proof.

use crate::cpu_limit::{self, Level, VARIABLE};
use sealwire_traits::Unavailable;

/// AES-NI, PCLMULQDQ, SSSE3 and SSE4.1: vectors of 128 bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AesNi(());

/// VAES, VPCLMULQDQ and AVX2 beside all of [`AesNi`]: vectors of 256 bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vaes(AesNi);

impl AesNi {
    /// The token.
    ///
    /// # Errors
    /// [`Unavailable`] names what this processor lacks, or the variable that forbids it.
    pub(crate) fn detect() -> Result<AesNi, Unavailable> {
        allowed(Level::AesNi)?;
        let found = is_x86_feature_detected!("aes")
            && is_x86_feature_detected!("pclmulqdq")
            && is_x86_feature_detected!("ssse3")
            && is_x86_feature_detected!("sse4.1");
        if found { Ok(AesNi(())) } else { Err(missing("AES-NI and PCLMULQDQ")) }
    }
}

impl Vaes {
    /// The token.
    ///
    /// # Errors
    /// [`Unavailable`] names what this processor lacks (or the system, which has to save its registers), or the variable that forbids
    /// it.
    pub(crate) fn detect() -> Result<Vaes, Unavailable> {
        allowed(Level::Vaes)?;
        let found = is_x86_feature_detected!("vaes")
            && is_x86_feature_detected!("vpclmulqdq")
            && is_x86_feature_detected!("avx2");
        if found { AesNi::detect().map(Vaes) } else { Err(missing("VAES, VPCLMULQDQ and AVX2")) }
    }

    /// The smaller set, which is part of it.
    pub(crate) fn aes_ni(self) -> AesNi {
        self.0
    }
}

impl From<Vaes> for AesNi {
    fn from(cpu: Vaes) -> AesNi {
        cpu.aes_ni()
    }
}

/// Whether [`VARIABLE`] allows `level`.
pub(super) fn allowed(level: Level) -> Result<(), Unavailable> {
    match cpu_limit::limit() {
        Ok(limit) if limit >= level => Ok(()),
        _ => Err(Unavailable(format!("{VARIABLE} limits what is used of this processor; unset it to lift the limit"))),
    }
}

/// What detection says of `instructions` that are not there.
pub(super) fn missing(instructions: &str) -> Unavailable {
    Unavailable(format!("this processor has no {instructions}"))
}
