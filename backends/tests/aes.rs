//! AES: the examples of FIPS 197, the Monte Carlo tests of AESAVS, and batches against single blocks, for every
//! registered backend.
#![allow(clippy::unwrap_used)]

#[path = "support/sym_hex.rs"]
mod sym_hex;

use sealwire_backends::aes::RoundKeys;
use sealwire_backends::registry::BLOCK_CIPHERS;
use sealwire_traits::{Block, BlockCipher, BlockCipherAlgorithm, KeyError};
use sym_hex::hex;

/// Every AES that runs on this machine.
fn backends() -> Vec<&'static dyn BlockCipherAlgorithm> {
    let found: Vec<_> =
        BLOCK_CIPHERS.iter().copied().filter(|b| b.cipher() == "aes" && b.available().is_ok()).collect();
    assert!(!found.is_empty());
    found
}

fn block(text: &str) -> Block {
    hex(text).try_into().unwrap()
}

fn encrypt(cipher: &dyn BlockCipher, mut block: Block) -> Block {
    cipher.encrypt_blocks(std::slice::from_mut(&mut block));
    block
}

fn decrypt(cipher: &dyn BlockCipher, mut block: Block) -> Block {
    cipher.decrypt_blocks(std::slice::from_mut(&mut block));
    block
}

#[test]
fn fips_197_appendix_a_every_round_key() {
    let keys = [
        "2b7e151628aed2a6abf7158809cf4f3c",
        "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
        "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
    ];
    for (key, expected) in keys.into_iter().zip(ROUND_KEYS) {
        let expanded = RoundKeys::expand(&hex(key)).unwrap();
        assert_eq!(expanded.as_blocks().len(), expected.len());
        for (i, (got, expected)) in expanded.as_blocks().iter().zip(expected).enumerate() {
            assert_eq!(u128::from_be_bytes(*got), *expected, "round key {i} of {key}");
        }
    }
}

#[test]
fn fips_197_appendix_b_and_c_both_ways() {
    let examples = [
        ("2b7e151628aed2a6abf7158809cf4f3c", "3243f6a8885a308d313198a2e0370734", "3925841d02dc09fbdc118597196a0b32"),
        ("000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a"),
        (
            "000102030405060708090a0b0c0d0e0f1011121314151617",
            "00112233445566778899aabbccddeeff",
            "dda97ca4864cdfe06eaf70a0ec0d7191",
        ),
        (
            "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
            "00112233445566778899aabbccddeeff",
            "8ea2b7ca516745bfeafc49904b496089",
        ),
    ];
    for backend in backends() {
        for (key, plain, cipher) in examples {
            let aes = backend.key(&hex(key)).unwrap();
            assert_eq!(encrypt(&*aes, block(plain)), block(cipher), "{} {key}", backend.backend());
            assert_eq!(decrypt(&*aes, block(cipher)), block(plain), "{} {key}", backend.backend());
        }
    }
}

/// The Monte Carlo test of AESAVS section 6.4 from a key and a block of zeros; gives the last of its 100 outputs.
fn monte_carlo(
    backend: &dyn BlockCipherAlgorithm,
    key_len: usize,
    step: fn(&dyn BlockCipher, Block) -> Block,
) -> Block {
    let (mut key, mut block, mut previous) = (vec![0; key_len], Block::default(), Block::default());
    for _ in 0..100 {
        let aes = backend.key(&key).unwrap();
        for _ in 0..1000 {
            previous = block;
            block = step(&*aes, block);
        }
        let outputs = [previous, block].concat();
        for (key, output) in key.iter_mut().zip(&outputs[32 - key_len..]) {
            *key ^= output;
        }
    }
    block
}

/// The expected blocks were computed with OpenSSL 3.
#[test]
fn aesavs_monte_carlo() {
    let expected = [
        (16, "9d28f9b19980923131be8eee3877e12d", "4573d437a1dec12c77fd88a7125f84c9"),
        (24, "40d9706bbeedadf51237d3ec283ffcc9", "b49b5a99300c14cc781966ba0600ce97"),
        (32, "3dc644e84f19be5b9af2b6710579a5ab", "64aae3d7ee992eda6724712cae42d451"),
    ];
    for backend in backends() {
        for (key_len, encrypted, decrypted) in expected {
            assert_eq!(monte_carlo(backend, key_len, encrypt), block(encrypted), "{} {key_len}", backend.backend());
            assert_eq!(monte_carlo(backend, key_len, decrypt), block(decrypted), "{} {key_len}", backend.backend());
        }
    }
}

#[test]
fn a_batch_is_its_blocks_one_by_one() {
    for backend in backends() {
        for &key_len in backend.key_lens() {
            let key: Vec<u8> = (0..key_len).map(|i| (91 * i) as u8).collect();
            let aes = backend.key(&key).unwrap();
            for count in (0..=40).chain([101]) {
                let plain: Vec<Block> = (0..count).map(|b| std::array::from_fn(|i| (37 * b + 11 * i) as u8)).collect();
                let mut batch = plain.clone();
                aes.encrypt_blocks(&mut batch);
                let singly: Vec<Block> = plain.iter().map(|&p| encrypt(&*aes, p)).collect();
                assert_eq!(batch, singly, "{} {key_len}: {count} blocks", backend.backend());
                aes.decrypt_blocks(&mut batch);
                assert_eq!(batch, plain, "{} {key_len}: {count} blocks back", backend.backend());
                let mut batch = plain.clone();
                aes.decrypt_blocks(&mut batch);
                let singly: Vec<Block> = plain.iter().map(|&p| decrypt(&*aes, p)).collect();
                assert_eq!(batch, singly, "{} {key_len}: decryption of {count} blocks", backend.backend());
            }
        }
    }
}

#[test]
fn keys_of_any_other_length_are_refused() {
    for backend in backends() {
        assert_eq!(backend.key_lens(), [16, 24, 32]);
        for len in (0..=64).filter(|len| !backend.key_lens().contains(len)) {
            let error = backend.key(&vec![0; len]).err();
            assert_eq!(error, Some(KeyError::Length { expected: "16, 24 or 32".to_owned(), got: len }));
        }
    }
}

/// FIPS 197 appendix A, a round key a line.
const ROUND_KEYS: [&[u128]; 3] = [
    // A.1
    &[
        0x2b7e1516_28aed2a6_abf71588_09cf4f3c,
        0xa0fafe17_88542cb1_23a33939_2a6c7605,
        0xf2c295f2_7a96b943_5935807a_7359f67f,
        0x3d80477d_4716fe3e_1e237e44_6d7a883b,
        0xef44a541_a8525b7f_b671253b_db0bad00,
        0xd4d1c6f8_7c839d87_caf2b8bc_11f915bc,
        0x6d88a37a_110b3efd_dbf98641_ca0093fd,
        0x4e54f70e_5f5fc9f3_84a64fb2_4ea6dc4f,
        0xead27321_b58dbad2_312bf560_7f8d292f,
        0xac7766f3_19fadc21_28d12941_575c006e,
        0xd014f9a8_c9ee2589_e13f0cc8_b6630ca6,
    ],
    // A.2
    &[
        0x8e73b0f7_da0e6452_c810f32b_809079e5,
        0x62f8ead2_522c6b7b_fe0c91f7_2402f5a5,
        0xec12068e_6c827f6b_0e7a95b9_5c56fec2,
        0x4db7b4bd_69b54118_85a74796_e92538fd,
        0xe75fad44_bb095386_485af057_21efb14f,
        0xa448f6d9_4d6dce24_aa326360_113b30e6,
        0xa25e7ed5_83b1cf9a_27f93943_6a94f767,
        0xc0a69407_d19da4e1_ec1786eb_6fa64971,
        0x485f7032_22cb8755_e26d1352_33f0b7b3,
        0x40beeb28_2f18a259_6747d26b_458c553e,
        0xa7e1466c_9411f1df_821f750a_ad07d753,
        0xca400538_8fcc5006_282d166a_bc3ce7b5,
        0xe98ba06f_448c773c_8ecc7204_01002202,
    ],
    // A.3
    &[
        0x603deb10_15ca71be_2b73aef0_857d7781,
        0x1f352c07_3b6108d7_2d9810a3_0914dff4,
        0x9ba35411_8e6925af_a51a8b5f_2067fcde,
        0xa8b09c1a_93d194cd_be49846e_b75d5b9a,
        0xd59aecb8_5bf3c917_fee94248_de8ebe96,
        0xb5a9328a_2678a647_98312229_2f6c79b3,
        0x812c81ad_dadf48ba_24360af2_fab8b464,
        0x98c5bfc9_bebd198e_268c3ba7_09e04214,
        0x68007bac_b2df3316_96e939e4_6c518d80,
        0xc814e204_76a9fb8a_5025c02d_59c58239,
        0xde136967_6ccc5a71_fa256395_9674ee15,
        0x5886ca5d_2e2f31d7_7e0af1fa_27cf73c3,
        0x749c47ab_18501dda_e2757e4f_7401905a,
        0xcafaaae3_e4d59b34_9adf6ace_bd10190d,
        0xfe4890d1_e6188d0b_046df344_706c631e,
    ],
];
