//! An allocator that shows a test every block of memory when it is given back.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that are allocated.
pub(crate) static LIVE: AtomicUsize = AtomicUsize::new(0);

/// The system's allocator, which calls this function with what is freed.
pub(crate) struct Watcher(pub(crate) fn(&[u8]));

// SAFETY: every call goes to the system's allocator; blocks are only read before they are freed.
unsafe impl GlobalAlloc for Watcher {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise. Zeroed, so that reading the whole block later reads nothing uninitialised.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the block is still ours, and was zeroed when it was made.
        (self.0)(unsafe { std::slice::from_raw_parts(block, layout.size()) });
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
    // `realloc` of the trait allocates, copies and frees by the functions above.
}
