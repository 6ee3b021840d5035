//! Powers modulo one number, or modulo two, side by side or in turns, with the multipliers for 52 bits of AVX-512 IFMA, eight lanes at a time.
//!
//! | file | what it is |
//! |---|---|
//! | `digits` | numbers as digits of 52 bits in lanes |
//! | `modulus` | the moduli, prepared |
//! | `public` | the power e |
//! | `turns` | two powers in turns |
//! | `kernel` | the assembly as functions: all the `unsafe` |
//! | `macros.s` | registers by number, a product, a quotient |
//! | `entry.s` | the operations, the windows of an exponentiation, the table |
//! | `rows.s` | products and squares with Montgomery's reduction |
//! | `carry.s` | the carries of a result |
//! | `turns.s` | two exponentiations in turns |
//! | `shapes.s` | the functions for each size |
//!
//! # Numbers
//! A number has digits of 52 bits, without sign, on V vectors (`v` in the assembly). Of w numbers side by side, one or two, each has 8 / w lanes
//! of every vector, one from every w: with lane l of its own, digit k + l V is in vector k. A vector times one digit in all lanes is 8 / w
//! products of a row, and digits of two numbers are neighbours, so that one load spreads them over the lanes. What a 64-bit lane has above 52
//! bits means nothing: VPMADD52LUQ and VPMADD52HUQ do not look at it. They add the lower or upper 52 bits of a product to 64 bits: with 80 digits
//! at most, a column gets 160 halves of products and 160 of the reduction, less than 2^61.
//!
//! # Rows
//! Columns are kept in a window of V + 1 registers, in which column c + k + l V is in lane l of register k: for the row of digit c it begins at
//! column c. (There are two such windows, one for products and one for the reduction, for an addition takes four cycles and the next one to the
//! same register has to wait.) When column c is complete the window moves up by a register. The other lanes of the first one belong to columns
//! V further up, and move down by a lane into the last one: the only time that something changes its lane. A square takes each two vectors together
//! once, in the row of the one or of the other, doubles what comes of them, and adds the product of a vector with itself once. Rows of a square are
//! even so, as those of a product are: where few products follow each other, they wait for their sums.
//!
//! # Reduction
//! Montgomery's, by a digit at a time, without a multiplication for the quotient (in all rows but the last): with k = -1 / n modulo 2^52,
//! k n + 1 is 2^52 f. To a number t = t0 + 2^52 t1 with t0 below 2^52, t0 k n is added, which makes it 2^52 (t1 + t0 f): the quotient is t0
//! itself. What is added is larger than n, though: up to 2^52 k n. The last row therefore takes the true quotient t0 k mod 2^52, and adds n.
//!
//! Let R = 2^(52 D) for D digits, n at most R / 16, a and b at most 3 n, t = a b. The first D - 1 rows divide t by R / 2^52 and add less than
//! k n; the last divides by 2^52 and adds less than n. As k is below 2^52, the result is below 9 n^2 / R + 2 n, which is at most 3 n again;
//! and 3 n is below R / 2, so that D digits suffice. One factor may be any number below R / 2 if the other is below n. A product with 1 is at
//! most 2 n, so that two subtractions make it a residue.
//!
//! # Carries
//! At the end the columns are wider than digits. Carries run through the vectors, in all lanes at once, and what comes out of a lane is added
//! to the lowest digit of the next one. That may overflow once more, by one, and run through any number of lanes whose digits are all ones: into
//! which is computed as the carries of one short sum of bits, a bit for each lane. Then carries run through the vectors once more.
//!
//! # Turns
//! The end of a product or a square, its last quotient and the carries, is a chain of steps that wait for each other, for which the multipliers stand
//! idle. Numbers of up to 28 digits share the lanes and have no other way: of these two take fewer vectors than each by itself. Two larger ones have
//! all lanes each, and take turns, operation by operation: the end of the one's is woven into the first rows of the other's.
//!
//! The choice of the next factor from the table is woven into the rows of squares as well, where the registers suffice. It costs little there: in
//! turns windows have six bits and the table 64 numbers, which makes products rarer.
//!
//! # Constant time
//! Branches and addresses depend on the layout, the bits of the moduli and the width of the exponents. Each entry of the table is read at each
//! window. No load or store has a mask. The instructions take the same time for all operands (VPMADD52LUQ and VPMADD52HUQ are on Intel's list of
//! instructions with data operand independent timing).

mod digits;
mod kernel;
mod modulus;
mod public;
mod turns;

#[cfg(test)]
mod tests;

pub(crate) use public::IfmaPublicModulus;

use super::cpu;
use super::windows::{WINDOW, windows};
use crate::cpu_limit::Level;
use crate::rsa::{Montgomery, Powers, Uint, windows_in_slice};
use digits::{DIGIT_BITS, Digits, Layout};
use kernel::Workspace;
use modulus::Modulus;
use sealwire_traits::{Slices, Unavailable, pause};
use turns::Turns;

/// Bits that numbers have beyond the moduli.
const SPARE_BITS: usize = 4;

/// The most bits of moduli when there are so many.
const fn max_bits(numbers: usize) -> usize {
    Layout::most_digits(numbers) * DIGIT_BITS - SPARE_BITS
}

/// AVX-512 F, DQ, VL and IFMA.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ifma(());

impl Ifma {
    /// The token.
    ///
    /// # Errors
    /// [`Unavailable`] names what this processor lacks (or the system, which has to save its registers), or the variable that forbids it.
    pub(crate) fn detect() -> Result<&'static Ifma, Unavailable> {
        cpu::allowed(Level::Avx512)?;
        let found = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512ifma");
        if found { Ok(&Ifma(())) } else { Err(cpu::missing("AVX-512 IFMA")) }
    }
}

/// Prepares one modulus, or two of the same width, in constant time for given widths and bits.
///
/// # Errors
/// The moduli again, when the kernel has no room for them.
pub(crate) fn prepare(cpu: Ifma, moduli: Vec<Montgomery>) -> Result<Box<dyn Powers>, Vec<Montgomery>> {
    if Turns::takes(&moduli) {
        Ok(Box::new(Turns::new(cpu, moduli)))
    } else if Lanes::takes(&moduli) {
        Ok(Box::new(Lanes::new(cpu, moduli)))
    } else {
        Err(moduli)
    }
}

/// One modulus, or two of the same width that share the lanes, prepared. Wiped on drop.
struct Lanes {
    moduli: Vec<Montgomery>,
    modulus: Box<Modulus>,
}

impl Lanes {
    /// Whether some moduli can share the lanes: there are two or one, of the same width, with no more than [`max_bits`].
    fn takes(moduli: &[Montgomery]) -> bool {
        let alike = |n: &Montgomery| n.width() == moduli[0].width() && n.bits() <= max_bits(moduli.len());
        (1..=2).contains(&moduli.len()) && moduli.iter().all(alike)
    }

    /// Prepares two moduli, or one, in constant time for given widths and bits.
    ///
    /// # Panics
    /// When [`Lanes::takes`] denies them.
    fn new(cpu: Ifma, moduli: Vec<Montgomery>) -> Lanes {
        assert!(Lanes::takes(&moduli));
        let bits = moduli.iter().map(Montgomery::bits);
        let (least, most) = bits.fold((usize::MAX, 0), |(least, most), bits| (least.min(bits), most.max(bits)));
        let layout = Layout::new(moduli.len(), (most + SPARE_BITS).div_ceil(DIGIT_BITS));
        let numbers: Vec<&Uint> = moduli.iter().map(Montgomery::modulus).collect();
        let modulus = Modulus::new(cpu, &numbers, least, layout);
        Lanes { moduli, modulus }
    }

    /// The powers, by fixed windows (HAC, algorithm 14.82). The exponents may have different widths.
    async fn pow_in_slices(&self, bases: &[Uint], exponents: &[Uint]) -> Vec<Uint> {
        let mut workspace = Box::new(Workspace::ZERO);
        begin_table(&mut workspace, &bases.iter().collect::<Vec<_>>(), &self.modulus);
        fill_table(&mut workspace, 1 << WINDOW, &self.modulus);
        let exponents: Vec<&Uint> = exponents.iter().collect();
        let windows = windows(&exponents, WINDOW, |number| number);
        kernel::begin(&mut workspace, &windows[0], &self.modulus);
        for slice in windows[1..].chunks(windows_in_slice(self.moduli[0].width())) {
            kernel::go_on(&mut workspace, slice, &self.modulus);
            pause().await;
        }
        residues(&mut workspace, &self.moduli, &self.modulus)
    }
}

impl Powers for Lanes {
    fn moduli(&self) -> Vec<&Montgomery> {
        self.moduli.iter().collect()
    }

    fn raising<'a>(&'a self, bases: &'a [Uint], exponents: &'a [Uint]) -> Slices<'a, Vec<Uint>> {
        Slices::new(self.pow_in_slices(bases, exponents))
    }
}

/// The powers 0 and 1 of the bases into the table.
fn begin_table(workspace: &mut Workspace, bases: &[&Uint], modulus: &Modulus) {
    let Workspace { factor, table, .. } = workspace;
    factor.load(bases, modulus.layout());
    kernel::multiply(factor, &modulus.r2, modulus);
    table.put(0, &modulus.one, modulus.layout());
    table.put(1, factor, modulus.layout());
}

/// The other powers into the table, as many as there are to be: the even ones are squares.
fn fill_table(workspace: &mut Workspace, count: usize, modulus: &Modulus) {
    let Workspace { power, factor, table } = workspace;
    let layout = modulus.layout();
    table.take(1, factor, layout);
    for i in 2..count {
        if i % 2 == 0 {
            table.take(i / 2, power, layout);
            kernel::square(power, modulus);
        } else {
            // `power` is the one before.
            kernel::multiply(power, factor, modulus);
        }
        table.put(i, power, layout);
    }
}

/// The numbers of `power`, out of Montgomery form.
fn residues(workspace: &mut Workspace, moduli: &[Montgomery], modulus: &Modulus) -> Vec<Uint> {
    let Workspace { power, factor, .. } = workspace;
    let one = Uint::small(1, 1);
    factor.load(&vec![&one; moduli.len()], modulus.layout());
    kernel::multiply(power, factor, modulus);
    let moduli = moduli.iter().map(Montgomery::modulus).enumerate();
    moduli.map(|(i, n)| residue(power, i, n, modulus.layout())).collect()
}

/// Number i, less than three times its modulus, below it.
fn residue(digits: &Digits, i: usize, n: &Uint, layout: Layout) -> Uint {
    let wide = n.resized(n.width() + 1);
    let mut residue = digits.number(i, layout, wide.width());
    residue.reduce_once(&wide);
    residue.reduce_once(&wide);
    residue.resized(n.width())
}
