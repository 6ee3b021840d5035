//! Arithmetic in Rust, for any processor that multiplies 64 by 64 bits.

use super::{Arithmetic, arithmetic, limbs};

/// Limbs in a block: with more of them, the registers of x86-64 no longer hold them all.
const WIDEST: usize = 4;

/// The portable kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

/// Calls a function that has the width of a block as its parameter.
macro_rules! of_width {
    ($width:expr, $function:ident($($argument:expr),*)) => {
        match $width {
            1 => $function::<1>($($argument),*),
            2 => $function::<2>($($argument),*),
            3 => $function::<3>($($argument),*),
            _ => $function::<WIDEST>($($argument),*),
        }
    };
}

impl Arithmetic for Portable {
    fn widest(&self) -> usize {
        WIDEST
    }

    fn mul_add(&self, t: &mut [u64], a: &[u64], b: &[u64], carry: u64) -> u64 {
        of_width!(a.len(), mul_add(t, a, b, carry))
    }

    fn reduce_block(&self, t: &mut [u64], m: &[u64], width: usize, minus_inverse: u64, carry: u64) -> u64 {
        of_width!(width, reduce_block(t, m, minus_inverse, carry))
    }

    fn triangle(&self, t: &mut [u64], a: &[u64]) {
        t.fill(0);
        for (i, &limb) in a.iter().enumerate() {
            t[i + a.len()] = limbs::mul_add(&mut t[2 * i + 1..i + a.len()], &a[i + 1..], limb);
        }
    }

    fn double_and_add_squares(&self, t: &mut [u64], a: &[u64]) {
        limbs::double(t, 0);
        let mut carry = 0;
        for (pair, &limb) in t.chunks_exact_mut(2).zip(a) {
            let (low, high) = limb.carrying_mul_add(limb, pair[0], carry);
            let sum = u128::from(pair[1]) + u128::from(high);
            (pair[0], pair[1]) = (low, sum as u64);
            carry = (sum >> 64) as u64;
        }
    }

    fn sub(&self, difference: &mut [u64], a: &[u64], b: &[u64]) -> u64 {
        difference.copy_from_slice(a);
        limbs::sub_assign(difference, b)
    }

    fn gather(&self, out: &mut [u64], table: &[u64], index: u64) {
        arithmetic::gather(out, table, index);
    }
}

fn mul_add<const W: usize>(t: &mut [u64], a: &[u64], b: &[u64], carry: u64) -> u64 {
    rows::<W>(t, [0; W], a, b, carry)
}

fn reduce_block<const W: usize>(t: &mut [u64], m: &[u64], minus_inverse: u64, carry: u64) -> u64 {
    let (mut window, mut quotients) = ([0; W], [0; W]);
    for (quotient, t) in quotients.iter_mut().zip(&mut *t) {
        *quotient = t.wrapping_add(window[0]).wrapping_mul(minus_inverse);
        row(&mut window, t, &m[..W], *quotient);
    }
    rows::<W>(&mut t[W..], window, &quotients, &m[W..], carry)
}

/// A row for each limb of `b`; then the window, and the carry, are added to the rest of `t`. Returns what falls out.
#[inline(always)]
fn rows<const W: usize>(t: &mut [u64], mut window: [u64; W], a: &[u64], b: &[u64], carry: u64) -> u64 {
    let (low, high) = t.split_at_mut(b.len());
    for (t, &b) in low.iter_mut().zip(b) {
        row(&mut window, t, a, b);
    }
    let mut carry = u128::from(carry);
    for (t, limb) in high.iter_mut().zip(window) {
        let sum = u128::from(*t) + u128::from(limb) + carry;
        *t = sum as u64;
        carry = sum >> 64;
    }
    carry as u64
}

/// Adds `a b` and `t` to the window. Its lowest limb goes to `t`, and the others move down.
#[inline(always)]
fn row<const W: usize>(window: &mut [u64; W], t: &mut u64, a: &[u64], b: u64) {
    let (low, mut carry) = a[0].carrying_mul_add(b, *t, window[0]);
    *t = low;
    for k in 1..W {
        (window[k - 1], carry) = a[k].carrying_mul_add(b, window[k], carry);
    }
    window[W - 1] = carry;
}
