//! sealwire's cryptography, written by hand, and the registry that finds it by name.
//!
//! For reading in this order:
//!
//! 1. [`aes`]: the block cipher. One key expansion; `portable` turns up to 64 blocks into words of single bits and runs
//!    the rounds on them.
//! 2. [`gcm`]: an AEAD made from any block cipher: a counter makes the key stream, GHASH and one more block make the
//!    tag.
//! 3. [`rsa`]: keys, their generation, OAEP to carry a secret and PSS to sign, over an engine that computes with big
//!    integers.
//! 4. [`keys`]: RSA keys as bytes and files.
//! 5. [`registry`]: the lists of all backends. The applications look names from the config up there, and nowhere else.
//!
//! [`x86`] is AES and GCM once more, with the instructions of the processor; the kernels are in `arch`, the only folder with `unsafe`.
//!
//! The contracts are traits of `sealwire-traits`; nothing here knows of sessions, networks or configs. No secret
//! decides a branch or an address, so the time taken tells nothing about it; keys are wiped from memory on drop, and so are buffers
//! that the code sets aside for secrets. Copies that the compiler makes of registers on the stack are not: they stay until something
//! else is written over them.
//!
//! ```
//! use sealwire_backends::registry;
//! use sealwire_traits::Nonce;
//!
//! let key = registry::aead("aes-256-gcm", "auto")?.key(&[7; 32])?;
//! let mut record = *b"hello";
//! let tag = key.seal(Nonce::from_bytes([0; 12]), b"", &mut record);
//! key.open(Nonce::from_bytes([0; 12]), b"", &mut record, &tag)?;
//! assert_eq!(&record, b"hello");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arch;
mod cpu_limit;

pub mod aes;
#[cfg(sealwire_evidence)]
pub mod evidence;
pub mod gcm;
pub mod keys;
pub mod registry;
pub mod rsa;
pub mod x86;

/// GCM by the book, which the kernels are compared with; the tests outside of the crate have it too.
#[cfg(test)]
#[path = "../tests/support/sym_model.rs"]
mod sym_model;
