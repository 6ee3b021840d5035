//! Vectors of one or two AES blocks, with the instructions that AES-GCM is made of. The kernels are written once, over [`Vector`].
//!
//! A vector can only be made with the token of its instructions, so a vector that exists proves them, and its methods are safe.

#![allow(unsafe_code)]

use super::cpu::{AesNi, Vaes};
use core::arch::asm;
use core::arch::x86_64::*;
use sealwire_traits::Block;

/// One or two blocks side by side. Everything is `inline(always)`, so that in a kernel compiled for the instructions each method
/// becomes one of them; elsewhere it would be a call.
pub(crate) trait Vector: Copy + Send + Sync + 'static {
    /// The proof that the processor has the instructions.
    type Cpu: Copy + Send + Sync + 'static;
    /// Blocks in a vector.
    const BLOCKS: usize;

    /// The same block everywhere.
    fn broadcast(cpu: Self::Cpu, block: &Block) -> Self;
    /// Reads as many blocks as a vector has.
    ///
    /// # Panics
    /// When there are fewer.
    fn load(cpu: Self::Cpu, blocks: &[Block]) -> Self;
    /// Reads one block; the others are zero.
    fn load_one(cpu: Self::Cpu, block: &Block) -> Self;
    /// Writes as many blocks as a vector has.
    ///
    /// # Panics
    /// When there is room for fewer.
    fn store(self, blocks: &mut [Block]);
    /// The bits in which the two differ.
    fn xor(self, other: Self) -> Self;
    /// The sums of the 32-bit numbers, each modulo 2^32.
    fn add32(self, other: Self) -> Self;
    /// A round of AES (FIPS 197 section 5.1 from SubBytes to AddRoundKey).
    fn aesenc(self, key: Self) -> Self;
    /// The last round, without MixColumns.
    fn aesenclast(self, key: Self) -> Self;
    /// A round of the equivalent inverse cipher (FIPS 197 section 5.3.5).
    fn aesdec(self, key: Self) -> Self;
    /// The last round of the inverse cipher.
    fn aesdeclast(self, key: Self) -> Self;
    /// Moves the bytes of each block: byte i becomes the one that byte i of `order` names.
    fn shuffle(self, order: Self) -> Self;
    /// In each block: the low half of `self`, then that of `other`.
    fn low_halves(self, other: Self) -> Self;
    /// In each block: the high half of `self`, then that of `other`.
    fn high_halves(self, other: Self) -> Self;
    /// In each block: the halves exchanged.
    fn swap_halves(self) -> Self;
    /// In each block: the product without carries of the low half of `self` and the low half of `other`.
    fn mul_low(self, other: Self) -> Self;
    /// The same of the two high halves.
    fn mul_high(self, other: Self) -> Self;
    /// The same of the high half of `self` and the low half of `other`.
    fn mul_high_low(self, other: Self) -> Self;
    /// The same of the low half of `self` and the high half of `other`.
    fn mul_low_high(self, other: Self) -> Self;
    /// The sum of the blocks in the first block, zeros in the others.
    fn fold(self) -> Self;
}

/// One block, in an xmm register.
#[derive(Clone, Copy)]
pub(crate) struct Xmm(__m128i);

/// Two blocks, in a ymm register.
#[derive(Clone, Copy)]
pub(crate) struct Ymm(__m256i);

/// An instruction of a method of a vector, or of a function that is given the token.
macro_rules! proven {
    ($instruction:expr) => {
        // SAFETY: the processor has the instruction: only detection makes tokens, and only tokens make vectors.
        unsafe { $instruction }
    };
}

impl Xmm {
    /// A word four times.
    #[inline(always)]
    pub(crate) fn splat(_: AesNi, word: u32) -> Self {
        Xmm(proven!(_mm_set1_epi32(word.cast_signed())))
    }

    /// Each word XORed with all words before it.
    #[inline(always)]
    pub(crate) fn sums_of_words(self) -> Self {
        let pairs = Xmm(proven!(_mm_xor_si128(self.0, _mm_slli_si128::<4>(self.0))));
        Xmm(proven!(_mm_xor_si128(pairs.0, _mm_slli_si128::<8>(pairs.0))))
    }

    /// The first word.
    #[inline(always)]
    pub(crate) fn first_word(self) -> u32 {
        proven!(_mm_cvtsi128_si32(self.0)).cast_unsigned()
    }

    /// Has all of these values computed before this point and be in registers there, so that the compiler keeps to the order of a
    /// kernel. Costs nothing.
    #[inline(always)]
    pub(crate) fn settle(a: &mut [Self; 8], b: [&mut Self; 3]) {
        let [a0, a1, a2, a3, a4, a5, a6, a7] = a;
        let [b0, b1, b2] = b;
        // SAFETY: no instruction, only a comment with the names of registers: the values go through unchanged.
        unsafe {
            asm!("/* {0} {1} {2} {3} {4} {5} {6} {7} {8} {9} {10} */", inout(xmm_reg) a0.0, inout(xmm_reg) a1.0, inout(xmm_reg) a2.0, inout(xmm_reg) a3.0, inout(xmm_reg) a4.0, inout(xmm_reg) a5.0, inout(xmm_reg) a6.0, inout(xmm_reg) a7.0, inout(xmm_reg) b0.0, inout(xmm_reg) b1.0, inout(xmm_reg) b2.0, options(nomem, nostack, preserves_flags));
        }
    }
}

impl Vector for Xmm {
    type Cpu = AesNi;
    const BLOCKS: usize = 1;

    #[inline(always)]
    fn broadcast(cpu: AesNi, block: &Block) -> Self {
        Self::load(cpu, std::slice::from_ref(block))
    }

    #[inline(always)]
    fn load(_: AesNi, blocks: &[Block]) -> Self {
        let blocks: &[Block; 1] = blocks[..1].try_into().expect("one block");
        // SAFETY: as in `proven`; and 16 bytes can be read there, at any alignment.
        Xmm(unsafe { _mm_loadu_si128(blocks.as_ptr().cast()) })
    }

    #[inline(always)]
    fn load_one(cpu: AesNi, block: &Block) -> Self {
        Self::load(cpu, std::slice::from_ref(block))
    }

    #[inline(always)]
    fn store(self, blocks: &mut [Block]) {
        let blocks: &mut [Block; 1] = (&mut blocks[..1]).try_into().expect("one block");
        // SAFETY: as in `proven`; and 16 bytes can be written there, at any alignment.
        unsafe { _mm_storeu_si128(blocks.as_mut_ptr().cast(), self.0) }
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Xmm(proven!(_mm_xor_si128(self.0, other.0)))
    }

    #[inline(always)]
    fn add32(self, other: Self) -> Self {
        Xmm(proven!(_mm_add_epi32(self.0, other.0)))
    }

    #[inline(always)]
    fn aesenc(self, key: Self) -> Self {
        Xmm(proven!(_mm_aesenc_si128(self.0, key.0)))
    }

    #[inline(always)]
    fn aesenclast(self, key: Self) -> Self {
        Xmm(proven!(_mm_aesenclast_si128(self.0, key.0)))
    }

    #[inline(always)]
    fn aesdec(self, key: Self) -> Self {
        Xmm(proven!(_mm_aesdec_si128(self.0, key.0)))
    }

    #[inline(always)]
    fn aesdeclast(self, key: Self) -> Self {
        Xmm(proven!(_mm_aesdeclast_si128(self.0, key.0)))
    }

    #[inline(always)]
    fn shuffle(self, order: Self) -> Self {
        Xmm(proven!(_mm_shuffle_epi8(self.0, order.0)))
    }

    #[inline(always)]
    fn low_halves(self, other: Self) -> Self {
        Xmm(proven!(_mm_unpacklo_epi64(self.0, other.0)))
    }

    #[inline(always)]
    fn high_halves(self, other: Self) -> Self {
        Xmm(proven!(_mm_unpackhi_epi64(self.0, other.0)))
    }

    #[inline(always)]
    fn swap_halves(self) -> Self {
        Xmm(proven!(_mm_shuffle_epi32::<0x4e>(self.0)))
    }

    #[inline(always)]
    fn mul_low(self, other: Self) -> Self {
        Xmm(proven!(_mm_clmulepi64_si128::<0x00>(self.0, other.0)))
    }

    #[inline(always)]
    fn mul_high(self, other: Self) -> Self {
        Xmm(proven!(_mm_clmulepi64_si128::<0x11>(self.0, other.0)))
    }

    #[inline(always)]
    fn mul_high_low(self, other: Self) -> Self {
        Xmm(proven!(_mm_clmulepi64_si128::<0x01>(self.0, other.0)))
    }

    #[inline(always)]
    fn mul_low_high(self, other: Self) -> Self {
        Xmm(proven!(_mm_clmulepi64_si128::<0x10>(self.0, other.0)))
    }

    #[inline(always)]
    fn fold(self) -> Self {
        self
    }
}

impl Ymm {
    /// The register, for assembly: a vector that exists proves its instructions, whatever is in it.
    #[inline(always)]
    pub(super) fn register(&mut self) -> &mut __m256i {
        &mut self.0
    }
}

impl Vector for Ymm {
    type Cpu = Vaes;
    const BLOCKS: usize = 2;

    #[inline(always)]
    fn broadcast(cpu: Vaes, block: &Block) -> Self {
        let block = Xmm::broadcast(cpu.aes_ni(), block);
        Ymm(proven!(_mm256_broadcastsi128_si256(block.0)))
    }

    #[inline(always)]
    fn load(_: Vaes, blocks: &[Block]) -> Self {
        let blocks: &[Block; 2] = blocks[..2].try_into().expect("two blocks");
        // SAFETY: as in `proven`; and 32 bytes can be read there, at any alignment.
        Ymm(unsafe { _mm256_loadu_si256(blocks.as_ptr().cast()) })
    }

    #[inline(always)]
    fn load_one(cpu: Vaes, block: &Block) -> Self {
        let block = Xmm::load_one(cpu.aes_ni(), block);
        Ymm(proven!(_mm256_zextsi128_si256(block.0)))
    }

    #[inline(always)]
    fn store(self, blocks: &mut [Block]) {
        let blocks: &mut [Block; 2] = (&mut blocks[..2]).try_into().expect("two blocks");
        // SAFETY: as in `proven`; and 32 bytes can be written there, at any alignment.
        unsafe { _mm256_storeu_si256(blocks.as_mut_ptr().cast(), self.0) }
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Ymm(proven!(_mm256_xor_si256(self.0, other.0)))
    }

    #[inline(always)]
    fn add32(self, other: Self) -> Self {
        Ymm(proven!(_mm256_add_epi32(self.0, other.0)))
    }

    #[inline(always)]
    fn aesenc(self, key: Self) -> Self {
        Ymm(proven!(_mm256_aesenc_epi128(self.0, key.0)))
    }

    #[inline(always)]
    fn aesenclast(self, key: Self) -> Self {
        Ymm(proven!(_mm256_aesenclast_epi128(self.0, key.0)))
    }

    #[inline(always)]
    fn aesdec(self, key: Self) -> Self {
        Ymm(proven!(_mm256_aesdec_epi128(self.0, key.0)))
    }

    #[inline(always)]
    fn aesdeclast(self, key: Self) -> Self {
        Ymm(proven!(_mm256_aesdeclast_epi128(self.0, key.0)))
    }

    #[inline(always)]
    fn shuffle(self, order: Self) -> Self {
        Ymm(proven!(_mm256_shuffle_epi8(self.0, order.0)))
    }

    #[inline(always)]
    fn low_halves(self, other: Self) -> Self {
        Ymm(proven!(_mm256_unpacklo_epi64(self.0, other.0)))
    }

    #[inline(always)]
    fn high_halves(self, other: Self) -> Self {
        Ymm(proven!(_mm256_unpackhi_epi64(self.0, other.0)))
    }

    #[inline(always)]
    fn swap_halves(self) -> Self {
        Ymm(proven!(_mm256_shuffle_epi32::<0x4e>(self.0)))
    }

    #[inline(always)]
    fn mul_low(self, other: Self) -> Self {
        Ymm(proven!(_mm256_clmulepi64_epi128::<0x00>(self.0, other.0)))
    }

    #[inline(always)]
    fn mul_high(self, other: Self) -> Self {
        Ymm(proven!(_mm256_clmulepi64_epi128::<0x11>(self.0, other.0)))
    }

    #[inline(always)]
    fn mul_high_low(self, other: Self) -> Self {
        Ymm(proven!(_mm256_clmulepi64_epi128::<0x01>(self.0, other.0)))
    }

    #[inline(always)]
    fn mul_low_high(self, other: Self) -> Self {
        Ymm(proven!(_mm256_clmulepi64_epi128::<0x10>(self.0, other.0)))
    }

    #[inline(always)]
    fn fold(self) -> Self {
        Ymm(proven!(_mm256_zextsi128_si256(_mm_xor_si128(
            _mm256_castsi256_si128(self.0),
            _mm256_extracti128_si256::<1>(self.0)
        ))))
    }
}
