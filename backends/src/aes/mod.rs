//! AES (FIPS 197). One key expansion for all backends, and the backends.
//!
//! | file | what it is |
//! |---|---|
//! | [`schedule`] | the key expansion |
//! | [`portable`] | encryption and decryption on any processor, many blocks at a time |
//! | `single` | encryption of one block by itself |
//! | `sbox` | the S-box as a circuit, for all of them |
//! | `bitslice` | the form in which `portable` keeps its states |

mod bitslice;
pub mod portable;
mod sbox;
pub mod schedule;
mod single;

pub use portable::{Aes, AesAlgorithm};
pub use schedule::RoundKeys;
