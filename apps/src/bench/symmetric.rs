//! Block ciphers and AEADs: what goes through them, and what a key costs.

use super::broken;
use super::race::Runner;
use super::table::{self, Column};
use crate::error::AppError;
use sealwire_traits::{Aead, AeadAlgorithm, BLOCK_LEN, BlockCipherAlgorithm, KeyError, Nonce};
use std::hint::black_box;

/// Bytes in the records that are sealed and opened.
const SIZES: [(usize, &str); 6] =
    [(64, "64 B"), (256, "256 B"), (1024, "1 KiB"), (4096, "4 KiB"), (16 << 10, "16 KiB"), (1 << 20, "1 MiB")];
/// Blocks in one call of a block cipher.
const BATCH: usize = 1024;
const NONCE: [u8; 12] = [1; 12];
const AAD: [u8; 4] = [0; 4];

/// Each block cipher by itself, a column for each length of its keys.
pub(super) fn blocks(backends: &[&'static dyn BlockCipherAlgorithm]) -> Result<String, AppError> {
    let lens = backends.first().map_or(&[][..], |backend| backend.key_lens());
    let columns = lens.iter().map(|&len| {
        let mut runners = Vec::new();
        for backend in backends {
            runners.extend(block_runners(*backend, len)?);
        }
        Ok(Column { title: format!("{} bits", len * 8), bytes: BATCH * BLOCK_LEN, runners })
    });
    let columns = columns.collect::<Result<_, KeyError>>().map_err(broken)?;
    Ok(table::rates("blocks, 16 KiB a call, GB/s", columns))
}

fn block_runners(algorithm: &dyn BlockCipherAlgorithm, key_len: usize) -> Result<[Runner; 2], KeyError> {
    let key = vec![7; key_len];
    let (encrypting, decrypting) = (algorithm.key(&key)?, algorithm.key(&key)?);
    let (mut plain, mut sealed) = (vec![[0; BLOCK_LEN]; BATCH], vec![[0; BLOCK_LEN]; BATCH]);
    let (cipher, backend) = (algorithm.cipher(), algorithm.backend());
    Ok([
        Runner::new(&format!("{cipher} encrypt"), backend, move || encrypting.encrypt_blocks(black_box(&mut plain))),
        Runner::new(&format!("{cipher} decrypt"), backend, move || decrypting.decrypt_blocks(black_box(&mut sealed))),
    ])
}

/// Records sealed and opened in place, a column for each size.
pub(super) fn records(suite: &str, backends: &[&'static dyn AeadAlgorithm]) -> Result<String, AppError> {
    let columns = SIZES.iter().map(|&(bytes, title)| {
        let mut runners = Vec::new();
        for backend in backends {
            runners.push(seals(*backend, bytes)?);
            runners.push(opens(*backend, bytes)?);
        }
        Ok(Column { title: title.to_owned(), bytes, runners })
    });
    let columns = columns.collect::<Result<_, KeyError>>().map_err(broken)?;
    Ok(table::rates(&format!("{suite}, GB/s"), columns))
}

fn new_key(algorithm: &dyn AeadAlgorithm) -> Result<Box<dyn Aead>, KeyError> {
    algorithm.key(black_box(&[7; 32][..algorithm.suite().key_len]))
}

fn seals(algorithm: &dyn AeadAlgorithm, size: usize) -> Result<Runner, KeyError> {
    let aead = new_key(algorithm)?;
    let mut record = vec![0; size];
    Ok(Runner::new("seal", algorithm.backend(), move || {
        black_box(aead.seal(Nonce::from_bytes(NONCE), &AAD, black_box(&mut record)));
    }))
}

/// Each run opens a copy of the same sealed record; making the copy is part of the time, as is printed.
fn opens(algorithm: &dyn AeadAlgorithm, size: usize) -> Result<Runner, KeyError> {
    let aead = new_key(algorithm)?;
    let mut sealed = vec![0; size];
    let tag = aead.seal(Nonce::from_bytes(NONCE), &AAD, &mut sealed);
    let mut record = sealed.clone();
    Ok(Runner::new("open", algorithm.backend(), move || {
        record.copy_from_slice(&sealed);
        let opened = aead.open(Nonce::from_bytes(NONCE), &AAD, black_box(&mut record), &tag);
        assert!(black_box(opened).is_ok(), "a record that was just sealed opens");
    }))
}

/// Keys prepared and wiped again.
pub(super) fn keys(suite: &str, backends: &[&'static dyn AeadAlgorithm]) -> String {
    let runner = |&backend: &&'static dyn AeadAlgorithm| {
        Runner::new("new key", backend.backend(), move || drop(black_box(new_key(backend))))
    };
    table::operations(&format!("{suite}, keys"), backends.iter().map(runner).collect())
}
