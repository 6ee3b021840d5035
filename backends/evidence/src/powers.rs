//! What is watched of the kernels `fma52` and `ifma`: moduli prepared, and powers modulo one or two of them, with all numbers secret. What is
//! public are sizes.
//!
//! Under memcheck the results of `fma52` are wrong, since it rounds to nearest whatever the kernel asks for; which values are secret is none
//! of that.

use crate::arch::{public, secret};
use sealwire_backends::evidence::{Kernel, KernelPowers, ifma_public};
use sealwire_traits::{SecretBytes, Unavailable};

/// Bits of the moduli for `fma52`: those of a key of 4096 bits, whose rows are the longest and go through all shorter ones.
const BITS: usize = 2048;
/// Of a small number, for digits that are special.
const FEW_BITS: usize = 8 * 52 - 8;
/// Bytes of an exponent: some windows. More do the same again.
const EXPONENT_LEN: usize = 8;
/// Bits of two moduli that `ifma` raises in turns: the fewest for each number of vectors that it has functions for.
const BITS_IN_TURNS: [usize; 2] = [29 * 52 - 4, 33 * 52 - 4];
/// The most vectors of `ifma`, which has functions of its own for each number of them.
const MAX_VECTORS: usize = 10;
/// The most for which squares choose from the table; a single one does not.
const MAX_VECTORS_THAT_CHOOSE: usize = 5;

/// Runs everything.
///
/// # Errors
/// [`Unavailable`] when this machine cannot run the kernel.
pub fn run(kernel: Kernel) -> Result<(), Unavailable> {
    let bits = if kernel == Kernel::Fma52 { BITS } else { FEW_BITS };
    pow(kernel, bits, &[number(bits, 113), number(bits, 71)])?;
    // All digits zero; and all bits ones, but for those that keep it below the modulus.
    pow(kernel, FEW_BITS, &[hidden(vec![0; FEW_BITS / 8]), ones(FEW_BITS)])?;
    if kernel == Kernel::Ifma {
        for bits in BITS_IN_TURNS {
            pow(kernel, bits, &[number(bits, 113), ones(bits)])?;
        }
        for numbers in [1, 2] {
            pow(kernel, 152, &[ones(152), number(152, 71)][..numbers])?;
            // Preparing multiplies and squares: as many digits as vectors hold, less one, are a number of bits that asks for both.
            for vectors in 2..=MAX_VECTORS {
                let bits = (vectors * 8 / numbers - 1) * 52 - 4;
                if vectors <= MAX_VECTORS_THAT_CHOOSE {
                    pow(kernel, bits, &[ones(bits), number(bits, 71)][..numbers])?;
                    continue;
                }
                let moduli = [modulus(bits, 37), modulus(bits, 91)];
                let moduli: Vec<_> = moduli.iter().take(numbers).map(SecretBytes::expose).collect();
                KernelPowers::new(kernel, &moduli, bits)?;
            }
        }
        let (n, a, b) = (modulus(FEW_BITS, 37), number(FEW_BITS, 113), ones(FEW_BITS));
        for mut result in ifma_public(n.expose(), FEW_BITS, a.expose(), b.expose())? {
            public(result.expose_mut());
        }
    }
    Ok(())
}

fn pow(kernel: Kernel, bits: usize, bases: &[SecretBytes]) -> Result<(), Unavailable> {
    let moduli = [modulus(bits, 37), modulus(bits, 91)];
    let exponents = [number(8 * EXPONENT_LEN, 55), number(8 * EXPONENT_LEN, 201)];
    let [moduli, bases, exponents] =
        [&moduli, bases, &exponents].map(|numbers| numbers.iter().take(bases.len()).map(SecretBytes::expose));
    let [moduli, bases, exponents] = [moduli, bases, exponents].map(Iterator::collect::<Vec<_>>);
    let powers = KernelPowers::new(kernel, &moduli, bits)?.pow(&bases, &exponents);
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
