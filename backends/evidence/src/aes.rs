//! What is watched of AES-GCM: keys, blocks, records of many lengths, sealed and opened, and forgeries.
//!
//! Secret are the key and the plaintext, and everything computed of them. Public are all lengths, nonces, associated data, ciphertexts
//! and tags that travel, and whether a record is refused: whoever sends a forgery is told.

use crate::arch::{public, secret};
use sealwire_backends::aes::AesAlgorithm;
use sealwire_backends::gcm::GcmAlgorithm;
use sealwire_backends::x86::{Instructions, X86Aes, X86AesGcm};
use sealwire_traits::{Aead, AeadAlgorithm, Block, BlockCipher, BlockCipherAlgorithm, Nonce, Suite, Tag, Unavailable};
use std::hint::black_box;

/// Wire suites have no key of 192 bits; the code has.
const SUITES: [Suite; 3] =
    [Suite::AES_128_GCM, Suite { id: 0xff01, name: "aes-192-gcm", key_len: 24 }, Suite::AES_256_GCM];

const NONCE: [u8; 12] = [0x17; 12];

/// A backend of AES and AES-GCM.
pub struct Backend {
    cipher: &'static dyn BlockCipherAlgorithm,
    aead: fn(Suite) -> Box<dyn AeadAlgorithm>,
}

/// Every backend, by name.
pub const BACKENDS: &[(&str, Backend)] = &[
    ("portable", Backend { cipher: &AesAlgorithm, aead: |suite| Box::new(GcmAlgorithm::new(suite, &AesAlgorithm)) }),
    ("aes-ni", Backend { cipher: &X86Aes(Instructions::AesNi), aead: |suite| x86(suite, Instructions::AesNi) }),
    ("vaes", Backend { cipher: &X86Aes(Instructions::Vaes), aead: |suite| x86(suite, Instructions::Vaes) }),
];

fn x86(suite: Suite, instructions: Instructions) -> Box<dyn AeadAlgorithm> {
    Box::new(X86AesGcm { suite, instructions })
}

/// How much is run.
pub enum Extent {
    /// Records of every kind of length.
    Full,
    /// A few records, for code that takes many instructions a record and a tool that takes a long time an instruction.
    Brief,
}

/// Runs everything; the number of records opened, which is that of the verdicts that become public.
///
/// # Errors
/// [`Unavailable`] when this machine, or the tool that plays it, cannot run the backend.
pub fn run(backend: &Backend, extent: &Extent) -> Result<usize, Unavailable> {
    backend.cipher.available()?;
    let mut opened = 0;
    for suite in SUITES {
        let mut key: Vec<u8> = (0..suite.key_len as u8).collect();
        secret(&mut key);
        blocks(&*backend.cipher.key(&key).expect("a key of a length that AES has"), extent);
        let mut aead = (backend.aead)(suite).key(&key).expect("a key of the length of the suite");
        // The allocator looks into what it gets back.
        public(&mut key);
        for (text_len, aad_len) in extent.record_lens() {
            record(&*aead, text_len, aad_len);
            opened += 2;
        }
        // Wipes the tables for long records; the next such record makes them again.
        aead.release();
        let (text_len, aad_len) = extent.last_record_lens();
        record(&*aead, text_len, aad_len);
        opened += 2;
    }
    Ok(opened)
}

impl Extent {
    /// Lengths of text and of associated data: every remainder modulo a block, tails of every number of blocks, steps, cycles of steps,
    /// and more blocks than a low byte of a counter counts.
    fn record_lens(&self) -> Vec<(usize, usize)> {
        match self {
            Extent::Full => (0..=600)
                .step_by(19)
                .map(|len| (len, 5 * len % 307))
                .chain([(1024, 13), (2300, 600), (4500, 0), (3, 288), (90, 193)])
                .collect(),
            Extent::Brief => vec![(0, 5), (75, 13)],
        }
    }

    /// Those of a record after the release of what the key can make again.
    fn last_record_lens(&self) -> (usize, usize) {
        match self {
            Extent::Full => (1024, 0),
            Extent::Brief => (16, 0),
        }
    }

    /// Blocks in a call.
    fn counts(&self) -> &'static [usize] {
        match self {
            Extent::Full => &[1, 2, 15, 16, 33],
            Extent::Brief => &[17],
        }
    }
}

fn blocks(cipher: &dyn BlockCipher, extent: &Extent) {
    for &count in extent.counts() {
        let mut blocks = vec![Block::default(); count];
        secret(blocks.as_flattened_mut());
        cipher.encrypt_blocks(&mut blocks);
        cipher.decrypt_blocks(&mut blocks);
        public(blocks.as_flattened_mut());
        assert_eq!(blocks, vec![Block::default(); count], "decryption undoes encryption");
    }
}

/// Seals a record, opens it, and has a forgery of it refused.
fn record(aead: &dyn Aead, text_len: usize, aad_len: usize) {
    let aad = vec![3; aad_len];
    let mut text = vec![0x61; text_len];
    secret(&mut text);
    let tag = published(aead.seal(Nonce::from_bytes(NONCE), &aad, &mut text));
    public(&mut text);
    let mut forged = *tag.as_bytes();
    forged[text_len % forged.len()] ^= 1;
    for (tag, genuine) in [(tag, true), (Tag::new(forged), false)] {
        let mut text = text.clone();
        let mut opened = [u8::from(aead.open(Nonce::from_bytes(NONCE), &aad, black_box(&mut text), &tag).is_ok())];
        public(&mut opened);
        public(&mut text);
        assert_eq!(opened, [u8::from(genuine)], "{text_len} bytes");
        assert_eq!(text, vec![if genuine { 0x61 } else { 0 }; text_len]);
    }
}

fn published(tag: Tag) -> Tag {
    let mut bytes = *tag.as_bytes();
    public(&mut bytes);
    Tag::new(bytes)
}
