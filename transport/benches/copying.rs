//! What copying in pieces brings: `taskset -c 1 cargo bench -p sealwire-transport --bench copying`.
//!
//! A record is copied to every eighth byte of a page, whole and in the pieces of `copying.rs`. Shown are the fastest and the slowest of
//! these places, as medians over the turns, and how many times as long as the fastest the slowest takes.
//!
//! On a virtual machine with two cores of an AMD EPYC (Zen 3), glibc 2.36, the median of three runs: whole, 32 times for 16 KiB and 17
//! times for 64 KiB; in pieces, 1.5 and 1.2 times.
#![allow(clippy::print_stdout, reason = "a program that prints")]

#[path = "../src/copying.rs"]
#[allow(dead_code, unreachable_pub, reason = "a bench of one part of it")]
mod copying;

use copying::pieces;
use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

const PAGE: usize = 4096;
const STEP: usize = 8;
const COPIES: u32 = 16;
const TURNS: usize = 31;

fn main() {
    let turns = if std::env::args().any(|arg| arg == "--bench") { TURNS } else { 1 };
    for len in [16 * 1024, 64 * 1024] {
        println!("{len} bytes");
        report("whole", len, turns, |target, source| target.copy_from_slice(source));
        report("in pieces", len, turns, |mut target, source| {
            pieces(source).for_each(|piece| target.write_all(piece).expect("as long as the source"));
        });
    }
}

fn report(name: &str, len: usize, turns: usize, copy: impl Fn(&mut [u8], &[u8])) {
    let (source, mut target) = (vec![5; len], vec![0; len + 2 * PAGE]);
    // The same place in a page as the source, and from there on.
    let front = source.as_ptr().addr().wrapping_sub(target.as_ptr().addr()) % PAGE;
    let places = (0..PAGE).step_by(STEP).map(|behind| {
        let target = &mut target[front + behind..][..len];
        let mut times: Vec<f64> =
            (0..turns).map(|_| time(|| copy(black_box(&mut *target), black_box(&source)))).collect();
        times.sort_by(f64::total_cmp);
        times[turns / 2]
    });
    let (fastest, slowest) = places.fold((f64::MAX, 0_f64), |(low, high), time| (low.min(time), high.max(time)));
    println!("  {name:<10} {fastest:7.0} ns to {slowest:7.0} ns  x{:.2}", slowest / fastest);
}

/// Nanoseconds of one run.
fn time(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..COPIES {
        work();
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(COPIES)
}
