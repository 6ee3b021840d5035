//! Where the kernels are compiled for their instructions, and the keyed objects that call them.
#![allow(unsafe_code)]

use super::cpu::{AesNi, Vaes};
use super::stitched::Stitched;
use super::tables::{Key, Long};
use super::vector::{Xmm, Ymm};
use super::wipe::wipe;
use super::{aes, gcm};
use crate::aes::schedule::{MAX_ROUND_KEYS, check_len};
use crate::gcm::{assert_fits, fits};
use sealwire_traits::{Aead, Block, BlockCipher, KeyError, NONCE_LEN, Nonce, OpenError, Tag};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

/// A set of instructions, by its token, and the kernels compiled for it.
pub(crate) trait Instructions: Copy + Into<AesNi> + Send + Sync + 'static {
    /// The vectors that the set works on.
    type Vector: Stitched<Cpu = Self>;

    /// Expands a key whose length was checked; the number of round keys.
    fn expand(self, key: &[u8], round_keys: &mut [Block; MAX_ROUND_KEYS]) -> usize;
    /// The round keys of the equivalent inverse cipher.
    fn invert(self, round_keys: &[Block], inverse: &mut [Block]);
    /// AES on independent blocks.
    fn encrypt_blocks(self, round_keys: &[Block], blocks: &mut [Block]);
    /// The inverse, with the round keys of the equivalent inverse cipher.
    fn decrypt_blocks(self, inverse_keys: &[Block], blocks: &mut [Block]);
    /// Fills a key of the fused kernel.
    fn fill_key(self, key: &[u8], prepared: &mut Key<Self::Vector>);
    /// Seals a record; the tag. `first` is the counter of J0, 1 but in tests.
    fn seal(key: &Key<Self::Vector>, nonce: &[u8; NONCE_LEN], first: u32, aad: &[u8], text: &mut [u8]) -> Block;
    /// Opens a record; the tag that it ought to have.
    fn open(key: &Key<Self::Vector>, nonce: &[u8; NONCE_LEN], first: u32, aad: &[u8], text: &mut [u8]) -> Block;
}

/// The kernels for one set of instructions. Inside, everything is `inline(always)` and so compiled with these features.
macro_rules! compiled {
    ($cpu:ident, $vector:ident, $module:ident, $features:literal) => {
        mod $module {
            use super::*;

            #[target_feature(enable = $features)]
            pub(super) fn expand(cpu: $cpu, key: &[u8], round_keys: &mut [Block; MAX_ROUND_KEYS]) -> usize {
                aes::expand(one(cpu), key, round_keys)
            }

            #[target_feature(enable = $features)]
            pub(super) fn invert(cpu: $cpu, round_keys: &[Block], inverse: &mut [Block]) {
                aes::inverse_keys(one(cpu), round_keys, inverse);
            }

            #[target_feature(enable = $features)]
            pub(super) fn encrypt_blocks(cpu: $cpu, round_keys: &[Block], blocks: &mut [Block]) {
                aes::blocks::<$vector, true>(cpu, round_keys, blocks);
            }

            #[target_feature(enable = $features)]
            pub(super) fn decrypt_blocks(cpu: $cpu, inverse_keys: &[Block], blocks: &mut [Block]) {
                aes::blocks::<$vector, false>(cpu, inverse_keys, blocks);
            }

            #[target_feature(enable = $features)]
            pub(super) fn fill_key(cpu: $cpu, key: &[u8], prepared: &mut Key<$vector>) {
                let count = aes::expand(one(cpu), key, &mut prepared.round_keys);
                prepared.complete(count);
            }

            #[target_feature(enable = $features)]
            pub(super) fn make_long(key: &Key<$vector>) -> Box<Long> {
                key.make_long()
            }

            #[target_feature(enable = $features)]
            pub(super) fn seal(
                key: &Key<$vector>,
                long: Option<&Long>,
                nonce: &[u8; NONCE_LEN],
                first: u32,
                aad: &[u8],
                text: &mut [u8],
            ) -> Block {
                match key.rounds() {
                    10 => gcm::record::<$vector, 10, true>(key, long, nonce, first, aad, text),
                    12 => gcm::record::<$vector, 12, true>(key, long, nonce, first, aad, text),
                    _ => gcm::record::<$vector, 14, true>(key, long, nonce, first, aad, text),
                }
            }

            #[target_feature(enable = $features)]
            pub(super) fn open(
                key: &Key<$vector>,
                long: Option<&Long>,
                nonce: &[u8; NONCE_LEN],
                first: u32,
                aad: &[u8],
                text: &mut [u8],
            ) -> Block {
                match key.rounds() {
                    10 => gcm::record::<$vector, 10, false>(key, long, nonce, first, aad, text),
                    12 => gcm::record::<$vector, 12, false>(key, long, nonce, first, aad, text),
                    _ => gcm::record::<$vector, 14, false>(key, long, nonce, first, aad, text),
                }
            }
        }

        impl Instructions for $cpu {
            type Vector = $vector;

            fn expand(self, key: &[u8], round_keys: &mut [Block; MAX_ROUND_KEYS]) -> usize {
                // SAFETY: the token proves the instructions, here and in the next four.
                unsafe { $module::expand(self, key, round_keys) }
            }

            fn invert(self, round_keys: &[Block], inverse: &mut [Block]) {
                // SAFETY: as above.
                unsafe { $module::invert(self, round_keys, inverse) }
            }

            fn encrypt_blocks(self, round_keys: &[Block], blocks: &mut [Block]) {
                // SAFETY: as above.
                unsafe { $module::encrypt_blocks(self, round_keys, blocks) }
            }

            fn decrypt_blocks(self, inverse_keys: &[Block], blocks: &mut [Block]) {
                // SAFETY: as above.
                unsafe { $module::decrypt_blocks(self, inverse_keys, blocks) }
            }

            fn fill_key(self, key: &[u8], prepared: &mut Key<$vector>) {
                // SAFETY: as above.
                unsafe { $module::fill_key(self, key, prepared) }
            }

            fn seal(key: &Key<$vector>, nonce: &[u8; NONCE_LEN], first: u32, aad: &[u8], text: &mut [u8]) -> Block {
                // SAFETY: the key was made with the token.
                let long = key.long(text.len(), || unsafe { $module::make_long(key) });
                // SAFETY: as above.
                unsafe { $module::seal(key, long, nonce, first, aad, text) }
            }

            fn open(key: &Key<$vector>, nonce: &[u8; NONCE_LEN], first: u32, aad: &[u8], text: &mut [u8]) -> Block {
                // SAFETY: the key was made with the token.
                let long = key.long(text.len(), || unsafe { $module::make_long(key) });
                // SAFETY: as above.
                unsafe { $module::open(key, long, nonce, first, aad, text) }
            }
        }
    };
}

compiled!(AesNi, Xmm, aes_ni, "aes,pclmulqdq,ssse3,sse4.1");
compiled!(Vaes, Ymm, vaes, "aes,pclmulqdq,ssse3,sse4.1,avx2,vaes,vpclmulqdq");

/// The token of vectors of one block, which every set contains.
fn one(cpu: impl Into<AesNi>) -> AesNi {
    cpu.into()
}

/// A keyed AES. Wiped on drop.
pub(crate) struct Aes<C> {
    cpu: C,
    round_keys: [Block; MAX_ROUND_KEYS],
    inverse_keys: [Block; MAX_ROUND_KEYS],
    count: usize,
}

impl<C: Instructions> Aes<C> {
    /// Expands a key of 16, 24 or 32 bytes.
    ///
    /// # Errors
    /// [`KeyError::Length`] for any other length.
    pub(crate) fn boxed(cpu: C, key: &[u8]) -> Result<Box<Self>, KeyError> {
        check_len(key)?;
        let empty = [Block::default(); MAX_ROUND_KEYS];
        let mut aes = Box::new(Aes { cpu, round_keys: empty, inverse_keys: empty, count: 0 });
        aes.count = cpu.expand(key, &mut aes.round_keys);
        cpu.invert(&aes.round_keys[..aes.count], &mut aes.inverse_keys);
        Ok(aes)
    }
}

impl<C: Instructions> BlockCipher for Aes<C> {
    fn encrypt_blocks(&self, blocks: &mut [Block]) {
        self.cpu.encrypt_blocks(&self.round_keys[..self.count], blocks);
    }

    fn decrypt_blocks(&self, blocks: &mut [Block]) {
        self.cpu.decrypt_blocks(&self.inverse_keys[..self.count], blocks);
    }
}

impl<C> Drop for Aes<C> {
    fn drop(&mut self) {
        wipe(&mut self.round_keys);
        wipe(&mut self.inverse_keys);
    }
}

/// A key of AES-GCM, computed by the fused kernel. Wiped on drop.
pub(crate) struct AesGcm<C: Instructions>(Key<C::Vector>);

impl<C: Instructions> AesGcm<C> {
    /// Prepares a key of 16, 24 or 32 bytes.
    ///
    /// # Errors
    /// [`KeyError::Length`] for any other length.
    pub(crate) fn boxed(cpu: C, key: &[u8]) -> Result<Box<Self>, KeyError> {
        check_len(key)?;
        let mut prepared = Box::new(AesGcm(Key::new(cpu, cpu.into())));
        cpu.fill_key(key, &mut prepared.0);
        Ok(prepared)
    }
}

impl<C: Instructions> Aead for AesGcm<C> {
    fn seal(&self, nonce: Nonce, aad: &[u8], in_out: &mut [u8]) -> Tag {
        assert_fits(in_out);
        Tag::new(C::seal(&self.0, nonce.as_bytes(), FIRST, aad, in_out))
    }

    fn open(&self, nonce: Nonce, aad: &[u8], in_out: &mut [u8], tag: &Tag) -> Result<(), OpenError> {
        if fits(in_out) {
            let expected = C::open(&self.0, nonce.as_bytes(), FIRST, aad, in_out);
            if bool::from(Tag::new(expected).ct_eq(tag)) {
                return Ok(());
            }
        }
        in_out.zeroize();
        Err(OpenError)
    }

    fn release(&mut self) {
        self.0.release();
    }
}

/// The counter of J0 for a nonce of 96 bits (SP 800-38D section 7.1, step 2).
const FIRST: u32 = 1;
