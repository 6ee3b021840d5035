//! Nothing secret is left in memory that was given back: an allocator looks through every block that is freed for
//! pieces of the key.
//!
//! It sees the heap of Rust, so num-bigint's numbers, the buffers of the DER reader and our own integers; GMP's memory
//! has a test of its own.
#![allow(unsafe_code, missing_docs)]

#[path = "support/watcher.rs"]
mod watcher;

use num_bigint::BigUint;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sealwire_backends::keys::der;
use sealwire_backends::rsa::{KEY_TRANSPORTS, PrivateComponents, PublicComponents, SIGNATURES};
use sealwire_traits::{
    KeySize, KeyTransport, OsRandom, RandomError, Secret, SecretBytes, SecureRandom, SignatureScheme,
};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use watcher::Watcher;

/// Bytes of a secret that are looked for together: enough to meet none by chance.
const PIECE: usize = 8;
const MOST: usize = 64;

/// Pieces that must not be in freed memory. In static memory, so that the search itself allocates nothing.
static PIECES: Mutex<([[u8; PIECE]; MOST], usize)> = Mutex::new(([[0; PIECE]; MOST], 0));
static WATCHING: AtomicBool = AtomicBool::new(false);
static FREED: AtomicUsize = AtomicUsize::new(0);
static FOUND: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Watcher = Watcher(look_through);

fn look_through(block: &[u8]) {
    if !WATCHING.load(Ordering::Relaxed) {
        return;
    }
    let pieces = PIECES.lock().expect("unpoisoned");
    FREED.fetch_add(1, Ordering::Relaxed);
    let found = block.windows(PIECE).any(|window| pieces.0[..pieces.1].iter().any(|piece| piece == window));
    FOUND.fetch_add(usize::from(found), Ordering::Relaxed);
}

/// Looks for the middle of a big-endian number, both as it is and as little-endian limbs have it.
fn look_for(secret: &[u8]) {
    let at = secret.len() / 2;
    let piece: [u8; PIECE] = secret[at..at + PIECE].try_into().expect("a piece");
    let mut reversed = piece;
    reversed.reverse();
    [piece, reversed].into_iter().for_each(add_piece);
}

fn add_piece(piece: [u8; PIECE]) {
    let mut pieces = PIECES.lock().expect("unpoisoned");
    let count = pieces.1;
    pieces.0[count] = piece;
    pieces.1 += 1;
}

fn look_for_all(key: &PrivateComponents) {
    let others = key.others.iter().flat_map(|other| [&other.prime, &other.exponent, &other.coefficient]);
    for secret in [&key.d, &key.p, &key.q, &key.dp, &key.dq, &key.qinv].into_iter().chain(others) {
        look_for(secret.expose());
    }
    for prime in [&key.p, &key.q].into_iter().chain(key.others.iter().map(|other| &other.prime)) {
        add_piece(minus_inverse(prime.expose()).to_le_bytes());
    }
}

/// The random numbers below n that were drawn, and the factors made of the first one: itself, its power and its inverse, as they are and
/// in Montgomery form.
fn look_for_blinding(public: &PublicComponents, draws: Vec<Vec<u8>>) {
    let n = BigUint::from_bytes_be(&public.n);
    let numbers: Vec<_> = draws.iter().filter(|draw| draw.len() == public.n.len()).collect();
    let numbers: Vec<_> = numbers.into_iter().map(|draw| BigUint::from_bytes_be(draw)).filter(|x| x < &n).collect();
    let [r, _mask] = &numbers[..] else { panic!("two numbers make the factors") };
    let inverse = r.modinv(&n).expect("a unit");
    for factor in [r.modpow(&BigUint::from(65537u32), &n), inverse].iter().chain(&numbers) {
        for form in [factor.clone(), (factor << (8 * public.n.len())) % &n] {
            look_for(&form.to_bytes_be());
        }
    }
}

/// A generator that remembers what it gave.
#[derive(Debug)]
struct Recorder {
    random: Seeded,
    draws: Mutex<Vec<Vec<u8>>>,
}

impl SecureRandom for Recorder {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        self.random.fill(bytes)?;
        self.draws.lock().expect("unpoisoned").push(bytes.to_vec());
        Ok(())
    }
}

/// -1 / prime mod 2^64, which Montgomery's method needs, and which gives the lowest limb of the prime away.
fn minus_inverse(prime: &[u8]) -> u64 {
    let limb = u64::from_be_bytes(*prime.last_chunk().expect("a prime"));
    // Newton's iteration: each turn doubles the number of bits that are right, and x is right in three.
    (0..5).fold(limb, |x, _| x.wrapping_mul(2u64.wrapping_sub(limb.wrapping_mul(x)))).wrapping_neg()
}

/// Runs `work` under watch; returns how many freed blocks held a piece.
fn watch(work: impl FnOnce()) -> usize {
    let before = FOUND.load(Ordering::Relaxed);
    WATCHING.store(true, Ordering::Relaxed);
    work();
    WATCHING.store(false, Ordering::Relaxed);
    FOUND.load(Ordering::Relaxed) - before
}

/// A generator that can be repeated.
#[derive(Debug)]
struct Seeded(Mutex<StdRng>);

impl Seeded {
    fn new(seed: u64) -> Seeded {
        Seeded(Mutex::new(StdRng::seed_from_u64(seed)))
    }
}

impl SecureRandom for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        self.0.lock().expect("unpoisoned").fill(bytes);
        Ok(())
    }
}

// One test, since the allocator watches the whole process.
#[test]
fn freed_memory_holds_no_piece_of_a_secret() {
    for (&transport, &scheme) in KEY_TRANSPORTS.iter().zip(SIGNATURES).filter(|(t, _)| t.available().is_ok()) {
        for size in [2048.into(), KeySize { bits: 3072, primes: 3 }] {
            let pkcs8 = make_and_unwrap(transport, size);
            if size.primes == 2 {
                sign(scheme, &pkcs8);
            }
        }
    }
    assert!(FREED.load(Ordering::Relaxed) > 10_000, "the allocator was at work");
}

/// Makes a key and uses it, both under watch for pieces of it. It is still looked for when this returns.
fn make_and_unwrap(transport: &dyn KeyTransport, size: KeySize) -> SecretBytes {
    // The same key twice: the first time to learn what to look for.
    let key = transport.generate(size, &Seeded::new(1), &()).expect("a key");
    let pkcs8 = key.to_pkcs8();
    PIECES.lock().expect("unpoisoned").1 = 0;
    look_for_all(&der::private_from_pkcs8(pkcs8.expose()).expect("our own key"));
    let secret = Secret::<32>::random(&OsRandom).expect("random");
    look_for(secret.expose());

    assert_eq!(watch(|| drop(pkcs8.expose().to_vec())), 1, "a copy that is not wiped is noticed");
    assert_eq!(watch(|| drop(secret.expose().to_vec())), 1);

    let engine = transport.engine();
    let making = watch(|| {
        let again = transport.generate(size, &Seeded::new(1), &()).expect("a key");
        assert!(again.public_key() == key.public_key());
    });
    assert_eq!(making, 0, "generation on {engine}, {size}");
    let public = transport.public_key(key.public_key()).expect("our own key");
    let wrapped = public.wrap_secret(&secret, b"label", &OsRandom).expect("random");
    // A key makes the factors of its blinding for its first operation.
    let recorder = Recorder { random: Seeded::new(2), draws: Mutex::default() };
    let fresh = transport.private_key(&pkcs8).expect("our own key");
    fresh.unwrap_secret(&wrapped, b"label", &recorder).expect("a sound key");
    let components = der::private_from_pkcs8(pkcs8.expose()).expect("our own key");
    look_for_blinding(&components.public, recorder.draws.into_inner().expect("unpoisoned"));
    let unwrapping = watch(|| {
        let key = transport.private_key(&pkcs8).expect("our own key");
        let public = transport.public_key(key.public_key()).expect("our own key");
        public.wrap_secret(&secret, b"label", &OsRandom).expect("random");
        let unwrapped = key.unwrap_secret(&wrapped, b"label", &Seeded::new(2)).expect("a sound key");
        assert!(unwrapped.expose() == secret.expose());
        let mut abandoned = key.unwrapping(&wrapped, b"label", &OsRandom);
        assert!((0..2).all(|_| abandoned.advance().is_none()));
        drop(abandoned);
        assert!(key.to_pkcs8().expose() == pkcs8.expose());
    });
    assert_eq!(unwrapping, 0, "import, wrapping, unwrapping to the end and not, and export on {engine}, {size}");
    pkcs8
}

fn sign(scheme: &dyn SignatureScheme, pkcs8: &SecretBytes) {
    let signing = watch(|| {
        let key = scheme.signing_key(pkcs8).expect("our own key");
        let signature = key.sign(b"message", &OsRandom).expect("a sound key");
        let public = scheme.verifying_key(key.public_key()).expect("our own key");
        assert!(public.verify(b"message", &signature).is_ok());
    });
    assert_eq!(signing, 0, "signing on {}", scheme.engine());
}
