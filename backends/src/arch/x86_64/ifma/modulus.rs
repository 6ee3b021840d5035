//! One modulus or two, prepared: the constants that the kernel reads.

use super::Ifma;
use super::digits::{DIGIT_BITS, Digits, LANES, Layout, MASK, MAX_VECTORS, Vector};
use super::kernel::{self, Workspace};
use crate::arch::x86_64::windows::WINDOW;
use crate::rsa::{Uint, double_mod, inverse_of_limb};
use core::mem::offset_of;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The constants of the kernel, then those of the moduli.
#[derive(Zeroize, ZeroizeOnDrop)]
#[repr(C, align(64))]
pub(super) struct Modulus {
    /// The instructions that whoever holds a modulus may use.
    #[zeroize(skip)]
    _cpu: Ifma,
    /// Nothing secret; a modulus that has been wiped is still one that the kernel can be given.
    #[zeroize(skip)]
    layout: Layout,
    #[zeroize(skip)]
    sizes: Sizes,
    /// The bits of a digit, in all lanes.
    #[zeroize(skip)]
    pub(super) mask: Vector,
    /// 2^52
    #[zeroize(skip)]
    pub(super) two_52: u64,
    /// 1
    #[zeroize(skip)]
    pub(super) unit: u64,
    /// The bits of a window.
    #[zeroize(skip)]
    pub(super) bits: [u64; WINDOW],
    /// The moduli n.
    pub(super) n: Digits,
    /// (k n + 1) / 2^52 for k = -1 / n mod 2^52
    pub(super) friendly: Digits,
    /// k, in all lanes of its number.
    pub(super) inverse: Vector,
    /// R mod n
    pub(super) one: Digits,
    /// R^2 mod n
    pub(super) r2: Digits,
}

/// The layout as the kernel is told. Private, so that there is none that has not been checked.
#[repr(C)]
struct Sizes {
    /// Which of the functions for each layout.
    shape: u64,
    /// Vectors of a factor that are gathered after each square of a window.
    share: u64,
    /// Bytes of a number.
    length: u64,
    digits: u64,
}

/// Where the kernel finds them.
pub(super) const SHAPE: usize = offset_of!(Modulus, sizes.shape);
pub(super) const SHARE: usize = offset_of!(Modulus, sizes.share);
pub(super) const LENGTH: usize = offset_of!(Modulus, sizes.length);
pub(super) const DIGITS: usize = offset_of!(Modulus, sizes.digits);

impl Modulus {
    /// Not prepared yet. To be put where the secrets will be: a move would leave a copy of them behind.
    pub(super) fn unprepared(cpu: Ifma, layout: Layout) -> Modulus {
        Modulus {
            _cpu: cpu,
            layout,
            sizes: Sizes::of(layout),
            mask: Vector([MASK; LANES]),
            two_52: 1 << DIGIT_BITS,
            unit: 1,
            bits: std::array::from_fn(|i| 1 << i),
            n: Digits::ZERO,
            friendly: Digits::ZERO,
            inverse: Vector([0; LANES]),
            one: Digits::ZERO,
            r2: Digits::ZERO,
        }
    }

    /// Prepares one or two odd moduli of at least `bits` bits and below 2^(52 digits - 4). (Others give meaningless results.)
    ///
    /// # Panics
    /// When `bits` is 0, a modulus is narrower than `bits`, or there are as many moduli as the layout has not.
    pub(super) fn prepare(&mut self, moduli: &[&Uint], bits: usize) {
        assert_eq!(moduli.len(), self.layout.numbers());
        let friendly: Vec<Uint> = moduli.iter().map(|n| friendly(n)).collect();
        for (lane, k) in self.inverse.0.iter_mut().enumerate() {
            *k = minus_inverse(moduli[lane % self.layout.numbers()]);
        }
        self.n.load(moduli, self.layout);
        self.friendly.load(&friendly.iter().collect::<Vec<_>>(), self.layout);
        self.enter_r2(moduli, bits);
    }

    /// The same in a place of its own.
    ///
    /// # Panics
    /// As [`Modulus::prepare`].
    pub(super) fn new(cpu: Ifma, moduli: &[&Uint], bits: usize, layout: Layout) -> Box<Modulus> {
        let mut modulus = Box::new(Modulus::unprepared(cpu, layout));
        modulus.prepare(moduli, bits);
        modulus
    }

    /// Where the digits are.
    pub(super) fn layout(&self) -> Layout {
        self.layout
    }

    /// R and R^2 mod n. 2^x in Montgomery form for the first bits of x = 52 digits by doubling, then by squaring, and times two for each
    /// further bit that is set: when x has become 52 digits, 2^x is R.
    fn enter_r2(&mut self, moduli: &[&Uint], bits: usize) {
        let exponent = self.layout.digits() * DIGIT_BITS;
        let squarings = exponent.ilog2() - 2;
        // A power of two that is below the moduli, doubled from there on.
        let mut powers: Vec<Uint> = moduli.iter().map(|n| Uint::power_of_two(bits - 1, n.width())).collect();
        let mut reached = bits - 1;
        let layout = self.layout;
        let mut advance = |to: usize, digits: &mut Digits| {
            for (power, n) in powers.iter_mut().zip(moduli) {
                (reached..to).for_each(|_| double_mod(power, n));
            }
            reached = to;
            digits.load(&powers.iter().collect::<Vec<_>>(), layout);
        };
        let mut workspace = Box::new(Workspace::ZERO);
        advance(exponent, &mut self.one);
        advance(exponent + 1, &mut workspace.factor);
        advance(exponent + (exponent >> squarings), &mut workspace.power);
        let Workspace { power, factor, .. } = &mut *workspace;
        for bit in (0..squarings).rev() {
            kernel::square(power, self);
            if exponent >> bit & 1 == 1 {
                kernel::multiply(power, factor, self);
            }
        }
        self.r2.copy(power);
    }
}

impl Sizes {
    fn of(layout: Layout) -> Sizes {
        let vectors = layout.vectors();
        Sizes {
            shape: ((layout.numbers() - 1) * MAX_VECTORS + vectors - 1) as u64,
            share: vectors.div_ceil(WINDOW) as u64,
            length: (vectors * size_of::<Vector>()) as u64,
            digits: layout.digits() as u64,
        }
    }
}

/// -1 / n mod 2^52 for an odd n.
fn minus_inverse(n: &Uint) -> u64 {
    inverse_of_limb(n.bits_from(0)).wrapping_neg() & MASK
}

/// (k n + 1) / 2^52, which is not above n.
fn friendly(n: &Uint) -> Uint {
    let mut friendly = n.resized(n.width() + 1).mul_small(minus_inverse(n));
    friendly.add_assign(&Uint::small(1, friendly.width()));
    friendly.shr_public(DIGIT_BITS);
    friendly
}
