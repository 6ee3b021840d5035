//! The key expansion of FIPS 197 section 5.2: one for 128, 192 and 256 bits, in constant time, used by every AES
//! backend.

use super::sbox::sbox;
use sealwire_traits::{Block, KeyError};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Key lengths of AES in bytes.
pub const KEY_LENS: &[usize] = &[16, 24, 32];

/// Bytes in a word of the schedule.
const WORD_LEN: usize = 4;
/// Words in a round key (Nb).
const WORDS_PER_BLOCK: usize = 4;

/// A word of the schedule, in the order of its bytes.
type Word = [u8; WORD_LEN];

/// Round keys of the longest key.
pub(crate) const MAX_ROUND_KEYS: usize = 15;

/// The round keys of one AES key, in the order of encryption: 11, 13 or 15 blocks. They stay in one place on the heap
/// and are wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct RoundKeys {
    blocks: Box<[Block; MAX_ROUND_KEYS]>,
    count: usize,
}

impl RoundKeys {
    /// Expands a key of 16, 24 or 32 bytes (KeyExpansion, FIPS 197 section 5.2).
    ///
    /// # Errors
    /// [`KeyError::Length`] for any other length.
    pub fn expand(key: &[u8]) -> Result<RoundKeys, KeyError> {
        check_len(key)?;
        let mut round_keys = RoundKeys { blocks: Box::new([Block::default(); MAX_ROUND_KEYS]), count: 0 };
        round_keys.count = expand_with(key, &mut round_keys.blocks, sub_word);
        Ok(round_keys)
    }

    /// The round keys; the first is added before the first round.
    pub fn as_blocks(&self) -> &[Block] {
        &self.blocks[..self.count]
    }

    /// The round key that is added before the first round, those of the rounds with MixColumns, and the last one.
    pub(super) fn by_round(&self) -> (&Block, &[Block], &Block) {
        let last = self.count - 1;
        (&self.blocks[0], &self.blocks[1..last], &self.blocks[last])
    }
}

/// # Errors
/// [`KeyError::Length`] unless the key has 16, 24 or 32 bytes.
pub(crate) fn check_len(key: &[u8]) -> Result<(), KeyError> {
    if KEY_LENS.contains(&key.len()) {
        Ok(())
    } else {
        Err(KeyError::Length { expected: "16, 24 or 32".to_owned(), got: key.len() })
    }
}

/// KeyExpansion (FIPS 197 section 5.2) of a key whose length was checked, with a SubWord of the backend's choice; words are numbers
/// whose lowest byte is the first.
/// Returns the number of round keys.
#[inline(always)]
pub(crate) fn expand_with(
    key: &[u8],
    round_keys: &mut [Block; MAX_ROUND_KEYS],
    sub_word: impl Fn(u32) -> u32,
) -> usize {
    let words = round_keys.as_flattened_mut().as_chunks_mut().0;
    match key.len() {
        16 => expand_words::<4>(key, words, sub_word),
        24 => expand_words::<6>(key, words, sub_word),
        _ => expand_words::<8>(key, words, sub_word),
    }
}

/// For a key of `NK` words.
#[inline(always)]
fn expand_words<const NK: usize>(key: &[u8], words: &mut [Word], sub_word: impl Fn(u32) -> u32) -> usize {
    let round_keys = NK + 7;
    let words = &mut words[..WORDS_PER_BLOCK * round_keys];
    words[..NK].copy_from_slice(key.as_chunks().0);
    let mut round_constant = 1;
    // A number, and not its bytes, so that it stays in a register.
    let mut word = u32::from_le_bytes(words[NK - 1]);
    // Word i is made of word i - 1 and word i - NK, so the schedule grows by NK words at a time.
    for start in (NK..words.len()).step_by(NK) {
        // RotWord: the first byte, which is the lowest, becomes the last.
        word = sub_word(word.rotate_right(8)) ^ u32::from(round_constant);
        round_constant = next_round_constant(round_constant);
        for i in 0..NK.min(words.len() - start) {
            if NK > 6 && i == 4 {
                word = sub_word(word);
            }
            word ^= u32::from_le_bytes(words[start + i - NK]);
            words[start + i] = word.to_le_bytes();
        }
    }
    round_keys
}

/// SubWord of FIPS 197 section 5.2: the S-box on four bytes, in the lowest bit of each byte of the circuit's words.
fn sub_word(word: u32) -> u32 {
    const LOWEST: u32 = u32::MAX / 0xff;
    let bits = sbox(std::array::from_fn(|i| word >> i & LOWEST));
    bits.into_iter().enumerate().fold(0, |word, (i, bit)| word | (bit & LOWEST) << i)
}

/// The next power of x in GF(2^8) (Rcon of FIPS 197 section 5.2). Public: it depends on the round alone.
fn next_round_constant(c: u8) -> u8 {
    c << 1 ^ if c & 0x80 == 0 { 0 } else { 0x1b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeroize_leaves_no_round_key() {
        fn wiped_on_drop(_: &impl ZeroizeOnDrop) {}
        let mut round_keys = RoundKeys::expand(&[0x5a; 32]).expect("32 bytes");
        wiped_on_drop(&round_keys);
        assert!(round_keys.as_blocks().iter().all(|block| block.iter().any(|&byte| byte != 0)));
        round_keys.zeroize();
        assert_eq!(round_keys.blocks.as_flattened(), [0; 16 * MAX_ROUND_KEYS]);
    }
}
