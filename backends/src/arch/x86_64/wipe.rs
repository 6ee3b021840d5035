//! Wiping, by vectors: `zeroize` writes bytes one by one, which took longer than preparing a key.
#![allow(unsafe_code)]

use core::arch::asm;
use sealwire_traits::{BLOCK_LEN, Block};

/// Overwrites blocks with zeros, in a way that the compiler cannot leave out although nobody reads them.
#[inline(always)]
pub(super) fn wipe(blocks: &mut [Block]) {
    blocks.fill([0; BLOCK_LEN]);
    // SAFETY: no instruction, only a comment with the name of a register. For the compiler it reads what the pointer leads to.
    unsafe { asm!("/* {} */", in(reg) blocks.as_mut_ptr(), options(nostack, preserves_flags)) }
}
