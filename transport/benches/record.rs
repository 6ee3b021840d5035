//! What a record of 16 KiB costs through the session, next to the AEAD alone: `taskset -c 1 cargo bench -p sealwire-transport`.
//!
//! Every way to carry a record is timed against the bare AEAD, which seals and opens the same bytes in place. They take turns, so that
//! a change of the processor's speed meets all alike; `x` is the median of the ratios to the bare AEAD, turn by turn. In a run by
//! `cargo test --benches` everything takes one turn.
//!
//! On a virtual machine with two cores of an AMD EPYC (Zen 3), the other core busy, eight runs: the median of their ratios, and the
//! lowest and the highest:
//!
//! | | in place | copied in, copied across | channel over the memory pipe |
//! |---|---|---|---|
//! | aes-128-gcm (`vaes`) | 1.013 (1.007 to 1.015) | 1.222 (1.211 to 1.234) | 1.358 (1.348 to 1.372) |
//! | aes-256-gcm (`vaes`) | 1.017 (1.009 to 1.031) | 1.193 (1.185 to 1.222) | 1.318 (1.309 to 1.336) |
//!
//! Three copies of the record are most of what the channel takes: into the sender's buffer, into the pipe and out of it.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program that prints, over what was just made")]

#[path = "../src/copying.rs"]
#[allow(dead_code, unreachable_pub, reason = "a bench of one part of it")]
mod copying;
#[path = "../tests/support/mod.rs"]
mod support;

use sealwire_backends::registry;
use sealwire_traits::{AeadAlgorithm, Iv, Nonce, OsRandom};
use sealwire_transport::channel::Channel;
use sealwire_transport::pipe::Memory;
use sealwire_transport::session::{ClientConfig, ReceiveHalf, Received, SendHalf};
use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};
use support::channels::{accept_with, connect_with};
use support::drive::{Party, shake};
use support::*;

const LEN: usize = 16 * 1024;
/// Records that go one after another before the clock is looked at.
const BATCH: u32 = 32;
/// Short, so that what takes the core away for a while meets whole rounds.
const TURN: Duration = Duration::from_micros(200);
const ROUNDS: usize = 1001;

fn main() {
    let rounds = if std::env::args().any(|arg| arg == "--bench") { ROUNDS } else { 1 };
    for name in ["aes-128-gcm", "aes-256-gcm"] {
        let algorithm = registry::aead(name, "auto").unwrap();
        let mut runners =
            [bare(algorithm), in_place(algorithm), appended(algorithm), memory_pipe(algorithm)].map(Runner::new);
        for _ in 0..rounds {
            runners.iter_mut().for_each(Runner::turn);
        }
        println!("{name} ({}), a record of {LEN} bytes", algorithm.backend());
        let [reference, ..] = &runners;
        runners.iter().for_each(|runner| runner.report(reference));
    }
}

/// A way to carry a record, and the work for one batch.
type Way = (&'static str, Box<dyn FnMut()>);

struct Runner {
    way: Way,
    /// Seconds a record, a turn each.
    times: Vec<f64>,
}

impl Runner {
    fn new(mut way: Way) -> Runner {
        (way.1)();
        Runner { way, times: Vec::new() }
    }

    fn turn(&mut self) {
        let (start, mut records) = (Instant::now(), 0);
        while start.elapsed() < TURN {
            (self.way.1)();
            records += BATCH;
        }
        self.times.push(start.elapsed().as_secs_f64() / f64::from(records));
    }

    fn report(&self, reference: &Runner) {
        let ratios = self.times.iter().zip(&reference.times).map(|(own, reference)| own / reference);
        let (nanoseconds, ratio) = (median(self.times.iter().copied()) * 1e9, median(ratios));
        println!("  {:<38} {nanoseconds:6.0} ns  x{ratio:.3}", self.way.0);
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The reference: no record around the bytes, and nobody between the two ends.
fn bare(algorithm: &'static dyn AeadAlgorithm) -> Way {
    let key = vec![7; algorithm.suite().key_len];
    let (sealing, opening) = (algorithm.key(&key).unwrap(), algorithm.key(&key).unwrap());
    let (iv, mut sequence, mut text) = (Iv::new([1; 12]), 0, vec![5; LEN]);
    let work = move || {
        for _ in 0..BATCH {
            let tag = sealing.seal(Nonce::new(&iv, sequence), &[0; 4], black_box(&mut text));
            opening.open(Nonce::new(&iv, sequence), &[0; 4], black_box(&mut text), &tag).unwrap();
            sequence += 1;
        }
    };
    ("bare AEAD", Box::new(work))
}

fn client(algorithm: &'static dyn AeadAlgorithm) -> ClientConfig {
    let mut config = client_config(&OsRandom);
    config.provider.aeads = vec![algorithm].leak();
    config
}

fn halves(algorithm: &'static dyn AeadAlgorithm) -> (SendHalf, ReceiveHalf) {
    let shaken = shake(Party::client(client(algorithm)), Party::server(server_config(&OsRandom)));
    (shaken.client.sender, shaken.server.receiver)
}

/// Both halves, with the record made where it is read: what the session itself costs.
fn in_place(algorithm: &'static dyn AeadAlgorithm) -> Way {
    let (mut sender, mut receiver) = halves(algorithm);
    // The first record makes room for those that follow.
    let mut first = Vec::new();
    sender.data(&[&[5; LEN]], at(0), &mut first).unwrap();
    carry(&mut receiver, &first);
    let work = move || {
        for _ in 0..BATCH {
            let len = sender.data_in_place(LEN, at(0), black_box(receiver.space())).unwrap();
            receiver.filled(len);
            take(&mut receiver);
        }
    };
    ("session, in place", Box::new(work))
}

/// Both halves, with the two copies that a caller with data of its own and a pipe make.
fn appended(algorithm: &'static dyn AeadAlgorithm) -> Way {
    let (mut sender, mut receiver) = halves(algorithm);
    let (text, mut wire) = (vec![5; LEN], Vec::new());
    let work = move || {
        for _ in 0..BATCH {
            wire.clear();
            sender.data(&[black_box(&text)], at(0), &mut wire).unwrap();
            carry(&mut receiver, &wire);
        }
    };
    ("session, copied in, copied across", Box::new(work))
}

/// Brings a record to the receiver, in as many pieces as it has room for.
fn carry(receiver: &mut ReceiveHalf, mut wire: &[u8]) {
    while !wire.is_empty() {
        let space = receiver.space();
        let (piece, rest) = wire.split_at(wire.len().min(space.len()));
        let mut room = &mut space[..];
        for part in copying::pieces(piece) {
            room.write_all(part).unwrap();
        }
        receiver.filled(piece.len());
        wire = rest;
        if !wire.is_empty() {
            assert_eq!(receiver.next(at(0)).unwrap(), Received::Nothing);
        }
    }
    take(receiver);
}

/// The record is there, and nothing behind it.
fn take(receiver: &mut ReceiveHalf) {
    assert_eq!(receiver.next(at(0)).unwrap(), Received::Data);
    assert_eq!(black_box(receiver.data()).len(), LEN);
    assert_eq!(receiver.next(at(0)).unwrap(), Received::Nothing);
}

/// A channel within this process, a record at a time.
fn memory_pipe(algorithm: &'static dyn AeadAlgorithm) -> Way {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (client_pipe, server_pipe) = Memory::pair();
    let (at_client, at_server) = runtime.block_on(async {
        tokio::join!(connect_with(client_pipe, client(algorithm)), accept_with(server_pipe, server_config(&OsRandom)))
    });
    let (mut client, mut server): (Channel, Channel) = (at_client.unwrap(), at_server.unwrap());
    let text = vec![5; LEN];
    let work = move || {
        runtime.block_on(async {
            for _ in 0..BATCH {
                client.sender.send(black_box(&text)).await.unwrap();
                assert_eq!(server.receiver.receive().await.unwrap().unwrap().len(), LEN);
            }
        });
    };
    ("channel over the memory pipe", Box::new(work))
}
