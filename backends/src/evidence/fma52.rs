//! The kernel `fma52` without what surrounds it, blinding above all: so that its digits can be chosen, and watched.

use crate::arch::x86_64::{Fma52, Fma52Pair};
use crate::rsa::{LIMB_BITS, Montgomery, Portable, Powers, Uint};
use sealwire_traits::{SecretBytes, Unavailable};

/// Powers modulo two numbers.
pub struct Fma52Powers {
    pair: Fma52Pair,
    bits: usize,
}

impl Fma52Powers {
    /// Prepares two odd moduli of exactly `bits` bits, big-endian.
    ///
    /// # Errors
    /// [`Unavailable`] when this processor lacks the instructions, or the kernel has no room for the moduli.
    pub fn new(moduli: [&[u8]; 2], bits: usize) -> Result<Fma52Powers, Unavailable> {
        let cpu = Fma52::detect()?;
        let moduli = Vec::from(moduli.map(|n| Montgomery::new(&Portable, uint(n, bits), bits)));
        if !Fma52Pair::takes(&moduli) {
            return Err(Unavailable(format!("fma52 has no room for {bits} bits")));
        }
        Ok(Fma52Powers { pair: Fma52Pair::new(*cpu, moduli), bits })
    }

    /// `bases[i]^exponents[i]` modulo modulus i, for bases below their moduli; all big-endian. The time depends on how many bytes the
    /// exponents have.
    pub fn pow(&self, bases: [&[u8]; 2], exponents: [&[u8]; 2]) -> [SecretBytes; 2] {
        let bases = bases.map(|base| uint(base, self.bits));
        let exponents = exponents.map(|exponent| uint(exponent, 8 * exponent.len()));
        let powers = self.pair.pow(&bases, &exponents);
        [0, 1].map(|i| powers[i].to_be_bytes(self.bits.div_ceil(8)))
    }
}

fn uint(bytes: &[u8], bits: usize) -> Uint {
    Uint::from_be_bytes(bytes, bits.div_ceil(LIMB_BITS))
}
