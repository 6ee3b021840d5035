//! What a full handshake costs the server beside its private operation, how long it takes for a client, and how much memory the session
//! behind it takes while nobody uses it:
//!
//! ```sh
//! cargo bench -p sealwire-transport --bench handshake -- cost
//! cargo bench -p sealwire-transport --bench handshake -- latency
//! cargo bench -p sealwire-transport --bench handshake -- held
//! ```
//!
//! The server has a core to itself: its runtime, the thread on which its RSA work runs, and those that make its keys. Clients are on
//! another core. Keys have 2048 bits, records AES-256-GCM.
//!
//! On a virtual machine with two cores of an Intel Xeon (Sapphire Rapids) that did nothing else. `cost`, microseconds of the server's
//! processor beside the private operation of 141, medians of 15 batches of 64: measured within the handshakes, and as the difference to
//! private operations on their own.
//!
//! | | within | difference |
//! |---|---|---|
//! | the session alone, without pipe, runtime and second thread | 11 | |
//! | the session alone, client authentication | 35 | |
//! | memory pipe, 8 clients at a time | 83 | 76 |
//! | memory pipe, 8 clients at a time that stay awake | 60 | 51 |
//! | memory pipe, 1 client at a time | 96 | 96 |
//! | memory pipe, 1 client at a time that stays awake | 44 | 45 |
//! | memory pipe, 8 at a time, client authentication | 64 | 62 |
//! | TCP, 8 at a time | 80 | 71 |
//! | TCP, 8 at a time that stay awake | 79 | 70 |
//! | TCP, 1 at a time | 91 | 93 |
//! | TCP, 1 at a time that stays awake | 53 | 54 |
//! | TCP, 1 at a time, client authentication | 115 | 118 |
//! | TCP, 8 at a time, client authentication | 84 | 84 |
//!
//! The same code sleeps and wakes in all of them, and that is what makes up most of the cost here: a server that serves one client falls
//! asleep between its parts of each handshake, and wakes its client twice. Whoever wakes a thread on the other core, which the hypervisor
//! then has to wake too, paid 15 microseconds in this run, and whoever is woken 8. Clients that stay awake need not be woken.
//!
//! All of that is with the end of the connection, which over TCP takes 25; since then it has a column of its own. On two cores of an AMD EPYC
//! (Zen 3), virtual too, in a slow hour (the private operation took 500; in calm minutes 340), `cost` with RSA on threads of its own, and
//! between the server's other tasks, in one piece then, within the handshakes, means of two runs:
//!
//! | | threads | one piece |
//! |---|---|---|
//! | the session alone | 22 | |
//! | memory pipe, 8 clients at a time | 128 | 59 |
//! | memory pipe, 8 clients at a time that stay awake | 105 | 49 |
//! | memory pipe, 1 client at a time | 162 | 129 |
//! | memory pipe, 1 client at a time that stays awake | 141 | 88 |
//! | TCP, 8 at a time | 204 | 142 |
//! | TCP, 8 at a time that stay awake | 158 | 95 |
//! | TCP, 1 at a time | 228, 238 | 181, 405 |
//! | TCP, 1 at a time that stays awake | 181 | 181 |
//!
//! On two cores of an AMD EPYC (Zen 4), virtual too, with a private operation of 170, within the handshakes and without closing, which over TCP
//! takes 15; with RSA on threads of its own, and in slices between the server's other tasks, as is the default (`workers.rsa`):
//!
//! | | threads | slices |
//! |---|---|---|
//! | the session alone | 16 | |
//! | the session alone, client authentication | 37 | |
//! | memory pipe, 8 clients at a time | 75 | 43 |
//! | memory pipe, 8 clients at a time that stay awake | 58 | 24 |
//! | memory pipe, 1 client at a time | 91 | 74 |
//! | memory pipe, 1 client at a time that stays awake | 60 | 37 |
//! | memory pipe, 8 at a time, client authentication | 72 | |
//! | TCP, 8 at a time | 100 | 64 |
//! | TCP, 8 at a time that stay awake | 87 | 50 |
//! | TCP, 1 at a time | 109 | 91 |
//! | TCP, 1 at a time that stays awake | 91 | 71 |
//! | TCP, 8 at a time, client authentication | 99 | |
//!
//! In an hour when others used its host (private operations took up to 200), two runs had 66 and 94 with 8 clients over memory and 107 and 142
//! over TCP; in slices 36 and 44, 97 and 71.
//!
//! With several clients, the messages of the others interrupt the thread that does RSA, which here costs as much again as the session, its
//! pipe and its runtime together. Between slices there is nothing to interrupt, and what comes waits for the slice. In one piece, an hour
//! before, 8 clients cost 24 over memory and 53 over TCP: a look at the sockets behind each of five slices costs something as well, and so does
//! this bench's clock, which is read around each.
//!
//! `latency`, milliseconds for a client of 400, one after the other, an hour before and while other programs used the machine at times; the private
//! operation took 318 microseconds then:
//!
//! | | p50 | p95 | p99 |
//! |---|---|---|---|
//! | one key for all | 0.68 | 0.86 | 1.75 |
//! | a key each, from a pool of 32 | 0.72 | 39 | 71 |
//! | a key each, from a pool of 1 that is always empty (100 of them) | 17 | 58 | 69 |
//! | one key for all, beside a thread of the usual priority that makes keys | 0.53 | 3.11 | 4.77 |
//! | one key for all, beside a thread of the lowest priority that makes keys | 0.52 | 0.57 | 0.98 |
//!
//! The lowest priority waits for everybody, other programs included: on a machine that those keep busy, pools are filled slowly, and so
//! the second row takes long.
//!
//! `held`, bytes of resident memory for each of 5000 sessions over TCP: 6300 to 7400 in six runs, the client's socket included.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a program that prints, over what was just made"
)]

#[cfg(target_os = "linux")]
mod alone;
#[cfg(target_os = "linux")]
mod cost;
#[cfg(target_os = "linux")]
mod held;
#[cfg(target_os = "linux")]
mod latency;
#[cfg(target_os = "linux")]
#[path = "../linux/mod.rs"]
mod linux;
#[cfg(target_os = "linux")]
#[path = "../../tests/support/mod.rs"]
mod support;
#[cfg(target_os = "linux")]
mod waking;
#[cfg(target_os = "linux")]
mod watched;

/// In a run by `cargo test --benches` everything takes one turn.
#[cfg(target_os = "linux")]
fn main() {
    let given = |word: &str| std::env::args().any(|arg| arg == word);
    let (is_bench, all) = (given("--bench"), !["cost", "latency", "held"].into_iter().any(given));
    if all || given("cost") {
        cost::main(cost::rounds(is_bench));
    }
    if all || given("latency") {
        latency::main(latency::handshakes(is_bench));
    }
    if all || given("held") {
        held::main(held::sessions(is_bench));
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
