//! GHASH (SP 800-38D section 6.4), portable and in constant time.
//!
//! An element of GF(2^128) is a `u128` whose bit i is the coefficient of x^i. Polynomials over GF(2) are multiplied
//! with the processor's integer multiplication, by giving it numbers with holes: when only every fourth bit may be set,
//! the carries end in the holes and are masked away (the technique of Thomas Pornin's BearSSL). Nothing is looked up,
//! so this takes the same time for every input wherever the integer multiplication does.

use sealwire_traits::{BLOCK_LEN, Block};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Blocks multiplied by powers of H before one reduction.
const GROUP: usize = 4;

/// Two levels of Karatsuba turn one product of 128 bits into nine products of 32 bits. A tenth, of zeros, makes the
/// number even: that lets the compiler multiply two at a time.
const PARTS: usize = 10;

/// The numbers whose products make a product of 128 bits.
type Parts = [u32; PARTS];

/// Their products.
type Products = [u64; PARTS];

/// A hash key, ready: the parts of H^4, H^3, H^2 and H. They stay in one place on the heap and are wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(super) struct GhashKey {
    powers: Box<[Parts; GROUP]>,
}

impl GhashKey {
    /// Takes the hash subkey H.
    pub(super) fn new(h: &Block) -> GhashKey {
        // Squares cost next to nothing, so H^3 is the only product.
        let h = Zeroizing::new(element(h));
        let h2 = Zeroizing::new(reduce(square(*h)));
        let h4 = Zeroizing::new(reduce(square(*h2)));
        let mut powers = Box::new([[0; PARTS]; GROUP]);
        (powers[0], powers[2], powers[3]) = (split(*h4), split(*h2), split(*h));
        let mut products = [0; PARTS];
        add_products(&mut products, &powers[2], &powers[3]);
        powers[1] = split(reduce(join(&products)));
        GhashKey { powers }
    }

    /// Starts a hash.
    pub(super) fn start(&self) -> Ghash<'_> {
        Ghash { key: self, y: Zeroizing::new(0) }
    }
}

/// A hash under way.
pub(super) struct Ghash<'key> {
    key: &'key GhashKey,
    y: Zeroizing<u128>,
}

impl Ghash<'_> {
    /// Absorbs `data`, filled up with zeros to whole blocks.
    pub(super) fn update_padded(&mut self, data: &[u8]) {
        let (blocks, rest) = data.as_chunks();
        blocks.chunks(GROUP).for_each(|group| self.absorb(group));
        if !rest.is_empty() {
            let mut last = Block::default();
            last[..rest.len()].copy_from_slice(rest);
            self.absorb(&[last]);
        }
    }

    /// Absorbs the lengths, given in bytes, and gives the hash.
    pub(super) fn finish(mut self, aad_len: usize, text_len: usize) -> Block {
        let bits = |len: usize| 8 * len as u128;
        self.absorb(&[(bits(aad_len) << 64 | bits(text_len)).to_be_bytes()]);
        block(*self.y)
    }

    /// y becomes (y + x1) H^n + x2 H^(n-1) + ... + xn H, for up to [`GROUP`] blocks.
    fn absorb(&mut self, blocks: &[Block]) {
        let powers = &self.key.powers[GROUP - blocks.len()..];
        let mut products = [0; PARTS];
        for (x, power) in blocks.iter().zip(powers) {
            let sum = element(x) ^ std::mem::take(&mut *self.y);
            add_products(&mut products, &split(sum), power);
        }
        *self.y = reduce(join(&products));
    }
}

/// A block as an element: its first bit is the coefficient of x^0 (SP 800-38D section 6.3).
fn element(block: &[u8; BLOCK_LEN]) -> u128 {
    u128::from_be_bytes(*block).reverse_bits()
}

/// The inverse of [`element`].
fn block(element: u128) -> Block {
    element.reverse_bits().to_be_bytes()
}

/// The limbs of x and the sums of them that Karatsuba's method multiplies.
#[inline(always)]
fn split(x: u128) -> Parts {
    let [a, b, c, d] = [0, 32, 64, 96].map(|shift| (x >> shift) as u32);
    [a, b, a ^ b, c, d, c ^ d, a ^ c, b ^ d, a ^ b ^ c ^ d, 0]
}

/// Adds the products of all parts.
#[inline(always)]
fn add_products(products: &mut Products, x: &Parts, y: &Parts) {
    for i in 0..PARTS {
        products[i] ^= carryless_product(x[i], y[i]);
    }
}

/// The product of two polynomials below x^32. With bits at every fourth place at most 8 terms meet in a column, and 8
/// fits in the four bits up to the next one.
#[inline(always)]
fn carryless_product(x: u32, y: u32) -> u64 {
    let holed = |v: u32| [0, 1, 2, 3].map(|i| v & 0x1111_1111 << i);
    let (x, y) = (holed(x), holed(y));
    let column = |k: usize| {
        let sum = (0..4).fold(0, |sum, i| sum ^ (u64::from(x[i]) * u64::from(y[(k + 4 - i) % 4])));
        sum & 0x1111_1111_1111_1111 << k
    };
    column(0) | column(1) | column(2) | column(3)
}

/// The square, high and low half: the coefficient of x^i becomes that of x^(2 i), and there are no others.
fn square(x: u128) -> (u128, u128) {
    let spread = |half: u64| {
        let apart = |x: u128, by: u32| (x | x << by) & (u128::MAX / ((1 << by) + 1));
        [32, 16, 8, 4, 2, 1].into_iter().fold(u128::from(half), apart)
    };
    (spread((x >> 64) as u64), spread(x as u64))
}

/// The product of 256 bits, high and low half, from the products of the parts.
#[inline(always)]
fn join(p: &Products) -> (u128, u128) {
    let karatsuba =
        |low: u64, high: u64, sums: u64| u128::from(low) ^ u128::from(sums ^ low ^ high) << 32 ^ u128::from(high) << 64;
    let low = karatsuba(p[0], p[1], p[2]);
    let high = karatsuba(p[3], p[4], p[5]);
    let middle = karatsuba(p[6], p[7], p[8]) ^ low ^ high;
    (high ^ middle >> 64, low ^ middle << 64)
}

/// The remainder modulo x^128 + x^7 + x^2 + x + 1 (SP 800-38D section 6.3).
#[inline(always)]
fn reduce((high, low): (u128, u128)) -> u128 {
    // high (x^7 + x^2 + x + 1) reaches beyond x^127 by these terms, which are to be folded once more.
    let high = high ^ high >> 127 ^ high >> 126 ^ high >> 121;
    low ^ high ^ high << 1 ^ high << 2 ^ high << 7
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sym_model as model;
    use proptest::prelude::*;

    fn hash(h: &Block, data: &[u8]) -> Block {
        let key = GhashKey::new(h);
        let mut ghash = key.start();
        ghash.update_padded(data);
        block(*ghash.y)
    }

    proptest! {
        #[test]
        fn one_block_is_the_product_of_algorithm_1(h: Block, x: Block) {
            prop_assert_eq!(hash(&h, &x), model::multiply(&x, &h));
        }

        #[test]
        fn hash_is_the_bitwise_one(h: Block, data in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(hash(&h, &data), model::ghash(&h, &data));
        }
    }

    #[test]
    fn every_pair_of_single_terms() {
        for i in 0..128 {
            for j in 0..128 {
                let (x, h) = (block(1 << i), block(1 << j));
                assert_eq!(hash(&h, &x), model::multiply(&x, &h), "x^{i} x^{j}");
            }
        }
    }

    #[test]
    fn all_ones_reach_the_most_terms_in_a_column() {
        assert_eq!(hash(&[0xff; 16], &[0xff; 64]), model::ghash(&[0xff; 16], &[0xff; 64]));
    }

    #[test]
    fn zeroize_leaves_nothing_of_h() {
        fn wiped_on_drop(_: &impl ZeroizeOnDrop) {}
        let mut key = GhashKey::new(&[0xa5; 16]);
        wiped_on_drop(&key);
        assert!(key.powers.iter().all(|parts| parts[..4].iter().any(|&part| part != 0)));
        key.zeroize();
        assert_eq!(key.powers.as_flattened(), [0; GROUP * PARTS]);
    }
}
