//! `sealwire bench`: what every backend reaches on this machine. Backends take turns, so that a change of the processor's speed meets
//! all of them alike, and medians are shown. Pin the program to one core for steadier figures (`taskset -c 1 sealwire bench`).

use crate::error::AppError;
use crate::print;
use sealwire_backends::registry;
use sealwire_backends::rsa;
use sealwire_traits::{
    Aead, AeadAlgorithm, KeyTransport, Nonce, OsRandom, PreMaster, SecretBytes, SignatureScheme, UnwrapKey, WrapKey,
};
use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Bytes in the records that are sealed and opened.
const SIZES: [(usize, &str); 4] = [(64, "64 B"), (1024, "1 KiB"), (16 * 1024, "16 KiB"), (1024 * 1024, "1 MiB")];
/// Sizes of RSA keys.
const BITS: [usize; 2] = [2048, 3072];
/// Turns that each competitor takes, and how long one lasts at least.
const TURNS: usize = 21;
const TURN: Duration = Duration::from_millis(3);
const LABEL: &[u8] = b"bench";

/// Measures everything that is available, and prints as it goes.
///
/// # Errors
/// [`AppError`] when a key cannot be made or standard output is gone.
pub fn run() -> Result<(), AppError> {
    for suite in registry::suites() {
        let backends: Vec<_> =
            registry::AEADS.iter().copied().filter(|a| a.suite().name == suite && usable(*a)).collect();
        print(&aead_table(suite, &backends)?)?;
    }
    for bits in BITS {
        print(&rsa_table(bits)?)?;
    }
    Ok(())
}

fn usable(algorithm: &dyn AeadAlgorithm) -> bool {
    registry::aead(algorithm.suite().name, algorithm.backend()).is_ok()
}

/// One competitor: its name, and its work.
type Runner<'a> = (String, Box<dyn FnMut() + 'a>);

/// The median time of one run of each competitor, in seconds. They take turns.
fn race(runners: &mut [Runner<'_>]) -> Vec<f64> {
    let mut times = vec![Vec::with_capacity(TURNS); runners.len()];
    for _ in 0..TURNS {
        for ((_, work), times) in runners.iter_mut().zip(&mut times) {
            let (start, mut runs) = (Instant::now(), 0);
            while start.elapsed() < TURN {
                work();
                runs += 1;
            }
            times.push(start.elapsed().as_secs_f64() / f64::from(runs));
        }
    }
    times.iter_mut().map(|times| median(times)).collect()
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn aead_table(suite: &str, backends: &[&'static dyn AeadAlgorithm]) -> Result<String, AppError> {
    let mut rows: Vec<(String, Vec<f64>)> = Vec::new();
    for (size, _) in SIZES {
        let mut runners = Vec::new();
        for algorithm in backends {
            let name = algorithm.backend();
            runners.push((format!("seal {name}"), seals(new_key(*algorithm)?, size)));
            runners.push((format!("open {name}"), opens(new_key(*algorithm)?, size)));
        }
        let times = race(&mut runners);
        for (i, ((name, _), seconds)) in runners.iter().zip(times).enumerate() {
            if rows.len() <= i {
                rows.push((name.clone(), Vec::new()));
            }
            rows[i].1.push(size as f64 / seconds / 1e9);
        }
    }
    let mut out = format!("{suite}, GB/s\n{:<20}", "");
    for (_, title) in SIZES {
        let _ = write!(out, "{title:>10}");
    }
    for (name, rates) in rows {
        let _ = write!(out, "\n{name:<20}");
        for rate in rates {
            let _ = write!(out, "{rate:>10.3}");
        }
    }
    out.push_str("\n\n");
    Ok(out)
}

fn new_key(algorithm: &dyn AeadAlgorithm) -> Result<Box<dyn Aead>, AppError> {
    let key = vec![7; algorithm.suite().key_len];
    algorithm.key(&key).map_err(|error| AppError::Usage(error.to_string()))
}

fn seals(aead: Box<dyn Aead>, size: usize) -> Box<dyn FnMut()> {
    let mut record = vec![0; size];
    Box::new(move || {
        black_box(aead.seal(Nonce::from_bytes([1; 12]), &[0; 4], black_box(&mut record)));
    })
}

/// Each turn opens a copy of the same sealed record; making the copy is part of the time.
fn opens(aead: Box<dyn Aead>, size: usize) -> Box<dyn FnMut()> {
    let mut sealed = vec![0; size];
    let tag = aead.seal(Nonce::from_bytes([1; 12]), &[0; 4], &mut sealed);
    let mut record = sealed.clone();
    Box::new(move || {
        record.copy_from_slice(&sealed);
        let opened = aead.open(Nonce::from_bytes([1; 12]), &[0; 4], black_box(&mut record), &tag);
        assert!(black_box(opened).is_ok(), "a record that was just sealed opens");
    })
}

/// Every engine on the same key, so that all do the same work.
fn rsa_table(bits: usize) -> Result<String, AppError> {
    let transports: Vec<_> = rsa::KEY_TRANSPORTS.iter().copied().filter(|t| t.available().is_ok()).collect();
    let signatures: Vec<_> = rsa::SIGNATURES.iter().copied().filter(|s| s.available().is_ok()).collect();
    let Some(first) = transports.first() else { return Ok(String::new()) };
    let pkcs8 = first.generate(bits, &OsRandom, &())?.to_pkcs8();
    let mut runners = Vec::new();
    for transport in transports {
        transport_runners(transport, &pkcs8, &mut runners)?;
    }
    for signature in signatures {
        signature_runners(signature, &pkcs8, &mut runners)?;
    }
    let mut out = format!("rsa, {bits} bits\n{:<34}{:>12}{:>12}\n", "", "us", "a second");
    let times = race(&mut runners);
    for ((name, _), seconds) in runners.iter().zip(times) {
        let _ = writeln!(out, "{name:<34}{:>12.1}{:>12.0}", seconds * 1e6, 1.0 / seconds);
    }
    out.push('\n');
    Ok(out)
}

fn transport_runners(
    transport: &'static dyn KeyTransport,
    pkcs8: &SecretBytes,
    runners: &mut Vec<Runner<'_>>,
) -> Result<(), AppError> {
    let sound = |error: sealwire_traits::KeyError| AppError::Usage(error.to_string());
    let private: Box<dyn UnwrapKey> = transport.private_key(pkcs8).map_err(sound)?;
    let public: Box<dyn WrapKey> = transport.public_key(private.public_key()).map_err(sound)?;
    let name = transport.engine();
    let secret = PreMaster::zeroed();
    let wrapped = public.wrap_secret(&secret, LABEL, &OsRandom).map_err(|error| AppError::Usage(error.to_string()))?;
    runners.push((
        format!("wrap (oaep, public)     {name}"),
        Box::new(move || {
            black_box(public.wrap_secret(&secret, LABEL, &OsRandom)).ok();
        }),
    ));
    runners.push((
        format!("unwrap (oaep, private)  {name}"),
        Box::new(move || {
            black_box(private.unwrap_secret(black_box(&wrapped), LABEL, &OsRandom)).ok();
        }),
    ));
    Ok(())
}

fn signature_runners(
    scheme: &'static dyn SignatureScheme,
    pkcs8: &SecretBytes,
    runners: &mut Vec<Runner<'_>>,
) -> Result<(), AppError> {
    let sound = |error: sealwire_traits::KeyError| AppError::Usage(error.to_string());
    let signing = scheme.signing_key(pkcs8).map_err(sound)?;
    let verifying = scheme.verifying_key(signing.public_key()).map_err(sound)?;
    let name = scheme.engine();
    let signature = signing.sign(LABEL, &OsRandom).map_err(|error| AppError::Usage(error.to_string()))?;
    runners.push((
        format!("sign (pss, private)     {name}"),
        Box::new(move || {
            black_box(signing.sign(LABEL, &OsRandom)).ok();
        }),
    ));
    runners.push((
        format!("verify (pss, public)    {name}"),
        Box::new(move || {
            black_box(verifying.verify(LABEL, black_box(&signature))).ok();
        }),
    ));
    Ok(())
}
