//! What a tunnel costs: the same load straight to where it is going, through two plain hops, and through sealwire, with all connections in
//! one session and with a session for each.
//!
//! ```sh
//! cargo bench -p sealwire --bench tunnel                  # throughput, round trips, connections a second: a minute
//! cargo bench -p sealwire --bench tunnel -- held          # what connections and sessions hold while nothing happens
//! cargo bench -p sealwire --bench tunnel -- short         # 100,000 connections one after another, and memory
//! cargo bench -p sealwire --bench tunnel -- soak 3600     # mixed load for so many seconds, with a new transport key every 2 seconds
//! cargo bench -p sealwire --bench tunnel -- plot soak.csv # what that printed, as a picture (SVG)
//! ```
//!
//! Client and server of a tunnel are processes of their own, the program with its default settings; so are the plain hops, which are this
//! bench without cryptography: they copy 64 KiB at a time. Load and target are threads of the bench. The ways take turns, and a figure is
//! the median of the rounds, with its median ratio to the plain hops of the same round. Every byte is compared with what was sent. Nothing
//! leaves the machine, and everything ends by itself.
//!
//! `../../TUNNEL.md` has figures, and tells how other programs are measured on the same load.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a program that prints, over what was just made"
)]

#[cfg(target_os = "linux")]
mod held;
#[cfg(target_os = "linux")]
mod load;
#[cfg(target_os = "linux")]
mod plot;
#[cfg(target_os = "linux")]
mod race;
#[cfg(target_os = "linux")]
mod soak;
#[cfg(target_os = "linux")]
#[path = "../support/mod.rs"]
mod support;
#[cfg(target_os = "linux")]
mod target;
#[cfg(target_os = "linux")]
mod ways;

#[cfg(target_os = "linux")]
fn main() {
    let given: Vec<String> = std::env::args().collect();
    // A run by `cargo test --benches` is a short one.
    let is_bench = given.iter().any(|arg| arg == "--bench");
    let words: Vec<&str> = given.iter().skip(1).map(String::as_str).filter(|arg| !arg.starts_with("--")).collect();
    match *words {
        [ways::HOP, listen, target] => ways::hop(listen, target),
        ["held"] => held::connections_and_sessions(is_bench),
        ["short"] => held::one_after_another(is_bench),
        ["plot", path] => plot::run(path),
        ["soak", seconds] => soak::run(seconds.parse().expect("a number of seconds")),
        _ => race::run(is_bench),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {
    println!("only Linux shows the memory of processes where this looks for it");
}
