//! GCM (SP 800-38D) over any block cipher, with nonces of 96 bits and tags of 128.
//!
//! | file | what it is |
//! |---|---|
//! | `ctr` | the counter and the key stream |
//! | `ghash` | the universal hash |
//! | this one | both together: [`Gcm`] is a key, [`GcmAlgorithm`] makes keys |

mod ctr;
mod ghash;

use ctr::Keystream;
use ghash::GhashKey;
use sealwire_traits::{
    Aead, AeadAlgorithm, Block, BlockCipher, BlockCipherAlgorithm, KeyError, Nonce, OpenError, Suite, Tag, Unavailable,
};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// The longest text under one nonce, in bytes: 2^39 - 256 bits (SP 800-38D section 5.2.1.1), where the counter would
/// come round. Associated data may have up to 2^61 - 1 bytes, more than there is memory.
pub const MAX_TEXT_LEN: u64 = (1 << 36) - 32;

/// GCM under a block cipher that has its key already.
pub struct Gcm<C> {
    cipher: C,
    ghash_key: GhashKey,
}

impl<C: BlockCipher> Gcm<C> {
    /// Derives the hash subkey, the encrypted zero block (SP 800-38D section 7.1, step 1).
    pub fn new(cipher: C) -> Gcm<C> {
        let mut h = Zeroizing::new(Block::default());
        cipher.encrypt_blocks(std::slice::from_mut(&mut h));
        let ghash_key = GhashKey::new(&h);
        Gcm { cipher, ghash_key }
    }

    /// The tag over `aad` and the ciphertext `text` (SP 800-38D section 7.1, steps 4 to 6).
    fn tag(&self, mask: &Block, aad: &[u8], text: &[u8]) -> Tag {
        let mut ghash = self.ghash_key.start();
        ghash.update_padded(aad);
        ghash.update_padded(text);
        let hash = ghash.finish(aad.len(), text.len());
        Tag::new(std::array::from_fn(|i| hash[i] ^ mask[i]))
    }
}

impl<C: BlockCipher> Aead for Gcm<C> {
    /// GCM-AE, SP 800-38D section 7.1.
    fn seal(&self, nonce: Nonce, aad: &[u8], in_out: &mut [u8]) -> Tag {
        assert_fits(in_out);
        let stream = Keystream::new(&self.cipher, nonce.as_bytes(), in_out.len());
        let mask = Zeroizing::new(*stream.tag_mask());
        stream.apply(in_out);
        self.tag(&mask, aad, in_out)
    }

    /// GCM-AD, SP 800-38D section 7.2: nothing is decrypted before the tag is known to be right.
    fn open(&self, nonce: Nonce, aad: &[u8], in_out: &mut [u8], tag: &Tag) -> Result<(), OpenError> {
        if !fits(in_out) {
            in_out.zeroize();
            return Err(OpenError);
        }
        let stream = Keystream::new(&self.cipher, nonce.as_bytes(), in_out.len());
        let expected = self.tag(stream.tag_mask(), aad, in_out);
        if !bool::from(expected.ct_eq(tag)) {
            in_out.zeroize();
            return Err(OpenError);
        }
        stream.apply(in_out);
        Ok(())
    }
}

/// Whether one nonce is enough for the text.
pub(crate) fn fits(text: &[u8]) -> bool {
    len_fits(text.len() as u64)
}

/// # Panics
/// For a text that one nonce is not enough for.
pub(crate) fn assert_fits(text: &[u8]) {
    assert!(fits(text), "GCM seals at most 2^36 - 32 bytes under a nonce");
}

fn len_fits(len: u64) -> bool {
    len <= MAX_TEXT_LEN
}

/// GCM as a suite: any block cipher becomes an AEAD by being named here, in a `static`.
///
/// ```
/// use sealwire_backends::{aes::AesAlgorithm, gcm::GcmAlgorithm};
/// use sealwire_traits::{AeadAlgorithm, Nonce, Suite};
///
/// static AES_192_GCM: GcmAlgorithm =
///     GcmAlgorithm::new(Suite { id: 0xff01, name: "aes-192-gcm", key_len: 24 }, &AesAlgorithm);
///
/// let key = AES_192_GCM.key(&[7; 24])?;
/// let mut text = *b"attack at dawn";
/// let tag = key.seal(Nonce::from_bytes([0; 12]), b"header", &mut text);
/// key.open(Nonce::from_bytes([0; 12]), b"header", &mut text, &tag)?;
/// assert_eq!(&text, b"attack at dawn");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct GcmAlgorithm {
    suite: Suite,
    cipher: &'static dyn BlockCipherAlgorithm,
}

impl GcmAlgorithm {
    /// `suite` computed by `cipher`, which has to take keys of `suite.key_len` bytes. The backend bears the name of the
    /// cipher's.
    pub const fn new(suite: Suite, cipher: &'static dyn BlockCipherAlgorithm) -> GcmAlgorithm {
        GcmAlgorithm { suite, cipher }
    }
}

impl AeadAlgorithm for GcmAlgorithm {
    fn suite(&self) -> Suite {
        self.suite
    }
    fn backend(&self) -> &'static str {
        self.cipher.backend()
    }
    fn available(&self) -> Result<(), Unavailable> {
        self.cipher.available()
    }
    fn key(&self, key: &[u8]) -> Result<Box<dyn Aead>, KeyError> {
        if key.len() != self.suite.key_len {
            return Err(KeyError::Length { expected: self.suite.key_len.to_string(), got: key.len() });
        }
        Ok(Box::new(Gcm::new(self.cipher.key(key)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longest_text_leaves_the_counter_below_its_end() {
        assert_eq!(MAX_TEXT_LEN / 16, u64::from(u32::MAX) - 1, "counters 2 to 2^32 - 1");
        assert!(len_fits(MAX_TEXT_LEN));
        assert!(!len_fits(MAX_TEXT_LEN + 1));
    }
}
