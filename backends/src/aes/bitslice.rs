//! Bitslicing: sixteen AES states as words that hold one bit of many bytes, and back.
//!
//! A state of FIPS 197 has 4 rows and 4 columns of bytes. Here `planes[i][r]` holds bit `i` of every byte in row `r`;
//! within that word, bit `16 c + b` belongs to column `c` of block `b`. So every step of a round works on whole words:
//! SubBytes is a circuit from plane to plane that is the same for all rows (the compiler vectorises over them),
//! ShiftRows rotates a word, MixColumns adds rows.

use sealwire_traits::Block;

/// Blocks computed side by side.
pub(super) const LANES: usize = 16;
/// Rows of a state.
pub(super) const ROWS: usize = 4;
/// Bits of a byte.
pub(super) const BITS: usize = 8;

/// Sixteen states, bitsliced.
pub(super) type Planes = [[u64; ROWS]; BITS];

/// Bitslices sixteen blocks.
#[inline(always)]
pub(super) fn pack(blocks: &[Block; LANES], planes: &mut Planes) {
    let (low, high) = blocks.split_at(BITS);
    for ((words, a), b) in planes.iter_mut().zip(low).zip(high) {
        let ([a02, a13], [b02, b13]) = (column_pairs(a), column_pairs(b));
        *words = [a02, b02, a13, b13];
    }
    transpose(planes);
}

/// The inverse of [`pack`]; leaves other words in `planes`.
#[inline(always)]
pub(super) fn unpack(planes: &mut Planes, blocks: &mut [Block; LANES]) {
    transpose(planes);
    let (low, high) = blocks.split_at_mut(BITS);
    for ((&[a02, b02, a13, b13], a), b) in planes.iter().zip(low).zip(high) {
        (*a, *b) = (from_column_pairs([a02, a13]), from_column_pairs([b02, b13]));
    }
}

/// A block as two words: columns 0 and 2, columns 1 and 3. Row r of a column is byte r of its half.
fn column_pairs(block: &Block) -> [u64; 2] {
    let block = u128::from_le_bytes(*block);
    let column = |c: u32| u64::from((block >> (32 * c)) as u32);
    [column(0) | column(2) << 32, column(1) | column(3) << 32]
}

/// The inverse of [`column_pairs`].
fn from_column_pairs([even, odd]: [u64; 2]) -> Block {
    let low = (even & 0xffff_ffff) | odd << 32;
    let high = even >> 32 | (odd & !0xffff_ffff);
    (u128::from(low) | u128::from(high) << 64).to_le_bytes()
}

/// Swaps coordinates. With `h` the high half of the blocks and `i` the block within it, the 32 words come in the order
/// (i, c0, h) and their bits in the order (c1, row, bit); they leave in the order (bit, row) and (c1, c0, h, i). Its
/// own inverse.
#[inline(always)]
fn transpose(planes: &mut Planes) {
    exchange::<1, 8>(planes);
    exchange::<2, 16>(planes);
    exchange::<4, 1>(planes);
    exchange::<8, 2>(planes);
    exchange::<16, 4>(planes);
}

/// Swaps the bit of weight `DISTANCE` in the number of a word with the bit of weight `SHIFT` in the number of a bit in
/// it.
#[inline(always)]
fn exchange<const DISTANCE: usize, const SHIFT: u32>(planes: &mut Planes) {
    // As many ones as `SHIFT`, as many zeros, and so on.
    let mask = u64::MAX / ((1 << SHIFT) + 1);
    let words = planes.as_flattened_mut();
    for pairs in words.chunks_exact_mut(2 * DISTANCE) {
        let (left, right) = pairs.split_at_mut(DISTANCE);
        for (a, b) in left.iter_mut().zip(right) {
            let difference = (*a >> SHIFT ^ *b) & mask;
            *b ^= difference;
            *a ^= difference << SHIFT;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_byte_different() -> [Block; LANES] {
        std::array::from_fn(|b| std::array::from_fn(|i| (16 * b + i) as u8))
    }

    #[test]
    fn planes_are_laid_out_as_documented() {
        let blocks = every_byte_different();
        let mut planes = Planes::default();
        pack(&blocks, &mut planes);
        for (b, block) in blocks.iter().enumerate() {
            for (at, byte) in block.iter().enumerate() {
                let (c, r) = (at / ROWS, at % ROWS);
                for (i, plane) in planes.iter().enumerate() {
                    assert_eq!(plane[r] >> (16 * c + b) & 1, u64::from(byte >> i & 1), "block {b} byte {at} bit {i}");
                }
            }
        }
    }

    #[test]
    fn unpack_is_the_inverse_of_pack() {
        let (mut planes, mut blocks) = (Planes::default(), [Block::default(); LANES]);
        pack(&every_byte_different(), &mut planes);
        unpack(&mut planes, &mut blocks);
        assert_eq!(blocks, every_byte_different());
    }
}
