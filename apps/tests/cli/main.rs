//! The program as its users meet it: the real binary, started, talked to, cut off, signalled and asked for its exit status.

#![cfg(unix)]
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used, reason = "tests")]

mod backends;
mod bench;
mod connections;
mod cpu_limit;
mod cuts;
mod demo;
mod endings;
mod examples;
mod key_files;
mod log;
mod pipe;
mod silence;
mod support;
mod terminal;
mod throughput;
mod transports;
mod trust;
mod tunnel;
