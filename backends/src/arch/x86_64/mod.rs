//! What needs instructions that only some x86-64 processors have.
//!
//! AES-GCM uses AES-NI and PCLMULQDQ on vectors of one block, VAES and VPCLMULQDQ on vectors of two.
//!
//! | file | what it is |
//! |---|---|
//! | `cpu` | the instructions as tokens that only detection can make |
//! | `vector` | the vectors and their instructions |
//! | `aes` | AES on independent blocks, and the key expansion |
//! | `ghash` | carry-less multiplication and reduction |
//! | `partial` | the bytes of less than a block |
//! | `tables` | a key: round keys, powers of H, tables for long records |
//! | `stitched` | the steps of a long record: AES, and GHASH of other blocks, in assembly or in an order the compiler keeps |
//! | `gcm` | the fused kernel |
//! | `wipe` | wiping |
//! | `entry` | where the kernels are compiled for their instructions, and keyed objects over them |
//! | `windows` | RSA: exponents
//! | `mulx` | RSA: products of big integers with two carry chains |
//! | `fma52` | RSA: powers modulo two numbers side by side, by the floating-point unit |
//! | `ifma` | RSA: powers modulo one number or two, by multipliers of 52 bits |
//!
//! The kernels of AES-GCM are written once, over [`vector::Vector`], and compiled twice. Constant time: the only branches are on lengths and
//! counters, the only index is the counter.

// Loops over registers are written with an index: an iterator would take closures, which are not compiled for the instructions.
#![allow(clippy::needless_range_loop)]

mod aes;
mod cpu;
mod entry;
mod fma52;
mod gcm;
mod ghash;
mod ifma;
mod mulx;
mod partial;
mod stitched;
mod tables;
mod vector;
mod windows;
mod wipe;

#[cfg(test)]
mod test_numbers;
#[cfg(test)]
mod tests;

pub(crate) use cpu::{AesNi, Vaes};
pub(crate) use entry::{Aes, AesGcm};
pub(crate) use fma52::{Fma52, Pair as Fma52Pair};
pub(crate) use ifma::{Ifma, IfmaPublicModulus, prepare as prepare_ifma};
pub(crate) use mulx::Mulx;
