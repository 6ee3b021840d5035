//! Multiplication and Montgomery reduction with MULX, ADCX and ADOX: MULX leaves the flags alone, and the other two keep a carry each, so
//! that a row of products is added up in two carry chains at a time.
//!
//! | file | what it is |
//! |---|---|
//! | `rows` | the kernels in assembly |
//! | this one | the token, and the arithmetic that it stands for |
//!
//! Constant time: branches and addresses depend on widths alone; the instructions take the same time for all operands (MULX, ADCX and ADOX
//! are on Intel's list of instructions with data operand independent timing).

mod rows;

use super::cpu;
use crate::cpu_limit::Level;
use crate::rsa::Arithmetic;
use sealwire_traits::Unavailable;

/// BMI2 (MULX), ADX (ADCX and ADOX), and AVX2 for the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mulx(());

impl Mulx {
    /// The token.
    ///
    /// # Errors
    /// [`Unavailable`] names what this processor lacks, or the variable that forbids it.
    pub(crate) fn detect() -> Result<&'static Mulx, Unavailable> {
        // With vectors of 256 bits, but for the table alone: what computes are integers, and the processors that have AES-NI and no VAES
        // have these instructions too.
        cpu::allowed(Level::AesNi)?;
        let found =
            is_x86_feature_detected!("bmi2") && is_x86_feature_detected!("adx") && is_x86_feature_detected!("avx2");
        if found { Ok(&Mulx(())) } else { Err(cpu::missing("BMI2, ADX and AVX2")) }
    }
}

impl Arithmetic for Mulx {
    fn widest(&self) -> usize {
        rows::WIDEST
    }

    fn mul_add(&self, t: &mut [u64], a: &[u64], b: &[u64], carry: u64) -> u64 {
        rows::mul_add(*self, t, a, b, carry)
    }

    fn reduce_block(&self, t: &mut [u64], m: &[u64], width: usize, minus_inverse: u64, carry: u64) -> u64 {
        rows::reduce_block(*self, t, m, width, minus_inverse, carry)
    }

    fn triangle(&self, t: &mut [u64], a: &[u64]) {
        rows::triangle(*self, t, a);
    }

    fn double_and_add_squares(&self, t: &mut [u64], a: &[u64]) {
        rows::double_and_add_squares(*self, t, a);
    }

    fn sub(&self, difference: &mut [u64], a: &[u64], b: &[u64]) -> u64 {
        rows::sub(*self, difference, a, b)
    }

    fn gather(&self, out: &mut [u64], table: &[u64], index: u64) {
        rows::gather(*self, out, table, index);
    }
}
