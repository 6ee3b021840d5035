//! Carry chains over slices of limbs, least significant first. Running time depends on the lengths alone.

use subtle::Choice;

/// All ones for the bit 1, 0 for the bit 0. `Choice` hides from the compiler that there are only these two, so that it
/// makes no branch of what is done with the mask.
pub(crate) fn mask(bit: u64) -> u64 {
    u64::from(Choice::from(bit as u8).unwrap_u8()).wrapping_neg()
}

/// `a += b`; returns the carry, 0 or 1. The slices have the same length.
pub(super) fn add_assign(a: &mut [u64], b: &[u64]) -> u64 {
    let mut carry = 0;
    for (a, &b) in a.iter_mut().zip(b) {
        let sum = u128::from(*a) + u128::from(b) + carry;
        *a = sum as u64;
        carry = sum >> 64;
    }
    carry as u64
}

/// `a -= b`; returns the borrow, 0 or 1. The slices have the same length.
pub(super) fn sub_assign(a: &mut [u64], b: &[u64]) -> u64 {
    let mut borrow = 0;
    for (a, &b) in a.iter_mut().zip(b) {
        let difference = u128::from(*a).wrapping_sub(u128::from(b)).wrapping_sub(borrow);
        *a = difference as u64;
        borrow = (difference >> 64) & 1;
    }
    borrow as u64
}

/// `a += b` if `bit` is 1, nothing if it is 0; a carry is dropped.
pub(super) fn add_if(a: &mut [u64], b: &[u64], bit: u64) {
    let mask = mask(bit);
    let mut carry = 0;
    for (a, &b) in a.iter_mut().zip(b) {
        let sum = u128::from(*a) + u128::from(b & mask) + carry;
        *a = sum as u64;
        carry = sum >> 64;
    }
}

/// `a = 2 a + low`, where `low` is 0 or 1; returns the bit that falls out.
pub(super) fn double(a: &mut [u64], low: u64) -> u64 {
    let mut carry = low;
    for a in a {
        let out = *a >> 63;
        *a = *a << 1 | carry;
        carry = out;
    }
    carry
}

/// `acc += a * b`; returns the limb that falls out. The slices have the same length.
pub(super) fn mul_add(acc: &mut [u64], a: &[u64], b: u64) -> u64 {
    let mut carry = 0;
    for (acc, &a) in acc.iter_mut().zip(a) {
        (*acc, carry) = a.carrying_mul_add(b, *acc, carry);
    }
    carry
}

/// `out = a * b` by the schoolbook. `out` has as many limbs as `a` and `b` together.
pub(super) fn mul(out: &mut [u64], a: &[u64], b: &[u64]) {
    out.fill(0);
    for (i, &b) in b.iter().enumerate() {
        out[i + a.len()] = mul_add(&mut out[i..i + a.len()], a, b);
    }
}

/// `out = a^2`: each product of two different limbs once, doubled, then the squares. `out` has twice as many limbs as
/// `a`.
pub(super) fn square(out: &mut [u64], a: &[u64]) {
    out.fill(0);
    for (i, &limb) in a.iter().enumerate() {
        out[i + a.len()] = mul_add(&mut out[2 * i + 1..i + a.len()], &a[i + 1..], limb);
    }
    double(out, 0);
    let mut carry = 0;
    for (pair, &limb) in out.chunks_exact_mut(2).zip(a) {
        let (low, high) = limb.carrying_mul_add(limb, pair[0], carry);
        let sum = u128::from(pair[1]) + u128::from(high);
        (pair[0], pair[1]) = (low, sum as u64);
        carry = (sum >> 64) as u64;
    }
}
