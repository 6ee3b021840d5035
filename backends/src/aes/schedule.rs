//! The key expansion of FIPS 197 section 5.2: one for 128, 192 and 256 bits, in constant time, used by every AES
//! backend.

use super::sbox::sbox;
use sealwire_traits::{Block, KeyError};
use zeroize::Zeroizing;

/// Key lengths of AES in bytes.
pub const KEY_LENS: &[usize] = &[16, 24, 32];

/// Bytes in a word of the schedule.
const WORD_LEN: usize = 4;
/// Words in a round key (Nb).
const WORDS_PER_BLOCK: usize = 4;

type Word = [u8; WORD_LEN];

/// The round keys of one AES key, in the order of encryption: 11, 13 or 15 blocks. They stay in one place on the heap
/// and are wiped on drop.
pub struct RoundKeys(Zeroizing<Box<[Block]>>);

impl RoundKeys {
    /// Expands a key of 16, 24 or 32 bytes (KeyExpansion, FIPS 197 section 5.2).
    ///
    /// # Errors
    /// [`KeyError::Length`] for any other length.
    pub fn expand(key: &[u8]) -> Result<RoundKeys, KeyError> {
        if !KEY_LENS.contains(&key.len()) {
            return Err(KeyError::Length { expected: "16, 24 or 32".to_owned(), got: key.len() });
        }
        let key_words = key.len() / WORD_LEN;
        let rounds = key_words + 6;
        let mut round_keys = Zeroizing::new(vec![Block::default(); rounds + 1].into_boxed_slice());
        let (words, _) = round_keys.as_flattened_mut().as_chunks_mut::<WORD_LEN>();
        words[..key_words].copy_from_slice(key.as_chunks().0);
        let mut round_constant = 1;
        for i in key_words..WORDS_PER_BLOCK * (rounds + 1) {
            let mut word = Zeroizing::new(words[i - 1]);
            if i % key_words == 0 {
                word.rotate_left(1);
                *word = sub_word(&word);
                word[0] ^= round_constant;
                round_constant = next_round_constant(round_constant);
            } else if key_words > 6 && i % key_words == 4 {
                *word = sub_word(&word);
            }
            words[i] = std::array::from_fn(|j| words[i - key_words][j] ^ word[j]);
        }
        Ok(RoundKeys(round_keys))
    }

    /// The round keys; the first is added before the first round.
    pub fn as_blocks(&self) -> &[Block] {
        &self.0
    }
}

/// SubWord of FIPS 197 section 5.2: the S-box on four bytes, in the low four bits of each word of the circuit.
fn sub_word(word: &Word) -> Word {
    let bits =
        Zeroizing::new(std::array::from_fn(|i| word.iter().rev().fold(0u8, |bit, byte| bit << 1 | byte >> i & 1)));
    let bits = Zeroizing::new(sbox(*bits));
    std::array::from_fn(|j| bits.iter().rev().fold(0, |byte, bit| byte << 1 | bit >> j & 1))
}

/// The next power of x in GF(2^8) (Rcon of FIPS 197 section 5.2). Public: it depends on the round alone.
fn next_round_constant(c: u8) -> u8 {
    c << 1 ^ if c & 0x80 == 0 { 0 } else { 0x1b }
}
