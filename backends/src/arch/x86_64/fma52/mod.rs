//! Powers modulo two numbers side by side, with the multipliers of the floating-point unit: four lanes, two for each modulus.
//!
//! | file | what it is |
//! |---|---|
//! | `digits` | numbers as digits of 52 bits in doubles |
//! | `modulus` | two moduli, prepared |
//! | `kernel` | the assembly as functions: all the `unsafe` |
//! | `macros.s` | a product, a quotient |
//! | `entry.s` | registers, the windows of an exponentiation, the table |
//! | `products.s` | products and squares |
//! | `reduce.s` | Montgomery's reduction, and the carries |
//!
//! # Numbers
//! A number has 2 H digits d of 52 bits, with sign: whole numbers from -2^51 to 2^51, in doubles. Vector k holds digits k and k + H of the
//! first number, then those of the second: a vector times one digit in all lanes is four products of a row, and no lane ever moves.
//!
//! # Products
//! (The idea is that of Emmart, Zheng and Weems, "Faster modular exponentiation using double precision floating point arithmetic on the
//! GPU", ARITH 2018.) With rounding toward zero, h = fma(a, b, 1.5 * 2^104) is between 2^104 and 2^105, where the last place of a double is
//! 2^52: h is the sum, rounded down to a multiple of 2^52, as long as |a b| <= 2^103. (2^105 itself is reached and still exact.) Then
//! (1.5 * 2^104 + 2^52) - h is exact, and so is l = fma(a, b, that) = 2^52 + the 52 bits that were cut off. In both cases the bits of the
//! double, as an integer, are those of the constant plus the part of the product that is wanted, so they are added up as 64-bit integers,
//! and the constants are taken away at once: a column begins at minus their sum (`bias`). The digits have a sign so that twice a digit times
//! a digit is still within 2^103: that is what makes squaring a matter of rows up to the diagonal. A digit of a quotient is below 2^52 and
//! meets digits of n: within 2^103 as well. No number is denormal, infinite or NaN: all are whole numbers below 2^106. The rounding mode of
//! before is restored.
//!
//! # Columns
//! At most 80 digits of each kind add to a column (40 rows of products, 40 of the reduction), a low part below 2^52, and a high part between
//! -2^51 and 2^51 beside it: between -2^58 and 2^60. With an offset of 2^60 a column is never below zero and below 2^62, so that a logical
//! shift gives what it carries: less than 2^10. The carry of the offset, 2^8, is missing from the next column's offset, so that all of them
//! come to nothing. The columns of the result have 2^51 more: what is left of them after the carries are digits without sign, and 2^51 is
//! taken from each as it becomes a double. After the first carries a column is below 2^52 + 2^10, after the second at most 2^52: digits from
//! -2^51 to 2^51, and never a third time.
//!
//! # Reduction
//! Montgomery's, by two digits at a time, without a multiplication for the quotient (in all steps but the last): with k = -1 / n modulo
//! 2^104, k n + 1 is 2^104 f. To a number t = t0 + 2^104 t1 with t0 below 2^104, t0 k n is added, which makes it 2^104 (t1 + t0 f): the
//! quotient is t0 itself. What is added is larger than n, though: up to 2^104 k n. The last step therefore takes the true quotient
//! t0 k mod 2^104, and adds n.
//!
//! Let R = 2^(104 H), n at most R / 16, a and b at most 3 n and not negative, t = a b. The first H - 1 steps divide t by R / 2^104 and add
//! less than (k n) (1 + 2^-103); the last divides by 2^104 and adds less than n. As k is below 2^104, the result is below
//! 9 n^2 / R + n (1 + 2^-103) + n, which is at most 3 n again; and 3 n is below R / 2, so that its digits suffice. One factor may be any number below
//! R / 2 if the other is below n. A product with 1 is at most 2 n, so that two subtractions make it a residue.
//!
//! # Constant time
//! Branches and addresses depend on H, the bits of the moduli and the width of the exponents. Each entry of the table is read at each window.
//! On operands as here FMA, addition and conversion take the same time whatever the values (no denormals).

mod digits;
mod kernel;
mod modulus;

#[cfg(test)]
mod tests;

use super::cpu;
use super::windows::{WINDOW, windows};
use crate::cpu_limit::Level;
use crate::rsa::{Montgomery, Powers, Uint, windows_in_slice};
use digits::{Digits, MAX_HALF, MIN_HALF, VECTOR_BITS};
use kernel::Workspace;
use modulus::Modulus;
use sealwire_traits::{Slices, Unavailable, pause};

/// Bits that numbers have beyond the moduli.
const SPARE_BITS: usize = 4;

/// The most bits of a modulus.
pub(crate) const MAX_BITS: usize = MAX_HALF * VECTOR_BITS - SPARE_BITS;

/// AVX2 and FMA.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fma52(());

impl Fma52 {
    /// The token.
    ///
    /// # Errors
    /// [`Unavailable`] names what this processor lacks (or the system, which has to save its registers), or the variable that forbids it.
    pub(crate) fn detect() -> Result<&'static Fma52, Unavailable> {
        // With the other vectors of 256 bits.
        cpu::allowed(Level::Vaes)?;
        let found = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        if found { Ok(&Fma52(())) } else { Err(cpu::missing("AVX2 and FMA")) }
    }
}

/// Two moduli of the same width, or one that takes the place of both, prepared. Wiped on drop.
pub(crate) struct Pair {
    moduli: Vec<Montgomery>,
    modulus: Box<Modulus>,
}

impl Pair {
    /// Whether some moduli can be a pair: there are two or one, of the same width, with no more than [`MAX_BITS`].
    pub(crate) fn takes(moduli: &[Montgomery]) -> bool {
        let alike = |n: &Montgomery| n.width() == moduli[0].width() && n.bits() <= MAX_BITS;
        (1..=2).contains(&moduli.len()) && moduli.iter().all(alike)
    }

    /// Prepares two moduli, or one, in constant time for given widths and bits. One takes as long as two.
    ///
    /// # Panics
    /// When [`Pair::takes`] denies them.
    pub(crate) fn new(cpu: Fma52, moduli: Vec<Montgomery>) -> Pair {
        assert!(Pair::takes(&moduli));
        let both = both(&moduli);
        let [first, second] = both.map(Montgomery::bits);
        let half = (first.max(second) + SPARE_BITS).div_ceil(VECTOR_BITS).max(MIN_HALF);
        let modulus = Modulus::new(cpu, both.map(Montgomery::modulus), first.min(second), half);
        Pair { moduli, modulus }
    }

    /// The powers from 0 on of the bases: the even ones are squares.
    fn fill_table(&self, bases: [&Uint; 2], workspace: &mut Workspace) {
        let Workspace { table, columns, .. } = workspace;
        table[0].copy(&self.modulus.one);
        table[1].load(bases, self.modulus.half());
        kernel::multiply(&mut table[1], &self.modulus.r2, &self.modulus, columns);
        for i in 2..table.len() {
            let (done, rest) = table.split_at_mut(i);
            if i % 2 == 0 {
                rest[0].copy(&done[i / 2]);
                kernel::square(&mut rest[0], &self.modulus, columns);
            } else {
                rest[0].copy(&done[i - 1]);
                kernel::multiply(&mut rest[0], &done[1], &self.modulus, columns);
            }
        }
    }

    /// Number i, at most twice its modulus, below it.
    fn residue(&self, digits: &Digits, i: usize) -> Uint {
        let width = self.moduli[i].width();
        let modulus = self.moduli[i].modulus().resized(width + 1);
        let mut residue = digits.number(i, self.modulus.half(), width + 1);
        residue.reduce_once(&modulus);
        residue.reduce_once(&modulus);
        residue.resized(width)
    }

    /// The powers, by fixed windows (HAC, algorithm 14.82). The exponents may have different widths.
    async fn pow_in_slices(&self, bases: &[Uint], exponents: &[Uint]) -> Vec<Uint> {
        let mut workspace = Workspace::new();
        self.fill_table(both(bases), &mut workspace);
        let windows = windows(&both(exponents), WINDOW, |lane| lane / 2);
        kernel::begin(&mut workspace, &windows[0], &self.modulus);
        for slice in windows[1..].chunks(windows_in_slice(self.moduli[0].width())) {
            kernel::go_on(&mut workspace, slice, &self.modulus);
            pause().await;
        }
        let Workspace { power, factor, columns, .. } = &mut *workspace;
        let one = Uint::small(1, 1);
        factor.load([&one, &one], self.modulus.half());
        kernel::multiply(power, factor, &self.modulus, columns);
        (0..self.moduli.len()).map(|i| self.residue(power, i)).collect()
    }
}

impl Powers for Pair {
    fn moduli(&self) -> Vec<&Montgomery> {
        self.moduli.iter().collect()
    }

    fn raising<'a>(&'a self, bases: &'a [Uint], exponents: &'a [Uint]) -> Slices<'a, Vec<Uint>> {
        Slices::new(self.pow_in_slices(bases, exponents))
    }
}

/// The two of a slice, or the one of it twice.
fn both<T>(of: &[T]) -> [&T; 2] {
    [&of[0], &of[of.len() - 1]]
}
