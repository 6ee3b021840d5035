//! Random integers, by rejection, so that every value is as likely as any other.

use super::Uint;
use sealwire_traits::{RandomError, SecretBytes, SecureRandom};
use subtle::ConstantTimeLess;

impl Uint {
    /// Uniform among the numbers of at most `bits` bits, in `width` limbs.
    ///
    /// # Errors
    /// [`RandomError`] when the generator fails.
    pub(crate) fn random_bits(bits: usize, width: usize, random: &dyn SecureRandom) -> Result<Uint, RandomError> {
        let mut bytes = SecretBytes::zeroed(bits.div_ceil(8));
        random.fill(bytes.expose_mut())?;
        let spare = bytes.expose().len() * 8 - bits;
        if let Some(top) = bytes.expose_mut().first_mut() {
            *top &= 0xff >> spare;
        }
        Ok(Uint::from_be_bytes(bytes.expose(), width))
    }

    /// Uniform in `1..bound`, for a `bound` above 1 of `bits` bits. Says nothing about the result by its running time:
    /// what is rejected is independent of what is kept.
    ///
    /// # Errors
    /// [`RandomError`] when the generator fails, or gives no number in that range in 128 tries, each of which succeeds
    /// with a probability of a half or more.
    pub(crate) fn random_below(bound: &Uint, bits: usize, random: &dyn SecureRandom) -> Result<Uint, RandomError> {
        for _ in 0..128 {
            let candidate = Uint::random_bits(bits, bound.width(), random)?;
            if bool::from(candidate.ct_lt(bound) & !candidate.is_zero()) {
                return Ok(candidate);
            }
        }
        Err(RandomError("no number in range in 128 tries".to_owned()))
    }
}
