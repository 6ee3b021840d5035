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
