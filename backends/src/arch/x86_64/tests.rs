//! What only shows inside of the kernels: the counter where it wraps. Everything else is tested through the registry.

use super::cpu::{self, AesNi, Vaes};
use super::entry::Instructions;
use super::tables::Key;
use super::{Fma52, Ifma, Mulx};
use crate::aes::Aes;
use crate::cpu_limit::Level;
use crate::sym_model as model;

/// Runs a check with every set of instructions that this machine has.
macro_rules! with_each {
    ($check:ident) => {
        if let Ok(cpu) = AesNi::detect() {
            $check(cpu);
        }
        if let Ok(cpu) = Vaes::detect() {
            $check(cpu);
        }
    };
}

fn prepared<C: Instructions>(cpu: C, key: &[u8]) -> Key<C::Vector> {
    let mut prepared = Key::new(cpu, cpu.into());
    cpu.fill_key(key, &mut prepared);
    prepared
}

/// The low byte wraps every 256 blocks, and here all 32 bits do (inc32 of SP 800-38D section 6.2), which no record is long enough for.
fn counter_wraps<C: Instructions>(cpu: C) {
    let (nonce, aad) = ([0xff; 12], [3; 20]);
    for key_len in [16, 24, 32] {
        let key = vec![0x5a; key_len];
        let (prepared, portable) = (prepared(cpu, &key), Aes::new(&key).expect("a key"));
        for first in [1, 0x101, 0xffff_ff01, 0xffff_fe01] {
            for blocks in [1, 7, 15, 16, 17, 239, 240, 254, 255, 256, 257, 272, 530] {
                let text: Vec<u8> = (0..blocks * 16 - 5).map(|i| i as u8).collect();
                let (ciphertext, tag) = model::seal_from(first, &portable, &nonce, &aad, &text);
                let mut buffer = text.clone();
                assert_eq!(C::seal(&prepared, &nonce, first, &aad, &mut buffer), tag, "{first:#x}, {blocks} blocks");
                assert!(buffer == ciphertext, "{first:#x}, {blocks} blocks");
                assert_eq!(C::open(&prepared, &nonce, first, &aad, &mut buffer), tag, "{first:#x}, {blocks} blocks");
                assert!(buffer == text, "{first:#x}, {blocks} blocks");
            }
        }
    }
}

#[test]
fn the_counter_wraps_in_its_32_bits() {
    with_each!(counter_wraps);
}

/// What a token refuses, no other test would miss.
#[test]
fn the_kernels_of_rsa_are_there_where_their_instructions_are() {
    let has_mulx =
        is_x86_feature_detected!("bmi2") && is_x86_feature_detected!("adx") && is_x86_feature_detected!("avx2");
    assert_eq!(Mulx::detect().is_ok(), has_mulx && cpu::allowed(Level::AesNi).is_ok());
    let has_fma52 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    assert_eq!(Fma52::detect().is_ok(), has_fma52 && cpu::allowed(Level::Vaes).is_ok());
    let has_ifma = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512ifma");
    assert_eq!(Ifma::detect().is_ok(), has_ifma && cpu::allowed(Level::Avx512).is_ok());
}
