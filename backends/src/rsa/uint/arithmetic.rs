//! The inner loops of modular arithmetic as a seam: products and Montgomery's reduction on limbs, which a processor's
//! own instructions can do better than portable code.
//!
//! Both are made of blocks. A block is a few limbs of one factor times all limbs of the other one, a row of products
//! for each; the sum of the rows stays in registers, moves up a limb with each row, and meets memory at its lowest limb
//! only. The methods with a body put blocks together; the others are what portable code and assembly do differently.

use std::array;
use std::fmt::Debug;
use std::hint::black_box;
use zeroize::Zeroizing;

/// Arithmetic on limbs, least significant first. Running time and addresses depend on the lengths alone. All carries
/// are 0 or 1.
///
/// # Panics
/// Every method, when lengths are not as it says.
pub(crate) trait Arithmetic: Debug + Send + Sync {
    /// `t = a b`. `t` has as many limbs as `a` and `b` together.
    fn mul(&self, t: &mut [u64], a: &[u64], b: &[u64]) {
        t.fill(0);
        for (i, block) in blocks(a, self.widest()) {
            self.mul_add(&mut t[i..i + block.len() + b.len()], block, b, 0);
        }
    }

    /// `t = a^2`: each product of two different limbs once, doubled, then the squares. `t` has twice as many limbs as
    /// `a`.
    fn square(&self, t: &mut [u64], a: &[u64]) {
        for (i, block) in blocks(a, self.widest()) {
            self.triangle(&mut t[2 * i..2 * (i + block.len())], block);
        }
        let mut carry = 0;
        for (i, block) in blocks(a, self.widest()) {
            let next = i + block.len();
            carry = self.mul_add(&mut t[i + next..next + a.len()], block, &a[next..], carry);
        }
        self.double_and_add_squares(t, a);
    }

    /// Montgomery's reduction, but for the last subtraction (HAC, algorithm 14.32, a block of quotients at a time): the
    /// upper half of `t` becomes a number that is t / R modulo m, where R = 2^(64 width of m), and less than m above the
    /// upper half that was. Returns the limb above it. The lower half is used up. `t` has twice as many limbs as `m`;
    /// `minus_inverse` is -1 / m mod 2^64.
    fn reduce(&self, t: &mut [u64], m: &[u64], minus_inverse: u64) -> u64 {
        let mut carry = 0;
        for (i, block) in blocks(m, self.widest()) {
            let width = block.len();
            carry = self.reduce_block(&mut t[i..i + m.len() + width], m, width, minus_inverse, carry);
        }
        carry
    }

    /// Limbs in a block.
    fn widest(&self) -> usize;

    /// `t += a b + carry 2^(64 len(b))`, for a block `a`; returns the limb that falls out. `t` has as many limbs as `a`
    /// and `b` together.
    fn mul_add(&self, t: &mut [u64], a: &[u64], b: &[u64], carry: u64) -> u64;

    /// Finds the `width` quotients q, a block, that make the lowest limbs of t + q m zero, and puts them there; adds to
    /// the rest of `t` what is left of q m, and `carry 2^(64 len(m))`. Returns the limb that falls out. `t` has `width`
    /// limbs more than `m`, and `m` at least `width`.
    fn reduce_block(&self, t: &mut [u64], m: &[u64], width: usize, minus_inverse: u64, carry: u64) -> u64;

    /// `t` = the sum of a_i a_j 2^(64 (i + j)) over i < j, for a block `a`. `t` has twice as many limbs as `a`.
    fn triangle(&self, t: &mut [u64], a: &[u64]);

    /// `t = 2 t +` the squares of the limbs of `a`, each in its place; the bit that falls out is dropped. `t` has twice
    /// as many limbs as `a`.
    fn double_and_add_squares(&self, t: &mut [u64], a: &[u64]);

    /// `difference = a - b`; returns the borrow. All have the same length.
    fn sub(&self, difference: &mut [u64], a: &[u64], b: &[u64]) -> u64;

    /// `out` = entry `index` of a table of [`ENTRIES`] numbers as wide as `out`. Reads the whole table, so that the
    /// cache learns nothing of the index.
    fn gather(&self, out: &mut [u64], table: &[u64], index: u64);
}

/// Pieces of at most `widest` limbs, each with the place where it begins.
fn blocks(a: &[u64], widest: usize) -> impl Iterator<Item = (usize, &[u64])> {
    a.chunks(widest).enumerate().map(move |(i, block)| (i * widest, block))
}

/// Numbers in a table of powers.
pub(crate) const ENTRIES: usize = 32;
/// Limbs that are gathered in one pass through the table: few enough to stay in vector registers.
const COLUMN: usize = 8;

/// [`Arithmetic::gather`], to be compiled for different instructions.
#[inline(always)]
pub(crate) fn gather(out: &mut [u64], table: &[u64], index: u64) {
    let width = out.len();
    // Hidden from the compiler, which might look for the one mask that is not zero.
    let index = black_box(index);
    // All ones where the index is met: 0 - 1 has its highest bit set, and what comes from 1 to 31 has not.
    let mask = |i: usize| 0u64.wrapping_sub((i as u64 ^ index).wrapping_sub(1) >> 63);
    let masks: Zeroizing<[u64; ENTRIES]> = Zeroizing::new(array::from_fn(mask));
    let mut columns = out.chunks_exact_mut(COLUMN);
    let mut at = 0;
    for column in &mut columns {
        gather_column::<COLUMN>(column, &table[at..], width, &masks);
        at += COLUMN;
    }
    for (i, limb) in columns.into_remainder().iter_mut().enumerate() {
        gather_column::<1>(array::from_mut(limb), &table[at + i..], width, &masks);
    }
}

#[inline(always)]
fn gather_column<const N: usize>(out: &mut [u64], table: &[u64], width: usize, masks: &[u64; ENTRIES]) {
    let mut sum = [0; N];
    for (entry, mask) in table.chunks(width).zip(masks) {
        for (sum, limb) in sum.iter_mut().zip(&entry[..N]) {
            *sum |= limb & mask;
        }
    }
    out.copy_from_slice(&sum);
}
