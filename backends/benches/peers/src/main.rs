//! Races sealwire's AES-GCM against other libraries: `taskset -c 1 cargo run --release -- [ROUNDS]`.
//!
//! Every line is a race of its own; `x` is how many times as fast as ring, the median of the ratios turn by turn.

mod race;

use aes_gcm::{AeadInOut, KeyInit};
use openssl::cipher::Cipher;
use openssl::cipher_ctx::CipherCtx;
use race::{Result, Runner, race, report};
use sealwire_backends::registry;
use sealwire_traits::{Aead, Nonce, Tag};
use std::hint::black_box;
use std::time::{Duration, Instant};

const AAD: [u8; 13] = [3; 13];
const NONCE: [u8; 12] = [1; 12];
const SIZES: [usize; 6] = [64, 256, 1024, 4096, 16 * 1024, 1 << 20];

fn main() {
    let rounds = std::env::args().nth(1).map_or(101, |rounds| rounds.parse().expect("a number of rounds"));
    for (suite, key_len) in [("aes-128-gcm", 16), ("aes-256-gcm", 32)] {
        let key: Vec<u8> = (0..key_len).collect();
        println!("\n{suite}, {rounds} rounds, GB/s (x ring)");
        for size in SIZES {
            report(&format!("seal {size:>8}"), race(seals(suite, &key, size), rounds), throughput(size));
        }
        for size in SIZES {
            report(&format!("open {size:>8}"), race(opens(suite, &key, size), rounds), throughput(size));
        }
        report("key setup    ", race(setups(suite, &key), rounds), |result| {
            format!("{:.0} ns (x{:.2})", result.seconds * 1e9, 1.0 / result.ratio)
        });
    }
}

fn throughput(bytes: usize) -> impl Fn(&Result) -> String {
    move |result| format!("{:.2} (x{:.2})", bytes as f64 / result.seconds / 1e9, 1.0 / result.ratio)
}

/// Every backend of ours that runs here.
fn ours(suite: &str, key: &[u8]) -> Vec<(&'static str, Box<dyn Aead>)> {
    let backends = registry::cipher_backends().into_iter().skip(1);
    backends
        .filter_map(|name| registry::aead(suite, name).ok())
        .map(|algorithm| (algorithm.backend(), algorithm.key(key).expect("key")))
        .collect()
}

fn ring_key(suite: &str, key: &[u8]) -> ring::aead::LessSafeKey {
    let algorithm = if suite == "aes-128-gcm" { &ring::aead::AES_128_GCM } else { &ring::aead::AES_256_GCM };
    ring::aead::LessSafeKey::new(ring::aead::UnboundKey::new(algorithm, key).expect("key"))
}

fn aws_key(suite: &str, key: &[u8]) -> aws_lc_rs::aead::LessSafeKey {
    let algorithm = if suite == "aes-128-gcm" { &aws_lc_rs::aead::AES_128_GCM } else { &aws_lc_rs::aead::AES_256_GCM };
    aws_lc_rs::aead::LessSafeKey::new(aws_lc_rs::aead::UnboundKey::new(algorithm, key).expect("key"))
}

fn seals<'a>(suite: &'a str, key: &'a [u8], size: usize) -> Vec<Runner<'a>> {
    let mut runners = Vec::new();
    let mut text = vec![0; size];
    let ring = ring_key(suite, key);
    runners.push(Runner::new("ring", move || {
        use ring::aead::{Aad, Nonce};
        let nonce = Nonce::assume_unique_for_key(NONCE);
        let sealed = ring.seal_in_place_separate_tag(nonce, Aad::from(AAD), black_box(&mut text));
        let _ = black_box(sealed.expect("sealed"));
    }));
    for (name, aead) in ours(suite, key) {
        let mut text = vec![0; size];
        runners.push(Runner::new(name, move || {
            black_box(aead.seal(Nonce::from_bytes(NONCE), &AAD, black_box(&mut text)));
        }));
    }
    let aws = aws_key(suite, key);
    let mut text = vec![0; size];
    runners.push(Runner::new("aws-lc-rs", move || {
        use aws_lc_rs::aead::{Aad, Nonce};
        let nonce = Nonce::assume_unique_for_key(NONCE);
        let sealed = aws.seal_in_place_separate_tag(nonce, Aad::from(AAD), black_box(&mut text));
        let _ = black_box(sealed.expect("sealed"));
    }));
    let mut text = vec![0; size];
    let mut rust_crypto = rust_crypto(suite, key);
    runners.push(Runner::new("RustCrypto", move || {
        rust_crypto(black_box(&mut text));
    }));
    runners.push(openssl(suite, key, size));
    runners
}

/// OpenSSL with its context kept: each record sets the nonce alone.
fn openssl<'a>(suite: &str, key: &[u8], size: usize) -> Runner<'a> {
    let cipher = if suite == "aes-128-gcm" { Cipher::aes_128_gcm() } else { Cipher::aes_256_gcm() };
    let mut context = CipherCtx::new().expect("context");
    context.encrypt_init(Some(cipher), Some(key), Some(&NONCE)).expect("key");
    let (text, mut sealed, mut tag) = (vec![0; size], vec![0; size + 16], [0; 16]);
    Runner::new("OpenSSL", move || {
        context.encrypt_init(None, None, Some(&NONCE)).expect("nonce");
        context.cipher_update(&AAD, None).expect("associated data");
        context.cipher_update(black_box(&text), Some(&mut sealed)).expect("text");
        context.cipher_final(&mut sealed[size..]).expect("end");
        context.tag(&mut tag).expect("tag");
        black_box(&sealed);
    })
}

type Seal = Box<dyn FnMut(&mut [u8])>;

fn rust_crypto(suite: &str, key: &[u8]) -> Seal {
    macro_rules! seal {
        ($aead:ty) => {{
            let aead = <$aead>::new_from_slice(key).expect("key");
            Box::new(move |text: &mut [u8]| {
                black_box(aead.encrypt_inout_detached(&NONCE.into(), &AAD, text.into()).expect("sealed"));
            })
        }};
    }
    if suite == "aes-128-gcm" { seal!(aes_gcm::Aes128Gcm) } else { seal!(aes_gcm::Aes256Gcm) }
}

fn opens<'a>(suite: &'a str, key: &'a [u8], size: usize) -> Vec<Runner<'a>> {
    let mut runners = Vec::new();
    let ring = ring_key(suite, key);
    let mut sealed = vec![0; size];
    let tag = {
        use ring::aead::{Aad, Nonce};
        ring.seal_in_place_separate_tag(Nonce::assume_unique_for_key(NONCE), Aad::from(AAD), &mut sealed)
            .expect("sealed")
    };
    let tag: [u8; 16] = tag.as_ref().try_into().expect("16 bytes");
    let record = [sealed.as_slice(), &tag].concat();
    runners.push(opening("ring", &record, move |record| {
        use ring::aead::{Aad, Nonce};
        let nonce = Nonce::assume_unique_for_key(NONCE);
        black_box(ring.open_in_place(nonce, Aad::from(AAD), record).expect("opened"));
    }));
    for (name, aead) in ours(suite, key) {
        runners.push(opening(name, &record, move |record| {
            let (text, tag) = record.split_last_chunk_mut().expect("a tag");
            aead.open(Nonce::from_bytes(NONCE), &AAD, text, &Tag::new(*tag)).expect("opened");
        }));
    }
    let aws = aws_key(suite, key);
    runners.push(opening("aws-lc-rs", &record, move |record| {
        use aws_lc_rs::aead::{Aad, Nonce};
        let nonce = Nonce::assume_unique_for_key(NONCE);
        black_box(aws.open_in_place(nonce, Aad::from(AAD), record).expect("opened"));
    }));
    runners
}

/// Only a valid record is opened at full speed, so some copies of one are made before the time is taken, as many as fit into the
/// smallest cache.
fn opening<'a>(name: &str, record: &[u8], mut open: impl FnMut(&mut [u8]) + 'a) -> Runner<'a> {
    let record = record.to_vec();
    let mut copies = vec![record.clone(); (16 * 1024 / record.len()).max(1)];
    Runner::timed(name, move |times| {
        let mut elapsed = Duration::ZERO;
        let mut left = times as usize;
        while left > 0 {
            let count = left.min(copies.len());
            copies[..count].iter_mut().for_each(|copy| copy.copy_from_slice(&record));
            let start = Instant::now();
            copies[..count].iter_mut().for_each(|copy| open(black_box(copy)));
            elapsed += start.elapsed();
            left -= count;
        }
        elapsed
    })
}

fn setups<'a>(suite: &'a str, key: &'a [u8]) -> Vec<Runner<'a>> {
    let mut runners = vec![Runner::new("ring", move || {
        black_box(ring_key(suite, black_box(key)));
    })];
    for name in registry::cipher_backends().into_iter().skip(1) {
        if let Ok(algorithm) = registry::aead(suite, name) {
            runners.push(Runner::new(name, move || drop(black_box(algorithm.key(black_box(key)).expect("key")))));
        }
    }
    runners.push(Runner::new("aws-lc-rs", move || drop(black_box(aws_key(suite, black_box(key))))));
    runners
}
