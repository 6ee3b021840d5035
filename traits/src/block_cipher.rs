//! Block ciphers of 128 bits, the permutation under GCM.

use crate::{KeyError, Unavailable};
use std::fmt::Debug;

/// Bytes in a block.
pub const BLOCK_LEN: usize = 16;

/// One 128-bit block.
pub type Block = [u8; BLOCK_LEN];

/// A keyed 128-bit block cipher. Batched: one call may carry thousands of blocks, each of them on its own (ECB); modes live above.
pub trait BlockCipher: Send + Sync {
    /// Encrypts every block in place.
    fn encrypt_blocks(&self, blocks: &mut [Block]);
    /// Decrypts every block in place, the inverse of [`encrypt_blocks`](Self::encrypt_blocks).
    fn decrypt_blocks(&self, blocks: &mut [Block]);
}

impl<C: BlockCipher + ?Sized> BlockCipher for Box<C> {
    fn encrypt_blocks(&self, blocks: &mut [Block]) {
        (**self).encrypt_blocks(blocks)
    }
    fn decrypt_blocks(&self, blocks: &mut [Block]) {
        (**self).decrypt_blocks(blocks)
    }
}

/// Makes keyed block ciphers; one object a cipher and backend, found by name in a registry.
pub trait BlockCipherAlgorithm: Send + Sync + Debug {
    /// The cipher, for example `aes`.
    fn cipher(&self) -> &'static str;
    /// The backend that computes it, for example `portable`.
    fn backend(&self) -> &'static str;
    /// Why this backend cannot run on this machine, if it cannot.
    fn available(&self) -> Result<(), Unavailable>;
    /// Key lengths it takes, in bytes.
    fn key_lens(&self) -> &'static [usize];
    /// Expands a key.
    ///
    /// # Errors
    /// [`KeyError::Length`] when `key` has a length that is not in [`key_lens`](Self::key_lens).
    fn key(&self, key: &[u8]) -> Result<Box<dyn BlockCipher>, KeyError>;
}
