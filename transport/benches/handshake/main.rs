//! What a full handshake costs the server beside its private operation, and how long it takes for a client:
//!
//! ```sh
//! cargo bench -p sealwire-transport --bench handshake -- cost
//! cargo bench -p sealwire-transport --bench handshake -- latency
//! ```
//!
//! The server has a core to itself: its runtime, the thread on which its RSA work runs, and those that make its keys. Clients are on
//! another core. Keys have 2048 bits, records AES-256-GCM.
//!
//! On a virtual machine with two cores of an AMD EPYC (Zen 3). `cost`, microseconds of the server's processor beside the private operation
//! of 340, medians of 15 batches of 64, the machine otherwise quiet: measured within the handshakes, and as the difference to private
//! operations on their own.
//!
//! | | within | difference |
//! |---|---|---|
//! | memory pipe, 8 clients at a time | 58 | 61 |
//! | memory pipe, 1 client at a time | 66 | 72 |
//! | memory pipe, 8 at a time, client authentication | 78 | 83 |
//! | TCP, 8 at a time | 133 | 137 |
//! | TCP, 1 at a time | 142 | 147 |
//! | TCP, 8 at a time, client authentication | 153 | 159 |
//!
//! A server that serves one client at a time falls asleep several times in each handshake: the difference between one and eight clients is
//! what that costs.
//!
//! `latency`, milliseconds for a client of 400, one after the other, while the machine compiled other things:
//!
//! | | p50 | p95 | p99 |
//! |---|---|---|---|
//! | one key for all | 0.62 | 0.96 | 3.23 |
//! | a key each, from a pool of 32 | 0.68 | 3.21 | 7.63 |
//! | a key each, from a pool of 1 that is always empty (100 of them) | 44 | 135 | 238 |
//! | one key for all, beside a thread of the usual priority that makes keys | 0.60 | 3.77 | 5.20 |
//! | one key for all, beside a thread of the lowest priority that makes keys | 0.61 | 1.55 | 1.70 |
//!
//! The lowest priority waits for everybody, other programs included: on a machine that those keep busy, pools are filled slowly, and so
//! the second row takes long. The third row is from before keys that somebody waits for were made with the usual priority.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a program that prints, over what was just made"
)]

#[cfg(target_os = "linux")]
mod cost;
#[cfg(target_os = "linux")]
mod latency;
#[cfg(target_os = "linux")]
#[path = "../linux/mod.rs"]
mod linux;
#[cfg(target_os = "linux")]
#[path = "../../tests/support/mod.rs"]
mod support;
#[cfg(target_os = "linux")]
mod watched;

/// In a run by `cargo test --benches` everything takes one turn.
#[cfg(target_os = "linux")]
fn main() {
    let given = |word: &str| std::env::args().any(|arg| arg == word);
    let (is_bench, all) = (given("--bench"), !given("cost") && !given("latency"));
    if all || given("cost") {
        cost::main(cost::rounds(is_bench));
    }
    if all || given("latency") {
        latency::main(latency::handshakes(is_bench));
    }
}

#[cfg(target_os = "linux")]
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("the processor time of single threads is measured on Linux alone");
}
