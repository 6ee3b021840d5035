//! The kernel as functions: all the `unsafe` of this folder.

#![allow(unsafe_code)]

use super::digits::{Digits, Layout, MAX_VECTORS, MAX_VECTORS_IN_TURNS, Vector};
use super::modulus::{DIGITS, LENGTH, Modulus, SHAPE, SHARE};
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
const FIRST_IN_TURNS: u32 = 4;
const TURNS: u32 = 5;

/// Bits of the exponents that numbers in turns take at a step.
pub(super) const WINDOW_IN_TURNS: usize = 6;

/// Vectors in a table: of the largest numbers for a window, or of the largest that take turns.
const TABLE_VECTORS: usize = MAX_VECTORS << WINDOW;
const _: () = assert!(MAX_VECTORS_IN_TURNS << WINDOW_IN_TURNS <= TABLE_VECTORS);

/// What an exponentiation writes to, wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
#[repr(C, align(64))]
pub(super) struct Workspace {
    pub(super) power: Digits,
    pub(super) factor: Digits,
    /// The powers of the bases from 0 on.
    pub(super) table: Table,
}

impl Workspace {
    /// Zeros. To be put where the secrets will be: a move would leave a copy of them behind.
    pub(super) const ZERO: Workspace =
        Workspace { power: Digits::ZERO, factor: Digits::ZERO, table: Table([const { Vector::ZERO }; TABLE_VECTORS]) };
}

/// Numbers of as many vectors as the layout says, one behind the other.
#[derive(Zeroize)]
#[repr(C)]
pub(super) struct Table([Vector; TABLE_VECTORS]);

impl Table {
    /// # Panics
    /// When there is no number i of so many vectors.
    pub(super) fn put(&mut self, i: usize, digits: &Digits, layout: Layout) {
        digits.write(&mut self.0[i * layout.vectors()..][..layout.vectors()]);
    }

    /// # Panics
    /// As [`Table::put`].
    pub(super) fn take(&self, i: usize, digits: &mut Digits, layout: Layout) {
        digits.read(&self.0[i * layout.vectors()..][..layout.vectors()]);
    }
}

/// `a = a b / R`, for all moduli.
pub(super) fn multiply(a: &mut Digits, b: &Digits, modulus: &Modulus) {
    // SAFETY: a modulus holds the proof of the instructions, and a layout for which `a` and `b` have room. They are not kept.
    unsafe { kernel(MULTIPLY, a, ptr::from_ref(b).cast(), modulus, ptr::null_mut(), 0) }
}

/// `a = a^2 / R`, for all moduli.
pub(super) fn square(a: &mut Digits, modulus: &Modulus) {
    // SAFETY: as in `multiply`; there is no second operand.
    unsafe { kernel(SQUARE, a, ptr::null(), modulus, ptr::null_mut(), 0) }
}

/// What two exponents have at a step, or twice that of one.
pub(super) type Window = [u8; 2];

/// The powers of the table's bases that the most significant window of their exponents has, below 32, into `power`.
pub(super) fn begin(workspace: &mut Workspace, window: &Window, modulus: &Modulus) {
    // SAFETY: as in `multiply`; there is one window.
    unsafe { kernel(FIRST, ptr::null_mut(), ptr::from_ref(window).cast(), modulus, workspace, 1) }
}

/// Takes further windows of the exponents into `power`, downwards.
pub(super) fn go_on(workspace: &mut Workspace, windows: &[Window], modulus: &Modulus) {
    if windows.is_empty() {
        return;
    }
    // SAFETY: as in `multiply`; there are as many windows as is said, and at least one.
    unsafe { kernel(WINDOWS, ptr::null_mut(), windows.as_ptr().cast(), modulus, workspace, windows.len()) }
}

/// As [`begin`], for two numbers that take turns. Each has a workspace and a modulus, with a layout for itself, and its own part of the windows,
/// below 64. Of the table the powers from 2 on are computed first.
///
/// # Panics
/// When the numbers do not take turns: see [`Layout::takes_turns`].
pub(super) fn begin_in_turns(workspaces: &mut [Workspace; 2], window: &Window, moduli: &[Modulus; 2]) {
    in_turns(FIRST_IN_TURNS, workspaces, std::slice::from_ref(window), moduli);
}

/// As [`go_on`], for two numbers that take turns.
///
/// # Panics
/// As [`begin_in_turns`].
pub(super) fn go_on_in_turns(workspaces: &mut [Workspace; 2], windows: &[Window], moduli: &[Modulus; 2]) {
    in_turns(TURNS, workspaces, windows, moduli);
}

fn in_turns(operation: u32, workspaces: &mut [Workspace; 2], windows: &[Window], moduli: &[Modulus; 2]) {
    assert!(moduli[0].layout().takes_turns() && moduli[0].layout() == moduli[1].layout());
    if windows.is_empty() {
        return;
    }
    let (workspaces, moduli) = (workspaces.as_mut_ptr(), moduli.as_ptr());
    // SAFETY: as in `go_on`, for two of each, one behind the other; there are functions for layouts that take turns.
    unsafe { kernel(operation, ptr::null_mut(), windows.as_ptr().cast(), moduli, workspaces, windows.len()) }
}

/// The kernel: see `entry.s`, where the operations and registers are.
///
/// # Safety
/// For the processor: [`super::Ifma`]. For memory: `operand` and `other` are what the operation takes, `workspace` one for an exponentiation,
/// `modulus` one made by [`Modulus::new`].
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
        include_str!("rows.s"),
        include_str!("carry.s"),
        include_str!("turns.s"),
        include_str!("shapes.s"),
        square = const SQUARE,
        first = const FIRST,
        first_in_turns = const FIRST_IN_TURNS,
        window = const WINDOW,
        window_in_turns = const WINDOW_IN_TURNS,
        workspace_size = const size_of::<Workspace>(),
        modulus_size = const size_of::<Modulus>(),
        power = const offset_of!(Workspace, power),
        factor = const offset_of!(Workspace, factor),
        table = const offset_of!(Workspace, table),
        shape = const SHAPE,
        share = const SHARE,
        length = const LENGTH,
        digits = const DIGITS,
        mask = const offset_of!(Modulus, mask),
        two_52 = const offset_of!(Modulus, two_52),
        bits = const offset_of!(Modulus, bits),
        one = const offset_of!(Modulus, unit),
        n = const offset_of!(Modulus, n),
        friendly = const offset_of!(Modulus, friendly),
        inverse = const offset_of!(Modulus, inverse),
    )
}
