//! The lookup over backends that are unavailable or broken, which the real lists should never hold.

use super::*;
use sealwire_traits::{Aead, KeyError, Nonce, OpenError, Tag};
use std::sync::atomic::{AtomicUsize, Ordering};

/// AES-256-GCM with a fault: it answers for the real one, or for none.
#[derive(Debug)]
struct Faulty {
    name: &'static str,
    fault: Fault,
    keys_made: AtomicUsize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Absent,
    WrongAnswers,
    WrongTag,
    AcceptsAnything,
    KeepsForgedText,
    None,
}

struct FaultyKey(Fault, Box<dyn Aead>);

impl Aead for FaultyKey {
    fn seal(&self, nonce: Nonce, aad: &[u8], in_out: &mut [u8]) -> Tag {
        let tag = self.1.seal(nonce, aad, in_out);
        // Only one length is wrong, as when a kernel's rare path is.
        if self.0 == Fault::WrongTag && in_out.len() == 1009 { Tag::new([0; 16]) } else { tag }
    }
    fn open(&self, nonce: Nonce, aad: &[u8], in_out: &mut [u8], tag: &Tag) -> Result<(), OpenError> {
        let mut text = in_out.to_vec();
        let opened = self.1.open(nonce, aad, &mut text, tag);
        if opened.is_ok() || self.0 != Fault::KeepsForgedText {
            in_out.copy_from_slice(&text);
        }
        if self.0 == Fault::AcceptsAnything { Ok(()) } else { opened }
    }
}

impl AeadAlgorithm for Faulty {
    fn suite(&self) -> Suite {
        Suite::AES_256_GCM
    }
    fn backend(&self) -> &'static str {
        self.name
    }
    fn available(&self) -> Result<(), Unavailable> {
        if self.fault == Fault::Absent { Err(Unavailable("no such instruction".to_owned())) } else { Ok(()) }
    }
    fn key(&self, key: &[u8]) -> Result<Box<dyn Aead>, KeyError> {
        self.keys_made.fetch_add(1, Ordering::SeqCst);
        let mut key = key.to_vec();
        key[0] ^= u8::from(self.fault == Fault::WrongAnswers);
        Ok(Box::new(FaultyKey(self.fault, AEADS[0].key(&key)?)))
    }
}

fn backend(name: &'static str, fault: Fault) -> &'static Faulty {
    Box::leak(Box::new(Faulty { name, fault, keys_made: AtomicUsize::new(0) }))
}

fn list_of(backends: &[&'static dyn AeadAlgorithm]) -> List<dyn AeadAlgorithm> {
    List {
        kind: Kind::Aead,
        available: |a| a.available(),
        self_test: self_test::aead,
        entries: entries(backends, |a| (a.suite().name, a.backend())),
    }
}

fn lookup(backends: &[&'static Faulty], name: &str) -> Result<&'static str, RegistryError> {
    let backends: Vec<&'static dyn AeadAlgorithm> = backends.iter().map(|&b| b as _).collect();
    list_of(&backends).find("aes-256-gcm", name).map(AeadAlgorithm::backend)
}

#[test]
fn auto_passes_over_the_unavailable_and_the_broken() {
    let absent = backend("absent", Fault::Absent);
    let broken = backend("broken", Fault::WrongTag);
    let good = backend("good", Fault::None);
    let last = backend("last", Fault::None);
    assert_eq!(lookup(&[absent, broken, good, last], AUTO), Ok("good"));
    assert_eq!(absent.keys_made.load(Ordering::SeqCst), 0, "an unavailable backend is never run");
    assert_eq!(last.keys_made.load(Ordering::SeqCst), 0, "the search ends at the first good one");
}

#[test]
fn every_fault_is_found_by_the_self_test() {
    for fault in [Fault::WrongAnswers, Fault::WrongTag, Fault::AcceptsAnything, Fault::KeepsForgedText] {
        let error = lookup(&[backend("broken", fault)], "broken").expect_err("it is broken");
        assert!(matches!(error, RegistryError::SelfTest { name: "broken", .. }), "{fault:?}: {error}");
    }
    assert_eq!(lookup(&[backend("good", Fault::None)], "good"), Ok("good"));
}

#[test]
fn errors_say_what_to_do() {
    let both = [backend("absent", Fault::Absent), backend("broken", Fault::WrongAnswers)];
    let message = |name| lookup(&both, name).expect_err("none can be used").to_string();
    assert_eq!(message("absent"), "aes-256-gcm by absent is unavailable: no such instruction");
    assert_eq!(
        message("broken"),
        "aes-256-gcm by broken failed its self-test and is not used: sealed records gave a wrong result"
    );
    assert_eq!(message("fast"), "unknown backend of aes-256-gcm \"fast\": expected one of auto, absent, broken");
    assert_eq!(
        message(AUTO),
        format!("aes-256-gcm by auto is unavailable: {}; {}", message("absent"), message("broken"))
    );
}

#[test]
fn self_test_runs_once_even_from_many_threads() {
    let good = backend("good", Fault::None);
    let list = list_of(&[good]);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| list.find("aes-256-gcm", "good").map(|_| ()).expect("it is good"));
        }
    });
    assert_eq!(good.keys_made.load(Ordering::SeqCst), 1);
}

#[test]
fn listing_marks_what_auto_takes() {
    let other = |aead: &&&dyn AeadAlgorithm| aead.suite() == Suite::AES_128_GCM && aead.backend() == "portable";
    let other = *AEADS.iter().find(other).expect("always there");
    let list = list_of(&[backend("absent", Fault::Absent), backend("good", Fault::None), other]);
    let lines: Vec<_> = list.listings().into_iter().map(|l| (l.name, l.status.is_ok(), l.auto)).collect();
    assert_eq!(lines, [("absent", false, false), ("good", true, true), ("portable", true, true)]);
}

#[test]
fn the_name_of_a_library_stands_for_the_first_of_its_kernels_that_can_be_used() {
    let absent = backend("library/absent", Fault::Absent);
    let broken = backend("library/broken", Fault::WrongTag);
    let good = backend("library/good", Fault::None);
    let other = backend("other", Fault::None);
    assert_eq!(lookup(&[other, absent, broken, good], "library"), Ok("library/good"));
    assert_eq!(lookup(&[other, good], "library"), Ok("library/good"));
    assert_eq!(lookup(&[other, absent, good], "library/good"), Ok("library/good"));
    let message = |name| lookup(&[absent, other], name).expect_err("it cannot be used").to_string();
    let reason = "aes-256-gcm by library/absent is unavailable: no such instruction";
    assert_eq!(message("library/absent"), reason);
    assert_eq!(message("library"), format!("aes-256-gcm by library is unavailable: {reason}"));
    assert_eq!(
        message("librar"),
        "unknown backend of aes-256-gcm \"librar\": expected one of auto, library, library/absent, other"
    );
}
