//! What a full handshake costs the server beside its private operation: `cargo bench -p sealwire-transport --bench handshake`.
//!
//! The server has a core to itself: its runtime, and the thread on which its RSA work runs. The client is on the other core, all of it on
//! one thread, so that the processor time of the process less that of the client's thread is the server's. Handshakes and private
//! operations of the same size of key take turns in batches, each as long as a pair of blinding factors lasts, and the difference is
//! taken batch by batch. In a run by `cargo test --benches` everything takes one turn.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a program that prints, over what was just made"
)]

#[cfg(target_os = "linux")]
mod cost;
#[cfg(target_os = "linux")]
#[path = "../linux/mod.rs"]
mod linux;
#[cfg(target_os = "linux")]
#[path = "../../tests/support/mod.rs"]
mod support;

#[cfg(target_os = "linux")]
fn main() {
    cost::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("the processor time of single threads is measured on Linux alone");
}
