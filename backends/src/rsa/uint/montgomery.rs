//! Arithmetic modulo an odd number by Montgomery's method (Montgomery 1985; Menezes, van Oorschot, Vanstone, Handbook
//! of Applied Cryptography, section 14.3.2): x is held as x R mod m with R = 2^(64 width), and no step divides.

use super::{Arithmetic, LIMB_BITS, Uint, limbs};
use subtle::ConstantTimeEq;
use zeroize::ZeroizeOnDrop;

/// An odd modulus above 1, prepared. Operands are below the modulus and as wide as it; so are results.
#[derive(ZeroizeOnDrop)]
pub(crate) struct Montgomery {
    #[zeroize(skip)]
    arithmetic: &'static dyn Arithmetic,
    m: Uint,
    #[zeroize(skip)]
    bits: usize,
    /// -1 / m mod 2^64, from which anybody has the lowest limb of m: on the heap, for what moves leaves a copy behind
    minus_inverse: Uint,
    /// R mod m, which is 1 in Montgomery form
    one: Uint,
    /// R^2 mod m, which brings a number into Montgomery form
    r2: Uint,
}

/// Room for a product of two residues, so that a long computation allocates once.
pub(crate) struct Scratch(Uint);

impl Montgomery {
    /// Prepares `m`, which is odd, above 1 and has exactly `bits` bits. (Others give meaningless results.)
    ///
    /// # Panics
    /// When `bits` is 0 or more than there is room for in the limbs of `m`.
    pub(crate) fn new(arithmetic: &'static dyn Arithmetic, m: Uint, bits: usize) -> Montgomery {
        let minus_inverse = Uint::small(inverse_of_limb(m.0[0]).wrapping_neg(), 1);
        let one = r_mod(&m, bits);
        let mut prepared = Montgomery { arithmetic, bits, minus_inverse, r2: Uint::zero(m.width()), one, m };
        prepared.r2 = prepared.r_squared();
        prepared
    }

    /// R^2 mod m: 2^width in Montgomery form, squared six times, is 2^(64 width) in Montgomery form.
    fn r_squared(&self) -> Uint {
        let mut x = self.one.duplicate();
        for _ in 0..self.width() {
            double_mod(&mut x, &self.m);
        }
        let mut scratch = self.scratch();
        for _ in 0..LIMB_BITS.ilog2() {
            self.square_assign(&mut x, &mut scratch);
        }
        x
    }

    /// The modulus.
    pub(crate) fn modulus(&self) -> &Uint {
        &self.m
    }

    /// Bits in the modulus.
    pub(crate) fn bits(&self) -> usize {
        self.bits
    }

    /// Limbs in the modulus.
    pub(crate) fn width(&self) -> usize {
        self.m.width()
    }

    /// 1 in Montgomery form.
    pub(crate) fn one(&self) -> &Uint {
        &self.one
    }

    /// What it is multiplied with.
    pub(crate) fn arithmetic(&self) -> &'static dyn Arithmetic {
        self.arithmetic
    }

    /// Room for the products of one computation.
    pub(crate) fn scratch(&self) -> Scratch {
        Scratch(Uint::zero(2 * self.width()))
    }

    /// `a = a b / R mod m`: the product, when both are in Montgomery form.
    pub(crate) fn mul_assign(&self, a: &mut Uint, b: &Uint, scratch: &mut Scratch) {
        self.arithmetic.mul(&mut scratch.0.0, &a.0, &b.0);
        self.redc(&mut scratch.0.0, &mut a.0);
    }

    /// `a = a^2 / R mod m`: the square, when `a` is in Montgomery form.
    pub(crate) fn square_assign(&self, a: &mut Uint, scratch: &mut Scratch) {
        self.arithmetic.square(&mut scratch.0.0, &a.0);
        self.redc(&mut scratch.0.0, &mut a.0);
    }

    /// Montgomery's reduction: `out = t / R mod m` for `t` of twice the width of m (HAC, algorithm 14.32). Where t is
    /// below m R, `out` is below m; else it is below R.
    fn redc(&self, t: &mut [u64], out: &mut [u64]) {
        let m = &self.m.0;
        let carry = self.arithmetic.reduce(t, m, self.minus_inverse.0[0]);
        let t = &t[m.len()..];
        let borrow = self.arithmetic.sub(out, t, m);
        // What is left of t is below R + m, and is below m exactly when the subtraction borrows what no carry lends.
        let below = limbs::mask(borrow & !carry);
        for (out, t) in out.iter_mut().zip(t) {
            *out ^= (*out ^ t) & below;
        }
    }

    /// Brings `x` into Montgomery form.
    pub(crate) fn enter(&self, x: &Uint) -> Uint {
        self.mul_entered(x, &self.r2)
    }

    /// Brings `x` out of Montgomery form. Of twice the width, it may be any number: then the result is below R, but maybe
    /// not below m.
    pub(crate) fn leave(&self, x: &Uint) -> Uint {
        let mut wide = x.resized(2 * self.width());
        let mut out = Uint::zero(self.width());
        self.redc(&mut wide.0, &mut out.0);
        out
    }

    /// `x mod m` for any `x`, as many limbs at a time as m has. What is left so far and the next limbs are together below
    /// R^2: `leave` makes less than R of it, and `enter` less than m. What there is to begin with are the first limbs.
    pub(crate) fn reduce(&self, x: &Uint) -> Uint {
        let width = self.width();
        let mut pieces = x.0.chunks(width).rev();
        let mut rest = Uint::zero(width);
        if let Some(first) = pieces.next() {
            rest.0[..first.len()].copy_from_slice(first);
        }
        if x.width() <= width {
            return self.mul_entered(&rest, &self.one);
        }
        for piece in pieces {
            let mut wide = Uint::zero(2 * width);
            wide.0[..width].copy_from_slice(piece);
            wide.0[width..].copy_from_slice(&rest.0);
            rest = self.enter(&self.leave(&wide));
        }
        rest
    }

    /// `a b mod m`, plain, where `a` is plain and `b` in Montgomery form.
    pub(crate) fn mul_entered(&self, a: &Uint, b: &Uint) -> Uint {
        let mut product = a.duplicate();
        self.mul_assign(&mut product, b, &mut self.scratch());
        product
    }

    /// `a^2 mod m` in Montgomery form, as `a` is.
    pub(crate) fn square_entered(&self, a: &Uint) -> Uint {
        let mut square = a.duplicate();
        self.square_assign(&mut square, &mut self.scratch());
        square
    }

    /// `a - b mod m`.
    pub(crate) fn sub_mod(&self, a: &Uint, b: &Uint) -> Uint {
        let mut difference = a.duplicate();
        let borrow = limbs::sub_assign(&mut difference.0, &b.0);
        limbs::add_if(&mut difference.0, &self.m.0, borrow);
        difference
    }

    /// `x^exponent mod m`, plain, for a secret `x` and a public `exponent` of at least 1, whose bits steer what is
    /// done.
    pub(crate) fn pow_public(&self, x: &Uint, exponent: u32) -> Uint {
        let mut scratch = self.scratch();
        let x = self.enter(x);
        let mut power = x.duplicate();
        for i in (0..exponent.ilog2()).rev() {
            self.square_assign(&mut power, &mut scratch);
            if exponent >> i & 1 == 1 {
                self.mul_assign(&mut power, &x, &mut scratch);
            }
        }
        self.leave(&power)
    }

    /// Whether a number in Montgomery form is m - 1.
    pub(crate) fn is_minus_one(&self, x: &Uint) -> subtle::Choice {
        self.sub_mod(&Uint::zero(self.width()), &self.one).ct_eq(x)
    }
}

/// R mod m, by doubling 2^(bits - 1), which is below m, until it is R.
fn r_mod(m: &Uint, bits: usize) -> Uint {
    let mut x = Uint::power_of_two(bits - 1, m.width());
    for _ in bits - 1..m.width() * LIMB_BITS {
        double_mod(&mut x, m);
    }
    x
}

/// `x = 2 x mod m` for `x < m`, both of the same width.
pub(crate) fn double_mod(x: &mut Uint, m: &Uint) {
    let carry = limbs::double(&mut x.0, 0);
    let borrow = limbs::sub_assign(&mut x.0, &m.0);
    limbs::add_if(&mut x.0, &m.0, borrow & !carry);
}

/// 1 / x mod 2^64 for an odd x, by Newton's iteration: x is its own inverse modulo 8, and each step doubles the correct
/// bits.
pub(crate) fn inverse_of_limb(x: u64) -> u64 {
    (0..5).fold(x, |inverse, _| inverse.wrapping_mul(2u64.wrapping_sub(x.wrapping_mul(inverse))))
}
