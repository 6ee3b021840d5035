//! All the `unsafe` here: words to the tool that watches, and calls of functions compiled for instructions.
//!
//! The words are Valgrind's client requests (Valgrind manual, section 3.1): a sequence of instructions that does nothing, but that the
//! tool knows. RAX points to a code and its arguments, and RDX gets the answer. The stepper of this package knows the sequence too.

use std::arch::asm;

/// Valgrind's "am I running under you".
pub const RUNNING: u64 = 0x1001;
/// Memcheck's "these bytes are undefined from now on": here, secret.
pub const MAKE_UNDEFINED: u64 = 0x4d43_0001;
/// Memcheck's "these bytes are defined from now on": here, public.
pub const MAKE_DEFINED: u64 = 0x4d43_0002;

/// Whether a tool watches this process.
pub fn watched() -> bool {
    request::<u8>(RUNNING, &[]) != 0
}

/// The bytes are a secret from now on.
pub fn secret(bytes: &mut [u8]) {
    request(MAKE_UNDEFINED, bytes);
}

/// The bytes are public from now on.
pub fn public(bytes: &mut [u8]) {
    request(MAKE_DEFINED, bytes);
}

/// The limbs are public from now on.
pub fn public_limbs(limbs: &[u64]) {
    request(MAKE_DEFINED, limbs);
}

fn request<T>(code: u64, values: &[T]) -> u64 {
    let words = [code, values.as_ptr() as u64, size_of_val(values) as u64, 0, 0, 0];
    let answer: u64;
    // SAFETY: rotations of RDI by 128 bits in all, and an exchange of RBX with itself, change flags alone. The tool reads `words`, and
    // changes no byte but its own notes; the compiler has to take all memory for changed, so it keeps no copy of what was marked.
    unsafe {
        asm!(
            "rol rdi, 3", "rol rdi, 13", "rol rdi, 61", "rol rdi, 51", "xchg rbx, rbx",
            in("rax") &raw const words, inout("rdx") 0u64 => answer, options(nostack)
        );
    }
    answer
}

/// A table look-up whose index comes out of a vector of two AES blocks.
pub fn vector_table(block: &[u8; 32], table: &[u8; 256]) -> Option<u8> {
    // SAFETY: the processor was asked.
    vaes().then(|| unsafe { crate::control::vaes::table(block, table) })
}

/// A branch on a vector of two AES blocks.
pub fn vector_branch(block: &[u8; 32]) -> Option<u8> {
    // SAFETY: the processor was asked.
    vaes().then(|| unsafe { crate::control::vaes::branch(block) })
}

/// A table look-up whose index is a product of 52 bits.
pub fn wide_table(key: &[u8; 32], table: &[u8; 256]) -> Option<u8> {
    // SAFETY: the processor was asked.
    ifma().then(|| unsafe { crate::control::ifma::table(key, table) })
}

/// A branch on a mask that is made of such products.
pub fn wide_branch(key: &[u8; 32]) -> Option<u8> {
    // SAFETY: the processor was asked.
    ifma().then(|| unsafe { crate::control::ifma::branch(key) })
}

fn ifma() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
}

fn vaes() -> bool {
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("vaes")
}
