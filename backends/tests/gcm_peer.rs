//! AES-GCM of every registered backend against another library's (RustCrypto's `aes-gcm`): lengths, alignments, random records.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use aes_gcm::{AeadInOut, Aes128Gcm, Aes256Gcm, KeyInit};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sealwire_backends::registry::AEADS;
use sealwire_traits::{Aead, AeadAlgorithm, Nonce, Tag};

/// A record that the other library has sealed.
struct Sealed {
    nonce: [u8; 12],
    aad: Vec<u8>,
    text: Vec<u8>,
    sealed: Vec<u8>,
    tag: [u8; 16],
}

/// Records under one key, sealed by the other library, checked with every backend of a suite.
struct Peer {
    key: Vec<u8>,
    backends: Vec<(&'static str, Box<dyn Aead>)>,
}

impl Peer {
    fn all(random: &mut StdRng) -> Vec<Peer> {
        [16, 32].into_iter().map(|key_len| Peer::new(key_len, random)).collect()
    }

    fn new(key_len: usize, random: &mut StdRng) -> Peer {
        let mut key = vec![0; key_len];
        random.fill(&mut key[..]);
        let usable = |a: &&&dyn AeadAlgorithm| a.suite().key_len == key_len && a.available().is_ok();
        let backends = AEADS.iter().filter(usable).map(|a| (a.backend(), a.key(&key).unwrap())).collect();
        Peer { key, backends }
    }

    fn seal(&self, text_len: usize, aad_len: usize, random: &mut StdRng) -> Sealed {
        let (mut nonce, mut aad, mut text) = ([0; 12], vec![0; aad_len], vec![0; text_len]);
        random.fill(&mut nonce);
        random.fill(&mut aad[..]);
        random.fill(&mut text[..]);
        let mut sealed = text.clone();
        let buffer = sealed.as_mut_slice().into();
        let tag = match self.key.len() {
            16 => Aes128Gcm::new_from_slice(&self.key).unwrap().encrypt_inout_detached(&nonce.into(), &aad, buffer),
            _ => Aes256Gcm::new_from_slice(&self.key).unwrap().encrypt_inout_detached(&nonce.into(), &aad, buffer),
        };
        Sealed { nonce, aad, text, sealed, tag: tag.unwrap().into() }
    }

    /// Every backend seals to the same bytes, in place at `offset` of a buffer, touches nothing around it, and opens them again.
    /// Returns how many cases that were.
    fn check(&self, record: &Sealed, offset: usize) -> usize {
        let end = offset + record.text.len();
        for (backend, aead) in &self.backends {
            let context = format!("{backend}, {} bytes and {} at {offset}", record.text.len(), record.aad.len());
            let mut buffer = vec![0xa5; end + 64];
            buffer[offset..end].copy_from_slice(&record.text);
            let tag = aead.seal(Nonce::from_bytes(record.nonce), &record.aad, &mut buffer[offset..end]);
            assert!(buffer[offset..end] == record.sealed, "ciphertext: {context}");
            assert_eq!(tag.as_bytes(), &record.tag, "{context}");
            let nonce = Nonce::from_bytes(record.nonce);
            aead.open(nonce, &record.aad, &mut buffer[offset..end], &Tag::new(record.tag)).unwrap();
            assert!(buffer[offset..end] == record.text, "plaintext: {context}");
            assert!(buffer[..offset].iter().chain(&buffer[end..]).all(|&byte| byte == 0xa5), "around: {context}");
        }
        self.backends.len()
    }
}

#[test]
fn every_length_to_1100_and_every_associated_data_to_64() {
    let mut random = StdRng::seed_from_u64(1);
    let mut cases = 0;
    for peer in Peer::all(&mut random) {
        for text_len in 0..=1100 {
            cases += peer.check(&peer.seal(text_len, text_len % 65, &mut random), 0);
        }
        for (text_len, aad_len) in
            [0, 1, 15, 100, 255, 256, 257, 1024].into_iter().flat_map(|t| (0..=64).map(move |a| (t, a)))
        {
            cases += peer.check(&peer.seal(text_len, aad_len, &mut random), 0);
        }
    }
    println!("{cases} records");
    assert!(cases >= 2 * (1101 + 8 * 65));
}

#[test]
fn every_alignment_of_the_text() {
    let mut random = StdRng::seed_from_u64(2);
    for peer in Peer::all(&mut random) {
        for text_len in [1, 31, 64, 300, 2000] {
            let record = peer.seal(text_len, 13, &mut random);
            for offset in 0..64 {
                peer.check(&record, offset);
            }
        }
    }
}

#[test]
fn random_records_to_a_mebibyte() {
    let mut random = StdRng::seed_from_u64(3);
    let mut cases = 0;
    for peer in Peer::all(&mut random) {
        for bits in 0..=20 {
            for _ in 0..3 {
                let text_len = random.random_range(0..=1 << bits);
                let aad_len = random.random_range(0..2000);
                cases += peer.check(&peer.seal(text_len, aad_len, &mut random), 0);
            }
        }
    }
    println!("{cases} records");
    assert!(cases >= 2 * 63);
}
