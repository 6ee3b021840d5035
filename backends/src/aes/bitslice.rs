//! Bitslicing: AES states as words that hold one bit of many bytes, and back.
//!
//! A state of FIPS 197 has 4 rows and 4 columns of bytes. A word has, for sixteen blocks, one bit of every byte in one
//! row: its bit `16 c + b` belongs to column `c` of block `b`. Sixteen blocks are 32 words, and more blocks are more
//! words of each kind. So every step of a round works on whole words: SubBytes is a circuit from plane to plane,
//! ShiftRows rotates a word, MixColumns adds rows. Loops run over words of the same kind, which the compiler turns into
//! whatever vectors the processor has.

use sealwire_traits::Block;
use std::array::from_fn;

/// Blocks that share a word.
pub(super) const LANES: usize = 16;
/// Rows of a state.
pub(super) const ROWS: usize = 4;
/// Bits of a byte.
pub(super) const BITS: usize = 8;

/// Bitsliced states of `4 N` blocks, where N is a multiple of [`ROWS`]. With n = N / 4, word `r n + k` of plane `i` has
/// bit `i` of row `r` of the blocks from `16 k` on.
pub(super) type Planes<const N: usize> = [[u64; N]; BITS];

/// Sixteen states out of them: plane by plane, the four rows.
pub(super) type Slice = Planes<ROWS>;

/// Bitslices up to `4 N` blocks. The places of blocks that are missing keep what they had.
#[inline(always)]
pub(super) fn pack<const N: usize>(blocks: &[Block], planes: &mut Planes<N>) {
    for (b, block) in blocks.iter().enumerate() {
        let (plane, [even, odd]) = (b % BITS, places::<N>(b));
        [planes[plane][even], planes[plane][odd]] = column_pairs(block);
    }
    transpose(planes);
}

/// The inverse of [`pack`]; leaves other words in `planes`.
#[inline(always)]
pub(super) fn unpack<const N: usize>(planes: &mut Planes<N>, blocks: &mut [Block]) {
    transpose(planes);
    for (b, block) in blocks.iter_mut().enumerate() {
        let (plane, [even, odd]) = (b % BITS, places::<N>(b));
        *block = from_column_pairs([planes[plane][even], planes[plane][odd]]);
    }
}

/// Where the two words of block `b` are within a plane before [`transpose`].
#[inline(always)]
fn places<const N: usize>(b: usize) -> [usize; 2] {
    let n = N / ROWS;
    let even = b / BITS % 2 * n + b / LANES;
    [even, even + 2 * n]
}

/// A block as two words: columns 0 and 2, columns 1 and 3. Row r of a column is byte r of its half.
#[inline(always)]
fn column_pairs(block: &Block) -> [u64; 2] {
    let block = u128::from_le_bytes(*block);
    let column = |c: u32| u64::from((block >> (32 * c)) as u32);
    [column(0) | column(2) << 32, column(1) | column(3) << 32]
}

/// The inverse of [`column_pairs`].
#[inline(always)]
fn from_column_pairs([even, odd]: [u64; 2]) -> Block {
    let low = (even & 0xffff_ffff) | odd << 32;
    let high = even >> 32 | (odd & !0xffff_ffff);
    (u128::from(low) | u128::from(high) << 64).to_le_bytes()
}

/// Swaps coordinates. With `h` the high half of sixteen blocks and `i` the block within it, 32 words come in the order
/// (i, c0, h) and their bits in the order (c1, row, bit); they leave in the order (bit, row) and (c1, c0, h, i). Its
/// own inverse.
#[inline(always)]
fn transpose<const N: usize>(planes: &mut Planes<N>) {
    exchange::<8>(planes.as_flattened_mut(), N / ROWS);
    exchange::<16>(planes.as_flattened_mut(), 2 * N / ROWS);
    for j in 0..N {
        let mut words: [u64; BITS] = from_fn(|i| planes[i][j]);
        exchange::<1>(&mut words, 1);
        exchange::<2>(&mut words, 2);
        exchange::<4>(&mut words, 4);
        for (plane, word) in planes.iter_mut().zip(words) {
            plane[j] = word;
        }
    }
}

/// Swaps the bit of weight `distance` in the number of a word with the bit of weight `SHIFT` in the number of a bit in
/// it.
#[inline(always)]
fn exchange<const SHIFT: u32>(words: &mut [u64], distance: usize) {
    // As many ones as `SHIFT`, as many zeros, and so on.
    let mask = u64::MAX / ((1 << SHIFT) + 1);
    for pairs in words.chunks_exact_mut(2 * distance) {
        let (left, right) = pairs.split_at_mut(distance);
        for (a, b) in left.iter_mut().zip(right) {
            let difference = (*a >> SHIFT ^ *b) & mask;
            *b ^= difference;
            *a ^= difference << SHIFT;
        }
    }
}

/// Writes a round key to `slice`, as sixteen states that are all alike. A function of its own because the compiler
/// finds vectors for it only where it is not mixed with what comes next.
#[inline(never)]
pub(super) fn spread<'a>(round_key: &Block, slice: &'a mut Slice) -> &'a Slice {
    const LOWEST: u64 = 0x0001_0001_0001_0001;
    const BUT_HIGHEST: u64 = LOWEST * 0x7fff;
    let rows: [u64; ROWS] =
        from_fn(|r| (0..4).fold(0, |row, c| row | u64::from(round_key[ROWS * c + r]) << (LANES * c)));
    // A one in the lowest bit of a column carries into the highest, and the other bits follow.
    for (i, plane) in slice.iter_mut().enumerate() {
        *plane = rows.map(|row| ((row >> i & LOWEST) + BUT_HIGHEST) ^ BUT_HIGHEST);
    }
    slice
}

#[cfg(test)]
mod tests {
    use super::*;

    const N: usize = 4 * ROWS;

    /// Blocks that are told apart by any of their bytes' places, and partly by their values.
    fn blocks() -> [Block; 4 * N] {
        from_fn(|b| from_fn(|at| (16 * b + 5 * at + b / LANES * 29) as u8))
    }

    fn check_layout(blocks: &[Block], planes: &Planes<N>) {
        for (b, block) in blocks.iter().enumerate() {
            for (at, byte) in block.iter().enumerate() {
                let (c, r) = (at / ROWS, at % ROWS);
                for (i, plane) in planes.iter().enumerate() {
                    let bit = plane[r * N / ROWS + b / LANES] >> (16 * c + b % LANES) & 1;
                    assert_eq!(bit, u64::from(byte >> i & 1), "block {b} byte {at} bit {i}");
                }
            }
        }
    }

    #[test]
    fn planes_are_laid_out_as_documented() {
        let mut planes = [[0; N]; BITS];
        pack(&blocks(), &mut planes);
        check_layout(&blocks(), &planes);
    }

    #[test]
    fn unpack_is_the_inverse_of_pack() {
        for count in [0, 1, 7, 8, 9, 16, 17, 63, 64] {
            let (mut planes, mut got) = ([[0; N]; BITS], [Block::default(); 4 * N]);
            pack(&blocks()[..count], &mut planes);
            unpack(&mut planes, &mut got[..count]);
            assert_eq!(got[..count], blocks()[..count]);
        }
    }

    #[test]
    fn spread_is_sixteen_times_the_key() {
        for key in blocks() {
            let mut planes = Slice::default();
            pack(&[key; LANES], &mut planes);
            assert_eq!(spread(&key, &mut Slice::default()), &planes);
        }
    }
}
