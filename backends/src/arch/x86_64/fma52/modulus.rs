//! Two moduli, prepared: the constants that the kernel reads.

use super::Fma52;
use super::digits::{DIGIT_BITS, Digits, MASK, MAX_HALF, MIN_HALF, VECTOR_BITS, Vector};
use super::kernel::{self, Workspace};
use crate::rsa::{LIMB_BITS, Uint, double_mod};
use core::mem::offset_of;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// What the low part of a product is added to.
const TWO_52: f64 = (1u64 << DIGIT_BITS) as f64;
/// What a product is added to, so that 2^52 is the last place of the sum.
const HIGH: f64 = 1.5 * TWO_52 * TWO_52;
/// Columns at most.
pub(super) const COLUMNS: usize = 3 * MAX_HALF;
/// What keeps a column from falling below zero.
const OFFSET: u64 = 1 << 60;
/// What a column passes on of its own offset and the next one is without.
const OFFSET_CARRY: u64 = OFFSET >> DIGIT_BITS;

/// What depends on H alone, the vectors in a number.
#[repr(C)]
pub(super) struct Constants {
    pub(super) high: Vector,
    /// `high` + 2^52
    pub(super) low: Vector,
    pub(super) two_52: Vector,
    /// 2^52 + 2^51: what a digit with its bias of 2^51 stands on.
    pub(super) middle: Vector,
    pub(super) mask: Vector<u64>,
    pub(super) two_51: Vector<u64>,
    pub(super) shift: Vector<u64>,
    /// What a column below the first would pass on of its offset.
    pub(super) carry: Vector<u64>,
    /// H, by which the kernel knows the size of everything. Private, so that there is none that has not been checked.
    half: u64,
    pub(super) bias_multiply: [u64; COLUMNS],
    pub(super) bias_square: [u64; COLUMNS],
}

/// Where the kernel finds H.
pub(super) const HALF: usize = offset_of!(Modulus, constants.half);

/// The constants of the kernel, then those of the moduli.
#[derive(Zeroize, ZeroizeOnDrop)]
#[repr(C, align(64))]
pub(super) struct Modulus {
    /// The instructions that whoever holds a modulus may use.
    #[zeroize(skip)]
    _cpu: Fma52,
    /// Nothing secret; a modulus that has been wiped is still one that the kernel can be given.
    #[zeroize(skip)]
    pub(super) constants: Constants,
    /// The moduli n.
    pub(super) n: Digits,
    /// (k n + 1) / 2^104 for k = -1 / n mod 2^104
    pub(super) friendly: Digits,
    /// The two digits of k.
    pub(super) inverse: [Vector; 2],
    /// R mod n
    pub(super) one: Digits,
    /// R^2 mod n
    pub(super) r2: Digits,
}

impl Modulus {
    /// Prepares two odd moduli of at least `bits` bits and at most 104 `half` - 4. (Others give meaningless results.)
    ///
    /// # Panics
    /// When `half` is not from [`MIN_HALF`] to [`MAX_HALF`], `bits` is 0, or a modulus is narrower than `bits`.
    pub(super) fn new(cpu: Fma52, moduli: [&Uint; 2], bits: usize, half: usize) -> Box<Modulus> {
        let mut modulus = Box::new(Modulus {
            _cpu: cpu,
            constants: Constants::new(half),
            n: Digits::ZERO,
            friendly: Digits::ZERO,
            inverse: [const { Vector([0.0; 4]) }; 2],
            one: Digits::ZERO,
            r2: Digits::ZERO,
        });
        let k = moduli.map(minus_inverse);
        let friendly: [Uint; 2] = std::array::from_fn(|i| friendly(moduli[i], &k[i]));
        let mut inverse = Digits::ZERO;
        inverse.load(k.each_ref(), half);
        for (digit, to) in modulus.inverse.iter_mut().enumerate() {
            for lane in 0..4 {
                to.0[lane] = inverse.0[digit].0[lane & 2];
            }
        }
        inverse.zeroize();
        modulus.n.load(moduli, half);
        modulus.friendly.load(friendly.each_ref(), half);
        modulus.enter_r2(moduli, bits, half);
        modulus
    }

    /// H.
    pub(super) fn half(&self) -> usize {
        self.constants.half as usize
    }

    /// R and R^2 mod n. 2^x in Montgomery form for the first bits of 104 H by doubling, then by squaring, and times two for each further bit
    /// that is set: when x has become 104 H, 2^x is R.
    fn enter_r2(&mut self, moduli: [&Uint; 2], bits: usize, half: usize) {
        let exponent = half * VECTOR_BITS;
        let squarings = exponent.ilog2() - 5;
        // A power of two that is below both moduli, doubled from there on.
        let mut powers = moduli.map(|n| Uint::power_of_two(bits - 1, n.width()));
        let mut reached = bits - 1;
        let mut advance = |to: usize, digits: &mut Digits| {
            for (power, n) in powers.iter_mut().zip(moduli) {
                (reached..to).for_each(|_| double_mod(power, n));
            }
            reached = to;
            digits.load(powers.each_ref(), half);
        };
        let mut workspace = Workspace::new();
        advance(exponent, &mut self.one);
        advance(exponent + 1, &mut workspace.factor);
        advance(exponent + (exponent >> squarings), &mut workspace.power);
        let Workspace { power, factor, columns, .. } = &mut *workspace;
        for bit in (0..squarings).rev() {
            kernel::square(power, self, columns);
            if exponent >> bit & 1 == 1 {
                kernel::multiply(power, factor, self, columns);
            }
        }
        self.r2.copy(power);
    }
}

impl Constants {
    fn new(half: usize) -> Constants {
        assert!((MIN_HALF..=MAX_HALF).contains(&half));
        Constants {
            high: Vector([HIGH; 4]),
            low: Vector([HIGH + TWO_52; 4]),
            two_52: Vector([TWO_52; 4]),
            middle: Vector([1.5 * TWO_52; 4]),
            mask: Vector([MASK; 4]),
            two_51: Vector([1 << (DIGIT_BITS - 1); 4]),
            shift: Vector([DIGIT_BITS as u64, 64, DIGIT_BITS as u64, 64]),
            carry: Vector([OFFSET_CARRY, 0, OFFSET_CARRY, 0]),
            half: half as u64,
            bias_multiply: bias(half, |_| half),
            bias_square: bias(half, |row| row + 1),
        }
    }
}

/// -1 / n mod 2^104 for an odd n, in two limbs. Newton's iteration as in `inverse_of_limb`, with one step more for twice the bits.
fn minus_inverse(n: &Uint) -> Uint {
    let n = u128::from(n.bits_from(LIMB_BITS)) << LIMB_BITS | u128::from(n.bits_from(0));
    let inverse = (0..6).fold(n, |inverse, _| inverse.wrapping_mul(2u128.wrapping_sub(n.wrapping_mul(inverse))));
    let k = inverse.wrapping_neg() & ((1 << VECTOR_BITS) - 1);
    let mut uint = Uint::zero(2);
    uint.limbs_mut().copy_from_slice(&[k as u64, (k >> LIMB_BITS) as u64]);
    uint
}

/// (k n + 1) / 2^104, which is not above n.
fn friendly(n: &Uint, k: &Uint) -> Uint {
    let mut friendly = n.mul(k);
    friendly.add_assign(&Uint::small(1, friendly.width()));
    friendly.shr_public(VECTOR_BITS);
    friendly
}

/// What each column starts with, so that after all products it holds what they come to, and its offset. `row` is the number of vectors in a
/// row of products.
fn bias(half: usize, row: impl Fn(usize) -> usize) -> [u64; COLUMNS] {
    let mut bias = [0u64; COLUMNS];
    let mut take = |column: usize, x: u64| bias[column] = bias[column].wrapping_sub(x);
    let mut take_row = |start: usize, len: usize| {
        for column in start..start + len {
            take(column, TWO_52.to_bits());
            take(column + 1, HIGH.to_bits());
        }
    };
    for i in 0..half {
        take_row(i, row(i));
        take_row(i + half, row(i));
    }
    for i in 2..2 * half {
        take_row(i, half);
    }
    // The last step: its first two columns come to their digits without the products that it adds to them, and has a bias of its own there.
    let last = 2 * half - 2;
    take_row(last + 2, half - 2);
    take_row(last + 2, half - 1);
    take(last + 2, HIGH.to_bits().wrapping_mul(2));
    let digit = 1u64 << (DIGIT_BITS - 1);
    for i in 0..half {
        take(i, OFFSET_CARRY.wrapping_sub(OFFSET));
        take(i + 2 * half, OFFSET_CARRY.wrapping_sub(OFFSET).wrapping_sub(digit));
    }
    bias
}
