//! What keys give back is wiped: all of it when they are dropped, and what they can make again when they are asked to release it; then
//! they are as small as new ones, and work on. An allocator counts, and looks through what is freed.
#![allow(unsafe_code, missing_docs)]

#[path = "support/watcher.rs"]
mod watcher;

use sealwire_backends::registry::{AEADS, BLOCK_CIPHERS};
use sealwire_traits::{Aead, Nonce};
use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use watcher::{LIVE, Watcher};

static FREED: AtomicUsize = AtomicUsize::new(0);
static FREED_UNWIPED: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Watcher = Watcher(count);

fn count(freed: &[u8]) {
    FREED.fetch_add(freed.len(), Ordering::Relaxed);
    FREED_UNWIPED.fetch_add(freed.iter().filter(|byte| **byte != 0).count(), Ordering::Relaxed);
}

/// Runs `work`: how many bytes it freed, and how many of them were not zero.
fn freed_by(work: impl FnOnce()) -> (usize, usize) {
    let freed = || (FREED.load(Ordering::Relaxed), FREED_UNWIPED.load(Ordering::Relaxed));
    let before = freed();
    work();
    let after = freed();
    (after.0 - before.0, after.1 - before.1)
}

/// Bytes that a key may keep, whatever it has done before.
const SMALL: usize = 2048;
/// Bytes that are no secret: pointers, the number of rounds, and whether there are tables.
fn plain(backend: &str) -> usize {
    // The portable form consists of several objects. The others have less to leave than a block.
    if backend == "portable" { 28 } else { 12 }
}
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

/// Checks that all `len` bytes of a key are freed, and wiped, when it is dropped.
fn assert_wiped(algorithm: &dyn Debug, backend: &str, len: usize, drop_it: impl FnOnce()) {
    let (freed, unwiped) = freed_by(drop_it);
    assert_eq!(freed, len, "{algorithm:?}");
    assert!(unwiped <= plain(backend), "{algorithm:?}: {unwiped} of {freed} bytes are not wiped");
}

fn block_ciphers_are_wiped() {
    for algorithm in BLOCK_CIPHERS.iter().filter(|algorithm| algorithm.available().is_ok()) {
        for raw in [&[3; 16][..], &[3; 24], &[3; 32]] {
            let start = LIVE.load(Ordering::Relaxed);
            let key = algorithm.key(raw).expect("a key");
            let len = LIVE.load(Ordering::Relaxed) - start;
            assert_wiped(algorithm, algorithm.backend(), len, || drop(key));
        }
    }
}

// One test, since the allocator watches the whole process.
#[test]
fn keys_are_wiped_and_a_released_one_is_small_and_works_on() {
    block_ciphers_are_wiped();
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

        let (freed, unwiped) = freed_by(|| key.release());
        assert_eq!((size(), freed, unwiped), (new, used - new, 0), "{algorithm:?}: size, freed, not wiped");
        assert!(new <= SMALL, "{algorithm:?}: {new} bytes");
        with_tables += usize::from(used > new);

        assert_eq!(round_trip(&*key, &mut text, &mut after), expected, "{algorithm:?}");
        assert!(before == after, "{algorithm:?}");
        assert_eq!(size(), used, "{algorithm:?}: the tables are made anew");
        assert_wiped(algorithm, algorithm.backend(), used, || drop(key));
    }
    let fused = AEADS.iter().filter(|a| a.available().is_ok() && a.backend() != "portable").count();
    assert_eq!(with_tables, fused, "the fused kernels, and nobody else, have tables");
}
