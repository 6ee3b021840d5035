//! What GMP frees has been wiped: an allocator set under ours looks at every block that comes back.
#![cfg(feature = "gmp")]
#![allow(unsafe_code, missing_docs)]

use gmp_mpfr_sys::gmp;
use sealwire_backends::rsa::{KEY_TRANSPORTS, SIGNATURES};
use sealwire_traits::OsRandom;
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::ffi::c_void;
use std::sync::atomic::{AtomicUsize, Ordering};

static FREED: AtomicUsize = AtomicUsize::new(0);
static UNWIPED: AtomicUsize = AtomicUsize::new(0);

fn layout(size: usize) -> Layout {
    Layout::from_size_align(size, 16).expect("a size that GMP asks for")
}

extern "C" fn allocate(size: usize) -> *mut c_void {
    // SAFETY: GMP asks for more than 0 bytes.
    unsafe { alloc_zeroed(layout(size)).cast() }
}

unsafe extern "C" fn reallocate(old: *mut c_void, old_size: usize, size: usize) -> *mut c_void {
    let new = allocate(size);
    // SAFETY: two blocks of these sizes.
    unsafe {
        std::ptr::copy_nonoverlapping(old.cast::<u8>(), new.cast::<u8>(), old_size.min(size));
        free(old, old_size);
    }
    new
}

unsafe extern "C" fn free(block: *mut c_void, size: usize) {
    // SAFETY: a block of `size` bytes that were zeroed when it was made, and is given up now.
    unsafe {
        let wiped = std::slice::from_raw_parts(block.cast::<u8>(), size).iter().all(|&byte| byte == 0);
        UNWIPED.fetch_add(usize::from(!wiped), Ordering::Relaxed);
        dealloc(block.cast(), layout(size));
    }
    FREED.fetch_add(1, Ordering::Relaxed);
}

fn counts() -> (usize, usize) {
    (FREED.load(Ordering::Relaxed), UNWIPED.load(Ordering::Relaxed))
}

#[test]
fn every_block_is_wiped_before_it_is_freed() {
    // SAFETY: three functions that keep GMP's contract, set before GMP has allocated anything.
    unsafe { gmp::set_memory_functions(Some(allocate), Some(reallocate), Some(free)) };
    drop(rug::Integer::from(1) << 1000);
    let (freed, unwiped) = counts();
    assert!(freed > 0 && unwiped == freed, "GMP by itself does not wipe: {freed} freed, {unwiped} of them unwiped");

    let transport = KEY_TRANSPORTS.iter().find(|transport| transport.engine() == "gmp").expect("built in");
    let scheme = SIGNATURES.iter().find(|scheme| scheme.engine() == "gmp").expect("built in");
    assert_eq!((transport.available(), scheme.available()), (Ok(()), Ok(())));
    let key = transport.generate(2048.into(), &OsRandom, &()).expect("a key");
    assert!(key.unwrap_secret(&[1; 256], b"", &OsRandom).is_ok());
    let signature = scheme.signing_key(&key.to_pkcs8()).expect("our own key").sign(b"message", &OsRandom);
    let public = scheme.verifying_key(key.public_key()).expect("our own key");
    assert!(public.verify(b"message", &signature.expect("a sound key")).is_ok());
    let mut grown = rug::Integer::from(1) << 1000;
    grown <<= 100_000;
    drop(grown);

    let (freed_now, unwiped_now) = counts();
    // Three a power at least, of which the two operations have four; how many the primes take is a matter of luck.
    assert!(freed_now > freed + 12, "{freed_now} blocks were freed");
    assert_eq!(unwiped_now, unwiped, "blocks that came back unwiped");
}
