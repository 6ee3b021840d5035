//! What is watched of the kernel `fma52`: two moduli prepared, and powers modulo both, with all numbers secret. What is public are sizes.
//!
//! Under memcheck the results are wrong, since it rounds to nearest whatever the kernel asks for; which values are secret is none of that.

use crate::arch::{public, secret};
use sealwire_backends::evidence::Fma52Powers;
use sealwire_traits::{SecretBytes, Unavailable};

/// Bits of the moduli: those of a key of 4096 bits, whose rows are the longest and go through all shorter ones.
const BITS: usize = 2048;
/// Of a small number, for digits that are special.
const FEW_BITS: usize = 8 * 52 - 8;
/// Bytes of an exponent: some windows. More do the same again.
const EXPONENT_LEN: usize = 8;

/// Runs everything.
///
/// # Errors
/// [`Unavailable`] when this machine cannot run the kernel.
pub fn run() -> Result<(), Unavailable> {
    pow(BITS, [number(BITS, 113), number(BITS, 71)])?;
    // All digits zero; and all bits ones, but for those that keep it below the modulus.
    pow(FEW_BITS, [hidden(vec![0; FEW_BITS / 8]), ones(FEW_BITS)])
}

fn pow(bits: usize, bases: [SecretBytes; 2]) -> Result<(), Unavailable> {
    let moduli = [modulus(bits, 37), modulus(bits, 91)];
    let exponents = [number(8 * EXPONENT_LEN, 55), number(8 * EXPONENT_LEN, 201)];
    let [moduli, bases, exponents] = [&moduli, &bases, &exponents].map(|pair| pair.each_ref().map(SecretBytes::expose));
    let powers = Fma52Powers::new(moduli, bits)?.pow(bases, exponents);
    for mut power in powers {
        public(power.expose_mut());
        assert_eq!(power.expose().len(), bits / 8);
    }
    Ok(())
}

/// An odd number of exactly so many bits.
fn modulus(bits: usize, seed: u8) -> SecretBytes {
    let mut bytes = pattern(bits, seed);
    bytes[0] |= 0x80;
    bytes[bits / 8 - 1] |= 1;
    hidden(bytes)
}

/// A number below every modulus of so many bits.
fn number(bits: usize, seed: u8) -> SecretBytes {
    let mut bytes = pattern(bits, seed);
    bytes[0] &= 0x7f;
    hidden(bytes)
}

fn ones(bits: usize) -> SecretBytes {
    let mut bytes = vec![0xff; bits / 8];
    bytes[0] = 0x7f;
    hidden(bytes)
}

fn pattern(bits: usize, seed: u8) -> Vec<u8> {
    (0..bits / 8).map(|i| (i as u8).wrapping_mul(seed).wrapping_add(seed)).collect()
}

/// Wiped before it is given back, for those who free memory look into it.
fn hidden(mut bytes: Vec<u8>) -> SecretBytes {
    secret(&mut bytes);
    SecretBytes::new(bytes)
}
