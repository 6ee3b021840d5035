//! Leaks planted on purpose. A tool that does not report them has shown nothing.

use crate::arch::{self, public, secret};
use num_bigint::BigUint;
use sealwire_backends::evidence::{Kernel, KernelPowers};
use std::hint::black_box;

/// A leak: works on a secret, and gives something computed of it; `None` where the processor lacks the instructions.
pub type Control = fn(&[u8; 32]) -> Option<u8>;

/// Every planted leak, by name.
pub const CONTROLS: &[(&str, Control)] = &[
    ("table", table),
    ("branch", branch),
    ("division", division),
    ("power-branch", power_branch),
    ("power-table", power_table),
    ("inversion", inversion),
    ("fused-table", fused_table),
    ("fused-branch", fused_branch),
    ("denormal", denormal),
    ("vector-table", |key| arch::vector_table(key, black_box(&TABLE))),
    ("vector-branch", arch::vector_branch),
    ("wide-table", |key| arch::wide_table(key, black_box(&TABLE))),
    ("wide-branch", arch::wide_branch),
];

/// Has a secret leak; whether the processor could.
pub fn run(control: Control) -> bool {
    let mut key = black_box([0x5a; 32]);
    secret(&mut key);
    let Some(result) = control(&key) else { return false };
    let mut result = [result];
    public(&mut result);
    black_box(result);
    true
}

/// In the place of an S-box.
static TABLE: [u8; 256] = [7; 256];

/// As AES is written in books: a table, at an index that is made of the key.
fn table(key: &[u8; 32]) -> Option<u8> {
    Some(black_box(&TABLE)[usize::from(key[0])])
}

/// A comparison that stops at the first byte that differs.
fn branch(key: &[u8; 32]) -> Option<u8> {
    let guess = black_box([1; 32]);
    Some(key.iter().zip(guess).take_while(|&(a, b)| *a == b).count() as u8)
}

/// An instruction that takes as long as its operands are large.
fn division(key: &[u8; 32]) -> Option<u8> {
    Some((u64::from(key[0]) * 0x0123_4567_89ab / u64::from(key[1] | 1)) as u8)
}

/// A small odd modulus: below 2^32, so that products fit.
const MODULUS: u64 = 0xffff_fffb;

/// Square and multiply as in books: a multiplication where the exponent has a one.
fn power_branch(exponent: &[u8; 32]) -> Option<u8> {
    let mut power = 1;
    for byte in exponent {
        for i in (0..8).rev() {
            power = times(power, power);
            if black_box(byte >> i & 1) == 1 {
                power = times(power, 3);
            }
        }
    }
    Some(power as u8)
}

/// Fixed windows, but only the entry that is wanted is read from the table of powers.
fn power_table(exponent: &[u8; 32]) -> Option<u8> {
    let mut powers = [1; 16];
    for i in 1..powers.len() {
        powers[i] = times(powers[i - 1], 3);
    }
    let powers = black_box(powers);
    let power = exponent.iter().flat_map(|byte| [byte >> 4, byte & 15]).fold(1, |power, window| {
        let power = (0..4).fold(power, |power, _| times(power, power));
        times(power, powers[usize::from(window)])
    });
    Some(power as u8)
}

/// What num-bigint does to a number that is not masked.
fn inversion(key: &[u8; 32]) -> Option<u8> {
    let inverse = BigUint::from_bytes_le(key).modinv(&BigUint::from(MODULUS))?;
    Some(inverse.iter_u32_digits().next()? as u8)
}

/// `a b mod MODULUS`.
fn times(a: u64, b: u64) -> u64 {
    a * b % MODULUS
}

/// A fused multiplication of whole numbers made of the key, as `fma52` has them; the bits of the result. (The system's library has the
/// instruction, on processors that do.)
fn fused(key: &[u8; 32]) -> u64 {
    let [a, b] = [key[0], key[1]].map(|byte| f64::from_bits(TWO_52 | u64::from(byte)) - f64::from_bits(TWO_52));
    black_box(a).mul_add(black_box(b), f64::from_bits(TWO_52)).to_bits()
}

/// The bits of 2^52.
const TWO_52: u64 = 0x433 << 52;

/// A table whose index is a product.
fn fused_table(key: &[u8; 32]) -> Option<u8> {
    Some(black_box(&TABLE)[(fused(key) & 255) as usize])
}

/// A branch on a product.
fn fused_branch(key: &[u8; 32]) -> Option<u8> {
    Some(if fused(key) & 1 == 0 { black_box(1) } else { black_box(2) })
}

/// A sum with the smallest denormal number there is; the kernel behind it clears what the processor notes of that.
fn denormal(_: &[u8; 32]) -> Option<u8> {
    black_box(black_box(f64::from_bits(1)) + black_box(1.0));
    let powers = KernelPowers::new(Kernel::Fma52, &[&[0x8f_u8; 32][..]; 2], 256).ok()?;
    Some(powers.pow(&[&[1_u8; 32][..]; 2], &[&[1_u8; 8][..]; 2])[0].expose()[0])
}

/// Compiled for the instructions of the backend `vaes`.
pub mod vaes {
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2,vaes")]
    fn round(block: &[u8; 32]) -> __m256i {
        let [a, b, c, d] =
            std::array::from_fn(|i| i64::from_le_bytes(*block[8 * i..].first_chunk().expect("eight bytes")));
        let block = _mm256_set_epi64x(d, c, b, a);
        _mm256_aesenc_epi128(block, block)
    }

    #[target_feature(enable = "avx2,vaes")]
    pub fn table(block: &[u8; 32], table: &[u8; 256]) -> u8 {
        table[(_mm256_extract_epi8::<17>(round(block)) & 0xff) as usize]
    }

    #[target_feature(enable = "avx2,vaes")]
    pub fn branch(block: &[u8; 32]) -> u8 {
        let block = round(block);
        if _mm256_testz_si256(block, block) == 1 { std::hint::black_box(1) } else { std::hint::black_box(2) }
    }
}

/// Compiled for the instructions of the kernel `ifma`.
pub mod ifma {
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx512f,avx512ifma")]
    fn product(key: &[u8; 32]) -> __m512i {
        let digit = |i: usize| i64::from_le_bytes(*key[8 * i..].first_chunk().expect("eight bytes"));
        let digits = _mm512_set_epi64(digit(0), digit(1), digit(2), digit(3), digit(0), digit(1), digit(2), digit(3));
        _mm512_madd52hi_epu64(_mm512_madd52lo_epu64(digits, digits, digits), digits, digits)
    }

    /// An index that is a product.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub fn table(key: &[u8; 32], table: &[u8; 256]) -> u8 {
        table[(_mm_cvtsi128_si64(_mm512_castsi512_si128(product(key))) & 0xff) as usize]
    }

    /// A branch on a mask.
    #[target_feature(enable = "avx512f,avx512ifma")]
    pub fn branch(key: &[u8; 32]) -> u8 {
        let odd = _mm512_test_epi64_mask(product(key), _mm512_set1_epi64(1));
        if odd == 0 { std::hint::black_box(1) } else { std::hint::black_box(2) }
    }
}
