//! GMP's memory, wiped before it is given back.
//!
//! GMP copies and reallocates as it likes and frees without a trace of care, but lets a program set the functions it
//! allocates with. Ours overwrite a block and then hand it to the functions that were set before, so memory that was
//! allocated under those can be freed by these. What GMP takes from the stack instead is overwritten by [`wipe_stack`].
#![allow(unsafe_code)]

use gmp_mpfr_sys::gmp;
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::sync::{Once, OnceLock};
use zeroize::Zeroize;

type Allocate = extern "C" fn(usize) -> *mut c_void;
type Free = unsafe extern "C" fn(*mut c_void, usize);

/// The functions that were set before.
static BEFORE: OnceLock<(Allocate, Free)> = OnceLock::new();

/// From the return of the first call on, GMP's memory is wiped before it is freed.
pub(crate) fn wipe_what_is_freed() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        BEFORE.get_or_init(functions);
        // SAFETY: the three functions keep GMP's contract (GMP manual, chapter 13): they never return null, and they
        // accept blocks of the functions before them, which do the allocating for them. BEFORE is filled, as they need.
        unsafe { gmp::set_memory_functions(Some(allocate), Some(reallocate), Some(free)) }
    });
}

/// The functions that GMP uses now.
fn functions() -> (Allocate, Free) {
    let (mut allocate, mut reallocate, mut free) = (None, None, None);
    // SAFETY: three valid places to write to.
    unsafe { gmp::get_memory_functions(&mut allocate, &mut reallocate, &mut free) }
    match (allocate, free) {
        (Some(allocate), Some(free)) => (allocate, free),
        // GMP has functions at every time; without them it could not work itself.
        _ => std::process::abort(),
    }
}

fn before() -> (Allocate, Free) {
    match BEFORE.get() {
        Some(functions) => *functions,
        None => std::process::abort(),
    }
}

extern "C" fn allocate(size: usize) -> *mut c_void {
    (before().0)(size)
}

unsafe extern "C" fn reallocate(old: *mut c_void, old_size: usize, size: usize) -> *mut c_void {
    // SAFETY: `old` is a block of `old_size` bytes, as GMP promises, the new one has `size`, and they do not overlap.
    unsafe {
        let new = allocate(size);
        std::ptr::copy_nonoverlapping(old.cast::<u8>(), new.cast::<u8>(), old_size.min(size));
        free(old, old_size);
        new
    }
}

unsafe extern "C" fn free(block: *mut c_void, size: usize) {
    // SAFETY: `block` has `size` bytes, as GMP promises, and is given up by it; bytes that may not be initialised are
    // only written.
    unsafe {
        std::slice::from_raw_parts_mut(block.cast::<MaybeUninit<u8>>(), size).zeroize();
        (before().1)(block, size);
    }
}

/// Overwrites the stack below the caller, where a function of GMP that has just returned kept its temporary numbers: up
/// to 64 KiB by `alloca` (more goes to the heap), and its frames.
#[inline(never)]
pub(crate) fn wipe_stack() {
    // Words, not bytes: an element at a time is written.
    let mut room = [0u64; 96 * 1024 / 8];
    room.zeroize();
    std::hint::black_box(&room);
}
