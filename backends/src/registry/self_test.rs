//! Known-answer tests of the symmetric backends, run before a backend is first used: a kernel that this machine or this
//! build gets wrong is found before it touches a message. They take about a millisecond.

use sealwire_traits::{Aead, AeadAlgorithm, Block, BlockCipherAlgorithm, Nonce, Suite, Tag};
use sha2::{Digest, Sha256};

/// Encrypts and decrypts the example of FIPS 197 appendix C under each key length, in batches that fill and overfill
/// every kernel.
pub(super) fn block_cipher(algorithm: &dyn BlockCipherAlgorithm) -> Result<(), String> {
    const PLAINTEXT: Block = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128.to_be_bytes();
    for &key_len in algorithm.key_lens() {
        let expected = ciphertext(algorithm.cipher(), key_len)?;
        let cipher = algorithm.key(&counting_up(key_len)).map_err(|error| error.to_string())?;
        for count in [1, 2, 3, 5, 8, 13, 21, 34, 55] {
            let mut blocks = vec![PLAINTEXT; count];
            cipher.encrypt_blocks(&mut blocks);
            ensure(blocks.iter().all(|block| *block == expected), || format!("encryption of {count} blocks"))?;
            cipher.decrypt_blocks(&mut blocks);
            ensure(blocks.iter().all(|block| *block == PLAINTEXT), || format!("decryption of {count} blocks"))?;
        }
    }
    Ok(())
}

/// The answer of FIPS 197 appendix C.
fn ciphertext(cipher: &str, key_len: usize) -> Result<Block, String> {
    match (cipher, key_len) {
        ("aes", 16) => Ok(0x69c4_e0d8_6a7b_0430_d8cd_b780_70b4_c55a_u128.to_be_bytes()),
        ("aes", 24) => Ok(0xdda9_7ca4_864c_dfe0_6eaf_70a0_ec0d_7191_u128.to_be_bytes()),
        ("aes", 32) => Ok(0x8ea2_b7ca_5167_45bf_eafc_4990_4b49_6089_u128.to_be_bytes()),
        _ => Err(format!("no known answer for {cipher} with a key of {key_len} bytes")),
    }
}

/// Seals records of many lengths, compares the hash of all ciphertexts and tags, opens each record, and has a forgery
/// of each refused.
pub(super) fn aead(algorithm: &dyn AeadAlgorithm) -> Result<(), String> {
    let suite = algorithm.suite();
    let expected = hash_of_records(suite)?;
    let aead = algorithm.key(&counting_up(suite.key_len)).map_err(|error| error.to_string())?;
    let mut hash = Sha256::new();
    for len in record_lens() {
        let record = Record::sealed(&*aead, len);
        hash.update(&record.text);
        hash.update(record.tag.as_bytes());
        record.refuses_forgery(&*aead)?;
        record.opens(&*aead)?;
    }
    ensure(hash.finalize()[..] == expected, || "sealed records".to_owned())
}

/// Lengths in steps that reach every remainder modulo 16 and 32, and some around a kilobyte, where buffers end.
fn record_lens() -> impl Iterator<Item = usize> {
    (0..=624).step_by(13).chain([1007, 1008, 1009, 1024, 4100])
}

/// SHA-256 over ciphertext and tag of every [`Record`] in turn, as computed with OpenSSL 3.
fn hash_of_records(suite: Suite) -> Result<[u8; 32], String> {
    let halves: [u128; 2] = match suite {
        Suite::AES_128_GCM => [0xc24d90c3f70c43278d614dfa77302575, 0xd89b668d28a70473d0f1bf2d4c309ea7],
        Suite::AES_256_GCM => [0xa45131ce6d72de26f716804464006b39, 0xf4f7825c2f84461f5b4b6135f02f3a63],
        _ => return Err(format!("no known answer for {}", suite.name)),
    };
    let mut hash = [0; 32];
    hash[..16].copy_from_slice(&halves[0].to_be_bytes());
    hash[16..].copy_from_slice(&halves[1].to_be_bytes());
    Ok(hash)
}

/// A sealed record of the self-test. Text byte j is 7 j + len, the associated data counts up from 0 to len mod 33, the
/// nonce is len.
struct Record {
    len: usize,
    text: Vec<u8>,
    tag: Tag,
}

impl Record {
    fn sealed(aead: &dyn Aead, len: usize) -> Record {
        let mut text = Record::plaintext(len);
        let tag = aead.seal(Record::nonce(len), &Record::aad(len), &mut text);
        Record { len, text, tag }
    }

    fn opens(&self, aead: &dyn Aead) -> Result<(), String> {
        let mut text = self.text.clone();
        let opened = aead.open(Record::nonce(self.len), &Record::aad(self.len), &mut text, &self.tag);
        ensure(opened.is_ok() && text == Record::plaintext(self.len), || format!("opening {} bytes", self.len))
    }

    fn refuses_forgery(&self, aead: &dyn Aead) -> Result<(), String> {
        let mut text = self.text.clone();
        let mut tag = *self.tag.as_bytes();
        tag[self.len % tag.len()] ^= 1 << (self.len % 8);
        let opened = aead.open(Record::nonce(self.len), &Record::aad(self.len), &mut text, &Tag::new(tag));
        let refused = opened.is_err() && text.iter().all(|&byte| byte == 0);
        ensure(refused, || format!("refusing a forgery of {} bytes", self.len))
    }

    fn plaintext(len: usize) -> Vec<u8> {
        (0..len).map(|j| (7 * j + len) as u8).collect()
    }

    fn aad(len: usize) -> Vec<u8> {
        counting_up(len % 33)
    }

    fn nonce(len: usize) -> Nonce {
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(&(len as u64).to_be_bytes());
        Nonce::from_bytes(nonce)
    }
}

fn counting_up(len: usize) -> Vec<u8> {
    (0..len).map(|i| i as u8).collect()
}

fn ensure(correct: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if correct { Ok(()) } else { Err(format!("{} gave a wrong result", what())) }
}
