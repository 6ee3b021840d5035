//! What a full handshake costs the server beside its private operation, and how long it takes for a client:
//!
//! ```sh
//! cargo bench -p sealwire-transport --bench handshake -- cost
//! cargo bench -p sealwire-transport --bench handshake -- latency
//! ```
//!
//! The server has a core to itself: its runtime, the thread on which its RSA work runs, and those that make its keys. Clients are on
//! another core.
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
