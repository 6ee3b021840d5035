//! A key that was asked to release what it can make again: it is as small as a new one, what it gave back was wiped, and it works on.
//! An allocator counts, and looks through what is freed.
#![allow(unsafe_code, missing_docs)]

use sealwire_backends::registry::AEADS;
use sealwire_traits::{Aead, Nonce};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

static LIVE: AtomicUsize = AtomicUsize::new(0);
static FREED: AtomicUsize = AtomicUsize::new(0);
static FREED_UNWIPED: AtomicUsize = AtomicUsize::new(0);

struct Watcher;

// SAFETY: every call goes to the system's allocator; blocks are only read before they are freed.
unsafe impl GlobalAlloc for Watcher {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise. Zeroed, so that reading the whole block later reads nothing uninitialised.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block is still ours, and was zeroed when it was made.
        let bytes = unsafe { std::slice::from_raw_parts(block, layout.size()) };
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        FREED.fetch_add(layout.size(), Ordering::Relaxed);
        FREED_UNWIPED.fetch_add(bytes.iter().filter(|byte| **byte != 0).count(), Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
    // `realloc` of the trait allocates, copies and frees by the functions above.
}

#[global_allocator]
static ALLOCATOR: Watcher = Watcher;

/// Bytes that a key may keep, whatever it has done before.
const SMALL: usize = 2048;
/// Long enough for every table.
const LONG: usize = 16 * 1024;

/// Seals and opens a long record: what it looked like sealed, with its tag.
fn round_trip(key: &dyn Aead, text: &mut [u8; LONG], sealed: &mut [u8; LONG]) -> [u8; 16] {
    let nonce = || Nonce::from_bytes([9; 12]);
    text.fill(7);
    let tag = key.seal(nonce(), b"header", text);
    sealed.copy_from_slice(text);
    key.open(nonce(), b"header", text, &tag).expect("it opens");
    assert!(text.iter().all(|byte| *byte == 7));
    *tag.as_bytes()
}

// One test, since the allocator watches the whole process.
#[test]
fn a_released_key_is_small_and_works_on() {
    let (mut text, mut before, mut after) = ([0; LONG], [0; LONG], [0; LONG]);
    let mut with_tables = 0;
    for algorithm in AEADS.iter().filter(|algorithm| algorithm.available().is_ok()) {
        let raw = vec![3; algorithm.suite().key_len];
        let start = LIVE.load(Ordering::Relaxed);
        let mut key = algorithm.key(&raw).expect("a key");
        let size = || LIVE.load(Ordering::Relaxed) - start;
        let new = size();
        key.release();
        let expected = round_trip(&*key, &mut text, &mut before);
        let used = size();

        let (freed, unwiped) = (FREED.load(Ordering::Relaxed), FREED_UNWIPED.load(Ordering::Relaxed));
        key.release();
        let (freed, unwiped) = (FREED.load(Ordering::Relaxed) - freed, FREED_UNWIPED.load(Ordering::Relaxed) - unwiped);
        assert_eq!((size(), freed, unwiped), (new, used - new, 0), "{algorithm:?}: size, freed, not wiped");
        assert!(new <= SMALL, "{algorithm:?}: {new} bytes");
        with_tables += usize::from(used > new);

        assert_eq!(round_trip(&*key, &mut text, &mut after), expected, "{algorithm:?}");
        assert!(before == after, "{algorithm:?}");
        assert_eq!(size(), used, "{algorithm:?}: the tables are made anew");
    }
    let fused = AEADS.iter().filter(|a| a.available().is_ok() && a.backend() != "portable").count();
    assert_eq!(with_tables, fused, "the fused kernels, and nobody else, have tables");
}
