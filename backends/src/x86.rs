//! The backends `aes-ni` and `vaes` as algorithms. They are listed on every machine, so that a config means the same everywhere; where
//! the processor cannot run one, it says so.

use crate::aes::schedule::KEY_LENS;
#[cfg(target_arch = "x86_64")]
use crate::arch::x86_64::{Aes, AesGcm, AesNi, Vaes};
use sealwire_traits::{Aead, AeadAlgorithm, BlockCipher, BlockCipherAlgorithm, KeyError, Suite, Unavailable};

/// What the processor is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// AES-NI and PCLMULQDQ. Backend `aes-ni`.
    AesNi,
    /// VAES, VPCLMULQDQ and AVX2. Backend `vaes`.
    Vaes,
}

impl Instructions {
    fn backend(self) -> &'static str {
        match self {
            Instructions::AesNi => "aes-ni",
            Instructions::Vaes => "vaes",
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn available(self) -> Result<(), Unavailable> {
        match self {
            Instructions::AesNi => AesNi::detect().map(drop),
            Instructions::Vaes => Vaes::detect().map(drop),
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn available(self) -> Result<(), Unavailable> {
        Err(elsewhere())
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn elsewhere() -> Unavailable {
    Unavailable("it is for x86-64 processors".to_owned())
}

/// AES with the processor's instructions.
#[derive(Clone, Copy, Debug)]
pub struct X86Aes(pub Instructions);

impl BlockCipherAlgorithm for X86Aes {
    fn cipher(&self) -> &'static str {
        "aes"
    }

    fn backend(&self) -> &'static str {
        self.0.backend()
    }

    fn available(&self) -> Result<(), Unavailable> {
        self.0.available()
    }

    fn key_lens(&self) -> &'static [usize] {
        KEY_LENS
    }

    #[cfg(target_arch = "x86_64")]
    fn key(&self, key: &[u8]) -> Result<Box<dyn BlockCipher>, KeyError> {
        Ok(match self.0 {
            Instructions::AesNi => Aes::boxed(AesNi::detect()?, key)?,
            Instructions::Vaes => Aes::boxed(Vaes::detect()?, key)?,
        })
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn key(&self, _: &[u8]) -> Result<Box<dyn BlockCipher>, KeyError> {
        Err(elsewhere().into())
    }
}

/// AES-GCM in one pass with the processor's instructions.
#[derive(Clone, Copy, Debug)]
pub struct X86AesGcm {
    /// AES-128-GCM or AES-256-GCM.
    pub suite: Suite,
    /// What with.
    pub instructions: Instructions,
}

impl AeadAlgorithm for X86AesGcm {
    fn suite(&self) -> Suite {
        self.suite
    }

    fn backend(&self) -> &'static str {
        self.instructions.backend()
    }

    fn available(&self) -> Result<(), Unavailable> {
        self.instructions.available()
    }

    #[cfg(target_arch = "x86_64")]
    fn key(&self, key: &[u8]) -> Result<Box<dyn Aead>, KeyError> {
        if key.len() != self.suite.key_len {
            return Err(KeyError::Length { expected: self.suite.key_len.to_string(), got: key.len() });
        }
        Ok(match self.instructions {
            Instructions::AesNi => AesGcm::boxed(AesNi::detect()?, key)?,
            Instructions::Vaes => AesGcm::boxed(Vaes::detect()?, key)?,
        })
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn key(&self, _: &[u8]) -> Result<Box<dyn Aead>, KeyError> {
        Err(elsewhere().into())
    }
}
