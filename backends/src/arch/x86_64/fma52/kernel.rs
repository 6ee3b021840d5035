//! The kernel as functions: all the `unsafe` of this folder.

#![allow(unsafe_code)]

use super::digits::{Digits, Vector};
use super::modulus::{COLUMNS, HALF, Modulus};
use crate::arch::x86_64::windows::WINDOW;
use core::arch::naked_asm;
use core::ffi::c_void;
use core::mem::{offset_of, size_of};
use core::ptr;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The operations of the kernel.
const MULTIPLY: u32 = 0;
const SQUARE: u32 = 1;
const FIRST: u32 = 2;
const WINDOWS: u32 = 3;

/// Where products are added up.
#[derive(Zeroize)]
#[repr(C, align(32))]
pub(super) struct Columns([Vector<u64>; COLUMNS]);

/// What an exponentiation writes to, wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
#[repr(C, align(64))]
pub(super) struct Workspace {
    /// First, so that the kernel finds them in the same place with and without the rest.
    pub(super) columns: Columns,
    pub(super) power: Digits,
    pub(super) factor: Digits,
    /// The powers from 0 to 31 of the bases.
    pub(super) table: [Digits; 1 << WINDOW],
}

const _: () = assert!(offset_of!(Workspace, columns) == 0);

impl Workspace {
    /// Zeros, in the one place where the secrets will be: a move would leave a copy of them behind.
    pub(super) fn new() -> Box<Workspace> {
        Box::new(Workspace {
            columns: Columns([const { Vector([0; 4]) }; COLUMNS]),
            power: Digits::ZERO,
            factor: Digits::ZERO,
            table: [const { Digits::ZERO }; 1 << WINDOW],
        })
    }
}

/// `a = a b / R`, for both moduli.
pub(super) fn multiply(a: &mut Digits, b: &Digits, modulus: &Modulus, columns: &mut Columns) {
    // SAFETY: a modulus holds the proof of the instructions, and an H for which `a`, `b` and `columns` have room. They are not kept.
    unsafe { kernel(MULTIPLY, a, ptr::from_ref(b).cast(), modulus, ptr::from_mut(columns).cast(), 0) }
}

/// `a = a^2 / R`, for both moduli.
pub(super) fn square(a: &mut Digits, modulus: &Modulus, columns: &mut Columns) {
    // SAFETY: as in `multiply`; there is no second operand.
    unsafe { kernel(SQUARE, a, ptr::null(), modulus, ptr::from_mut(columns).cast(), 0) }
}

/// The powers of the table's bases that the most significant window of their exponents has, into `power`. A window is four bytes, one for each
/// lane, below 32.
pub(super) fn begin(workspace: &mut Workspace, window: &[u8; 4], modulus: &Modulus) {
    // SAFETY: as in `multiply`; there is one window.
    unsafe { kernel(FIRST, ptr::null_mut(), ptr::from_ref(window).cast(), modulus, workspace, 1) }
}

/// Takes further windows of the exponents into `power`, downwards.
pub(super) fn go_on(workspace: &mut Workspace, windows: &[[u8; 4]], modulus: &Modulus) {
    if windows.is_empty() {
        return;
    }
    // SAFETY: as in `multiply`; there are as many windows as is said, and at least one.
    unsafe { kernel(WINDOWS, ptr::null_mut(), windows.as_ptr().cast(), modulus, workspace, windows.len()) }
}

/// The kernel: see `entry.s`, where the operations and registers are. The rounding mode is changed inside and restored before it returns, so
/// that no compiled code runs under another than its own.
///
/// # Safety
/// For the processor: [`super::Fma52`]. For memory: `operand` and `other` are what the operation takes, `workspace` at least its columns, `modulus`
/// one made by [`Modulus::new`].
// SAFETY: the body keeps to the calling convention of its type.
#[unsafe(naked)]
unsafe extern "sysv64" fn kernel(
    operation: u32,
    operand: *mut Digits,
    other: *const c_void,
    modulus: *const Modulus,
    workspace: *mut Workspace,
    windows: usize,
) {
    naked_asm!(
        include_str!("macros.s"),
        include_str!("entry.s"),
        include_str!("products.s"),
        include_str!("reduce.s"),
        square = const SQUARE,
        first = const FIRST,
        window = const WINDOW,
        digits = const size_of::<Digits>(),
        power = const offset_of!(Workspace, power),
        factor = const offset_of!(Workspace, factor),
        table = const offset_of!(Workspace, table),
        high = const offset_of!(Modulus, constants.high),
        low = const offset_of!(Modulus, constants.low),
        two_52 = const offset_of!(Modulus, constants.two_52),
        two_51 = const offset_of!(Modulus, constants.two_51),
        middle = const offset_of!(Modulus, constants.middle),
        mask = const offset_of!(Modulus, constants.mask),
        shift = const offset_of!(Modulus, constants.shift),
        carry = const offset_of!(Modulus, constants.carry),
        half = const HALF,
        bias_multiply = const offset_of!(Modulus, constants.bias_multiply),
        bias_square = const offset_of!(Modulus, constants.bias_square),
        n = const offset_of!(Modulus, n),
        friendly = const offset_of!(Modulus, friendly),
        inverse = const offset_of!(Modulus, inverse),
    )
}
