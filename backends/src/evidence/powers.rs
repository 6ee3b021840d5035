//! The kernels that compute powers side by side, without what surrounds them, blinding above all: so that their digits can be chosen, and
//! watched.

use crate::arch::x86_64::{Fma52, Fma52Pair, Ifma, IfmaPublicModulus, prepare_ifma};
use crate::rsa::{LIMB_BITS, Montgomery, Portable, Powers, PublicModulus, Uint};
use sealwire_traits::{SecretBytes, Unavailable};

/// One of these kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernel {
    /// Of the engine `num-bigint/fma52`.
    Fma52,
    /// Of the engine `num-bigint/ifma`.
    Ifma,
}

impl Kernel {
    /// All, by name.
    pub const ALL: [(&'static str, Kernel); 2] = [("fma52", Kernel::Fma52), ("ifma", Kernel::Ifma)];
}

/// Powers modulo one number or two.
pub struct KernelPowers {
    powers: Box<dyn Powers>,
    bits: usize,
}

impl KernelPowers {
    /// Prepares odd moduli of exactly `bits` bits, big-endian.
    ///
    /// # Errors
    /// [`Unavailable`] when this processor lacks the instructions, or the kernel has no room for the moduli.
    pub fn new(kernel: Kernel, moduli: &[&[u8]], bits: usize) -> Result<KernelPowers, Unavailable> {
        let moduli: Vec<_> = moduli.iter().map(|n| Montgomery::new(&Portable, uint(n, bits), bits)).collect();
        let count = moduli.len();
        let powers = match kernel {
            Kernel::Fma52 => {
                let cpu = Fma52::detect()?;
                Fma52Pair::takes(&moduli).then(|| Box::new(Fma52Pair::new(*cpu, moduli)) as Box<dyn Powers>)
            }
            Kernel::Ifma => prepare_ifma(*Ifma::detect()?, moduli).ok(),
        };
        let powers = powers.ok_or_else(|| Unavailable(format!("{kernel:?} has no room for {count} of {bits} bits")))?;
        Ok(KernelPowers { powers, bits })
    }

    /// `bases[i]^exponents[i]` modulo modulus i, for bases below their moduli; all big-endian. The time depends on how many bytes the
    /// exponents have.
    pub fn pow(&self, bases: &[&[u8]], exponents: &[&[u8]]) -> Vec<SecretBytes> {
        let bases: Vec<_> = bases.iter().map(|base| uint(base, self.bits)).collect();
        let exponents: Vec<_> = exponents.iter().map(|exponent| uint(exponent, 8 * exponent.len())).collect();
        let powers = self.powers.pow(&bases, &exponents);
        powers.iter().map(|power| power.to_be_bytes(self.bits.div_ceil(8))).collect()
    }
}

/// `a b`, `b^2` and `a^65537` modulo the modulus of a key as `num-bigint/ifma` has it, here of exactly `bits` bits; all big-endian.
///
/// # Errors
/// As [`KernelPowers::new`].
pub fn ifma_public(n: &[u8], bits: usize, a: &[u8], b: &[u8]) -> Result<[SecretBytes; 3], Unavailable> {
    let n = Montgomery::new(&Portable, uint(n, bits), bits);
    let n = IfmaPublicModulus::new(*Ifma::detect()?, &n)
        .ok_or_else(|| Unavailable(format!("no room for a key of {bits} bits")))?;
    let [a, b] = [a, b].map(|x| uint(x, bits));
    let factor = n.enter(&b);
    let square = n.mul_entered(&Uint::small(1, b.width()), &n.square_entered(&factor));
    Ok([n.mul_entered(&a, &factor), square, n.pow_e(&a)].map(|x| x.to_be_bytes(bits.div_ceil(8))))
}

fn uint(bytes: &[u8], bits: usize) -> Uint {
    Uint::from_be_bytes(bytes, bits.div_ceil(LIMB_BITS))
}
