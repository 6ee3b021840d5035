//! A kernel alone, `fma52` or `ifma`, without the blinding that would hide what its digits are: powers modulo two numbers, timed whole.

use crate::random;
use crate::sample::{Times, interleave, time_each};
use num_bigint::BigUint;
use sealwire_backends::evidence::{Kernel, KernelPowers};
use sealwire_traits::Unavailable;

/// Names of the classes: the base, then the exponent.
const NAMES: [&str; 7] = [
    "random, random",
    "random, zeros",
    "random, ones",
    "zero, random",
    "Montgomery's one, random",
    "n - 1, random",
    "one, random",
];

/// Names and times of the classes.
///
/// # Errors
/// [`Unavailable`] when this processor lacks the instructions.
pub fn measure(kernel: Kernel, rounds: usize, bits: usize) -> Result<(Vec<&'static str>, Times), Unavailable> {
    let bits = bits / 2;
    let moduli = [odd(bits), odd(bits)];
    let [p, q] = moduli.each_ref().map(|n| bytes(n, bits));
    let powers = KernelPowers::new(kernel, &[&p, &q], bits)?;
    let times = interleave(NAMES.len(), rounds, |plan| {
        let inputs: Vec<_> = plan.iter().map(|&class| input(kernel, class, &moduli, bits)).collect();
        time_each(&inputs, |_, input| {
            let [base_p, base_q, d_p, d_q] = std::array::from_fn(|i| &input[i * bits / 8..(i + 1) * bits / 8]);
            powers.pow(&[base_p, base_q], &[d_p, d_q])
        })
    });
    Ok((NAMES.to_vec(), times))
}

/// Two bases, then two exponents.
fn input(kernel: Kernel, class: usize, moduli: &[BigUint; 2], bits: usize) -> Vec<u8> {
    let bases = moduli.each_ref().map(|n| {
        let random = number(bits) % n;
        match class {
            3 => BigUint::ZERO,
            4 => montgomery_one(kernel, n, bits),
            5 => n - 1u8,
            6 => BigUint::from(1u8),
            _ => random,
        }
    });
    let exponents = [0, 1].map(|_| match class {
        1 => BigUint::ZERO,
        2 => (BigUint::from(1u8) << bits) - 1u8,
        _ => number(bits),
    });
    bases.iter().chain(&exponents).flat_map(|x| bytes(x, bits)).collect()
}

/// 1/R, which Montgomery's form makes 1: of all digits of the table one in twenty is not zero. R is the kernel's, with four bits to spare:
/// 2^(104 H), or 2^(52 D).
fn montgomery_one(kernel: Kernel, n: &BigUint, bits: usize) -> BigUint {
    let step = match kernel {
        Kernel::Fma52 => 104,
        Kernel::Ifma => 52,
    };
    let r = BigUint::from(1u8) << ((bits + 4).div_ceil(step) * step);
    r.modinv(n).expect("an odd modulus")
}

fn number(bits: usize) -> BigUint {
    let mut bytes = vec![0; bits / 8];
    random::fill(&mut bytes);
    BigUint::from_bytes_be(&bytes)
}

/// An odd number of so many bits.
fn odd(bits: usize) -> BigUint {
    let mut n = number(bits);
    n.set_bit(0, true);
    n.set_bit(bits as u64 - 1, true);
    n
}

fn bytes(x: &BigUint, bits: usize) -> Vec<u8> {
    let digits = x.to_bytes_be();
    let mut bytes = vec![0; bits / 8 - digits.len()];
    bytes.extend(digits);
    bytes
}
