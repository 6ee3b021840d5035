//! RSA: RSAES-OAEP carries secrets, RSASSA-PSS signs (RFC 8017, with SHA-256 and MGF1-SHA-256), for keys of 2048 to
//! 4096 bits and the public exponent 65537.
//!
//! From the top: `key_transport` and `signature` are the algorithms the registry lists; `oaep` and `pss` encode;
//! `private_op` is the one way to a private key (blind, CRT, unblind, verify); `key` checks keys and `keygen` makes
//! them, with `prime` and `sieve`; the `engine`s compute powers; `uint` is the constant-time arithmetic in which every
//! secret number lives.

mod blinding;
mod components;
mod engine;
mod exponent;
mod key;
mod key_transport;
mod keygen;
mod mgf1;
mod oaep;
mod prime;
mod private_op;
mod pss;
mod self_test;
mod sieve;
mod signature;
mod size;
mod uint;

#[cfg(test)]
pub(crate) mod tests;

pub use components::{OtherPrime, PrivateComponents, PublicComponents};
pub use key_transport::KEY_TRANSPORTS;
pub use self_test::{self_test_key_transport, self_test_signature};
pub use signature::SIGNATURES;
// What the kernels in `arch` are made of and made for.
#[cfg(all(any(test, sealwire_evidence), target_arch = "x86_64"))]
pub(crate) use uint::Portable;
#[cfg(target_arch = "x86_64")]
pub(crate) use {
    engine::{Powers, PublicModulus, windows_in_slice},
    exponent::E,
    uint::{Arithmetic, LIMB_BITS, Montgomery, Uint, double_mod, gather, inverse_of_limb},
};
