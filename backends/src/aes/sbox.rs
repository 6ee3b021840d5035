//! The S-box of FIPS 197 section 5.1.1 as a circuit of bit operations: no table, so nothing for a cache to give away.
//!
//! The circuit is the one of Boyar and Peralta, "A new combinational logic minimization technique with applications to
//! cryptology" (SEA 2010): 32 AND, 83 XOR and XNOR gates. Names of wires follow the paper, which numbers bits from the
//! most significant one.

use std::ops::{BitAnd, BitXor, Not};

/// A machine word that carries one bit of many bytes side by side.
pub(super) trait Word: Copy + BitAnd<Output = Self> + BitXor<Output = Self> + Not<Output = Self> {}

impl<T: Copy + BitAnd<Output = T> + BitXor<Output = T> + Not<Output = T>> Word for T {}

/// One word for each bit of the bytes; bit 0 is the least significant.
pub(super) type Bits<W> = [W; 8];

/// SubBytes on every byte that the words hold.
#[inline(always)]
pub(super) fn sbox<W: Word>(bits: Bits<W>) -> Bits<W> {
    let shared = shared_sums(bits);
    output_sums(inverse(bits[0], shared))
}

/// InvSubBytes (FIPS 197 section 5.3.2). With S(x) = A(1/x), where A is affine, it is 1/A'(x) for A' the inverse of A,
/// and because 1/x = A'(S(x)) it is also A'(S(A'(x))): the circuit above serves both directions.
#[inline(always)]
pub(super) fn inv_sbox<W: Word>(bits: Bits<W>) -> Bits<W> {
    inv_affine(sbox(inv_affine(bits)))
}

/// The inverse of the affine transformation of FIPS 197 equation 5.2: bit i is b(i+2) + b(i+5) + b(i+7), plus bit
/// i of 0x05.
#[inline(always)]
fn inv_affine<W: Word>(b: Bits<W>) -> Bits<W> {
    std::array::from_fn(|i| {
        let sum = b[(i + 2) % 8] ^ b[(i + 5) % 8] ^ b[(i + 7) % 8];
        if i == 0 || i == 2 { !sum } else { sum }
    })
}

/// The first linear layer: y1 to y21 of the paper, the sums of input bits that the inversion needs.
#[inline(always)]
fn shared_sums<W: Word>([x7, x6, x5, x4, x3, x2, x1, x0]: Bits<W>) -> [W; 21] {
    let y14 = x3 ^ x5;
    let y13 = x0 ^ x6;
    let y9 = x0 ^ x3;
    let y8 = x0 ^ x5;
    let t0 = x1 ^ x2;
    let y1 = t0 ^ x7;
    let y4 = y1 ^ x3;
    let y12 = y13 ^ y14;
    let y2 = y1 ^ x0;
    let y5 = y1 ^ x6;
    let y3 = y5 ^ y8;
    let t1 = x4 ^ y12;
    let y15 = t1 ^ x5;
    let y20 = t1 ^ x1;
    let y6 = y15 ^ x7;
    let y10 = y15 ^ t0;
    let y11 = y20 ^ y9;
    let y7 = x7 ^ y11;
    let y17 = y10 ^ y11;
    let y19 = y10 ^ y8;
    let y16 = t0 ^ y11;
    let y21 = y13 ^ y16;
    let y18 = x0 ^ y16;
    [y1, y2, y3, y4, y5, y6, y7, y8, y9, y10, y11, y12, y13, y14, y15, y16, y17, y18, y19, y20, y21]
}

/// The non-linear layer: inversion in GF(2^8) seen as GF((2^4)^2), with the inversion in GF(2^4) in its middle. Gives
/// z0 to z17.
#[inline(always)]
fn inverse<W: Word>(x7: W, y: [W; 21]) -> [W; 18] {
    let [y1, y2, y3, y4, y5, y6, y7, y8, y9, y10, y11, y12, y13, y14, y15, y16, y17, y18, y19, y20, y21] = y;
    let t2 = y12 & y15;
    let t4 = (y3 & y6) ^ t2;
    let t6 = (y4 & x7) ^ t2;
    let t7 = y13 & y16;
    let t9 = (y5 & y1) ^ t7;
    let t11 = (y2 & y7) ^ t7;
    let t12 = y9 & y11;
    let t14 = (y14 & y17) ^ t12;
    let t16 = (y8 & y10) ^ t12;
    let t21 = t4 ^ t14 ^ y20;
    let t22 = t6 ^ t16 ^ y19;
    let t23 = t9 ^ t14 ^ y21;
    let t24 = t11 ^ t16 ^ y18;

    let t25 = t21 ^ t22;
    let t26 = t21 & t23;
    let t27 = t24 ^ t26;
    let t29 = (t25 & t27) ^ t22;
    let t33 = ((t22 ^ t26) & (t23 ^ t24)) ^ t24;
    let t36 = t24 & (t27 ^ t33);
    let t37 = t36 ^ t23 ^ t33;
    let t40 = (t29 & (t27 ^ t36)) ^ t25;

    let t41 = t40 ^ t37;
    let t42 = t29 ^ t33;
    let t43 = t29 ^ t40;
    let t44 = t33 ^ t37;
    let t45 = t42 ^ t41;
    let factors = [t44, t37, t33, t43, t40, t29, t42, t45, t41];
    let first = [y15, y6, x7, y16, y1, y7, y11, y17, y10];
    let second = [y12, y3, y4, y13, y5, y2, y9, y14, y8];
    std::array::from_fn(|i| if i < 9 { factors[i] & first[i] } else { factors[i - 9] & second[i - 9] })
}

/// The second linear layer: back to the usual basis, with the affine transformation and its constant 0x63 (the four
/// complements).
#[inline(always)]
fn output_sums<W: Word>(z: [W; 18]) -> Bits<W> {
    let t46 = z[15] ^ z[16];
    let t48 = z[5] ^ z[13];
    let t49 = z[9] ^ z[10];
    let t53 = z[0] ^ z[3];
    let t54 = z[6] ^ z[7];
    let t57 = z[2] ^ z[12] ^ t53;
    let t58 = z[4] ^ t46;
    let t59 = z[3] ^ t54;
    let t62 = z[7] ^ z[8] ^ t58;
    let t63 = t49 ^ t58;
    let t64 = z[4] ^ t59;
    let t65 = z[14] ^ t57 ^ t62;
    let t66 = z[1] ^ t63;
    let s0 = t59 ^ t63;
    let s3 = t53 ^ t66;
    let s1 = !(t64 ^ s3);
    let s2 = !(z[16] ^ z[17] ^ t64 ^ t65);
    let s4 = z[2] ^ z[5] ^ t66;
    let s5 = z[10] ^ z[11] ^ t65;
    let s6 = !(z[12] ^ t48 ^ t62);
    let s7 = !(t48 ^ t46 ^ t57);
    [s7, s6, s5, s4, s3, s2, s1, s0]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Multiplication in GF(2^8) by the book (FIPS 197 section 4.2).
    fn multiply(mut a: u8, b: u8) -> u8 {
        let mut product = 0;
        for i in 0..8 {
            if b >> i & 1 == 1 {
                product ^= a;
            }
            a = a << 1 ^ if a & 0x80 != 0 { 0x1b } else { 0 };
        }
        product
    }

    /// The S-box by its definition (FIPS 197 section 5.1.1): the inverse, by search, then the affine transformation.
    fn sbox_by_definition(x: u8) -> u8 {
        let inverse = (0..=255).find(|&y| multiply(x, y) == 1).unwrap_or(0);
        (0..5).fold(0x63, |sum, i| sum ^ inverse.rotate_left(i))
    }

    fn on_byte(circuit: fn(Bits<u8>) -> Bits<u8>, x: u8) -> u8 {
        let bits = circuit(std::array::from_fn(|i| x >> i & 1));
        bits.iter().rev().fold(0, |byte, bit| byte << 1 | bit & 1)
    }

    #[test]
    fn circuit_is_the_definition_for_every_byte() {
        assert_eq!(sbox_by_definition(0x53), 0xed, "the example of FIPS 197 section 5.1.1");
        for x in 0..=255 {
            assert_eq!(on_byte(sbox, x), sbox_by_definition(x), "S({x:#x})");
            assert_eq!(on_byte(inv_sbox, sbox_by_definition(x)), x, "InvS of S({x:#x})");
        }
    }
}
