//! Races sealwire's portable AES-GCM against RustCrypto's software path: `cargo run --release -- [ROUNDS]`, in this
//! folder, where `.cargo/config.toml` sets the flags that keep RustCrypto off the processor's instructions.
//!
//! Every line is a race of its own; `x` is how many times as fast as RustCrypto, the median of the ratios turn by turn.

#[cfg(not(all(aes_backend = "soft", polyval_backend = "soft")))]
compile_error!("build in the folder of this package, without RUSTFLAGS: .cargo/config.toml has the flags");

#[path = "../../peers/src/race.rs"]
mod race;

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt};
use aes_gcm::{AeadInOut, KeyInit};
use ghash::universal_hash::UniversalHash;
use race::{Runner, race, report};
use sealwire_backends::{aes::AesAlgorithm, registry};
use sealwire_traits::{Aead, AeadAlgorithm, Block, BlockCipherAlgorithm, Nonce};
use std::hint::black_box;

const AAD: [u8; 13] = [3; 13];
const NONCE: [u8; 12] = [1; 12];
const SIZES: [usize; 7] = [0, 64, 256, 1024, 4096, 16 * 1024, 1 << 20];
const BULK: usize = 16 * 1024;

fn main() {
    let rounds = std::env::args().nth(1).map_or(101, |rounds| rounds.parse().expect("a number of rounds"));
    println!("{rounds} rounds, GB/s or ns (x RustCrypto, software)");
    report(&format!("{:<24}", "ghash 16 KiB"), race(ghashes(), rounds), figure(BULK));
    cipher::<aes::Aes128, aes_gcm::Aes128Gcm>("128", 16, rounds);
    cipher::<aes::Aes256, aes_gcm::Aes256Gcm>("256", 32, rounds);
}

/// The lines of one key length.
fn cipher<Cipher, Gcm>(bits: &str, key_len: u8, rounds: usize)
where
    Cipher: KeyInit + BlockCipherEncrypt + BlockCipherDecrypt + 'static,
    Gcm: KeyInit + AeadInOut + 'static,
{
    let key: Vec<u8> = (0..key_len).collect();
    let suite = portable(&format!("aes-{bits}-gcm"));
    let line = |title: &str, bytes: usize, results| {
        report(&format!("{:<24}", format!("aes-{bits}{title}")), results, figure(bytes))
    };
    line(" encrypt 16 KiB", BULK, race(blocks::<Cipher>(&key, true), rounds));
    line(" decrypt 16 KiB", BULK, race(blocks::<Cipher>(&key, false), rounds));
    line(" key", 0, race(block_keys::<Cipher>(&key), rounds));
    for size in SIZES {
        line(&format!("-gcm seal {size:>7}"), size, race(seals::<Gcm>(suite, &key, size), rounds));
    }
    line("-gcm key", 0, race(gcm_keys::<Gcm>(suite, &key), rounds));
}

/// GB/s of so many bytes, or nanoseconds for what has no length; and how many times as fast as the reference.
fn figure(bytes: usize) -> impl Fn(&race::Result) -> String {
    move |result| {
        let figure = match bytes {
            0 => format!("{:.0} ns", result.seconds * 1e9),
            bytes => format!("{:.3}", bytes as f64 / result.seconds / 1e9),
        };
        format!("{figure} (x{:.2})", 1.0 / result.ratio)
    }
}

fn portable(suite: &str) -> &'static dyn AeadAlgorithm {
    registry::aead(suite, "portable").expect("the portable backend")
}

/// RustCrypto's hash alone; ours by a record of associated data alone, which costs a block of the cipher more.
fn ghashes() -> Vec<Runner<'static>> {
    let data = vec![5; BULK];
    let hash = ghash::GHash::new(&[7; 16].into());
    let (theirs, ours) = (data.clone(), data);
    let aead = portable("aes-128-gcm").key(&[7; 16]).expect("key");
    vec![
        Runner::new("RustCrypto", move || {
            let mut hash = hash.clone();
            hash.update_padded(black_box(&theirs));
            black_box(hash.finalize());
        }),
        Runner::new("sealwire", move || {
            black_box(aead.seal(Nonce::from_bytes(NONCE), black_box(&ours), &mut []));
        }),
    ]
}

fn blocks<C>(key: &[u8], encrypt: bool) -> Vec<Runner<'static>>
where
    C: KeyInit + BlockCipherEncrypt + BlockCipherDecrypt + 'static,
{
    let theirs = C::new_from_slice(key).expect("key");
    let ours = AesAlgorithm.key(key).expect("key");
    let mut their_text = vec![aes::cipher::Block::<C>::default(); BULK / 16];
    let mut our_text = vec![Block::default(); BULK / 16];
    vec![
        Runner::new("RustCrypto", move || {
            let text = black_box(&mut their_text[..]);
            if encrypt { theirs.encrypt_blocks(text) } else { theirs.decrypt_blocks(text) }
        }),
        Runner::new("sealwire", move || {
            let text = black_box(&mut our_text[..]);
            if encrypt { ours.encrypt_blocks(text) } else { ours.decrypt_blocks(text) }
        }),
    ]
}

fn block_keys<C: KeyInit>(key: &[u8]) -> Vec<Runner<'_>> {
    vec![
        Runner::new("RustCrypto", move || drop(black_box(C::new_from_slice(black_box(key)).expect("key")))),
        Runner::new("sealwire", move || drop(black_box(AesAlgorithm.key(black_box(key)).expect("key")))),
    ]
}

fn seals<G: KeyInit + AeadInOut + 'static>(
    suite: &'static dyn AeadAlgorithm,
    key: &[u8],
    size: usize,
) -> Vec<Runner<'static>> {
    let theirs = G::new_from_slice(key).expect("key");
    let ours: Box<dyn Aead> = suite.key(key).expect("key");
    let (mut their_text, mut our_text) = (vec![0; size], vec![0; size]);
    let nonce = aes_gcm::aead::Nonce::<G>::try_from(&NONCE[..]).expect("12 bytes");
    vec![
        Runner::new("RustCrypto", move || {
            let text = black_box(&mut their_text[..]);
            black_box(theirs.encrypt_inout_detached(&nonce, &AAD, text.into()).expect("sealed"));
        }),
        Runner::new("sealwire", move || {
            black_box(ours.seal(Nonce::from_bytes(NONCE), &AAD, black_box(&mut our_text)));
        }),
    ]
}

fn gcm_keys<'a, G: KeyInit>(suite: &'static dyn AeadAlgorithm, key: &'a [u8]) -> Vec<Runner<'a>> {
    vec![
        Runner::new("RustCrypto", move || drop(black_box(G::new_from_slice(black_box(key)).expect("key")))),
        Runner::new("sealwire", move || drop(black_box(suite.key(black_box(key)).expect("key")))),
    ]
}
