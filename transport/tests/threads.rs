//! What becomes of work for which the system has no thread. The one test of its process: it takes the memory for stacks away from all of it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod support;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sealwire_traits::Slices;
use sealwire_transport::Clock;
use sealwire_transport::server::{Rotation, TransportKeyError, TransportKeys};
use sealwire_transport::workers::{Busy, Workers};
use std::fs;
use std::time::Duration;
use support::{Seeded, server_config};
use tokio::time::timeout;

/// While it lives, there is no room for another stack: those that Rust makes have 2 MiB.
struct NoThreads(Rlimit);

impl NoThreads {
    fn begin() -> NoThreads {
        let usual = getrlimit(Resource::As);
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let used = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.strip_suffix("kB")).unwrap();
        let used: u64 = used.trim().parse().unwrap();
        setrlimit(Resource::As, Rlimit { current: Some((used + 1024) * 1024), ..usual }).unwrap();
        NoThreads(usual)
    }
}

impl Drop for NoThreads {
    fn drop(&mut self) {
        setrlimit(Resource::As, self.0).unwrap();
    }
}

async fn soon<T>(work: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(60), work).await.expect("it does not wait for ever")
}

/// A server's transport keys, made from the numbers of `random`.
async fn transport_keys(random: &'static Seeded) -> Result<TransportKeys, TransportKeyError> {
    let rotation = Rotation::Every(Duration::from_secs(300));
    soon(TransportKeys::start(&server_config(random), 2048, rotation, Clock::start())).await
}

/// Everything that is refused comes first: the C library keeps the stacks of threads that have ended.
#[tokio::test]
async fn without_a_thread_work_is_refused_and_not_done_later() {
    let (workers, random) = (Workers::new(1, 8), Seeded::leaked(1));
    let none = NoThreads::begin();
    for _ in 0..3 {
        assert_eq!(soon(workers.run(Slices::one(|| ()))).await, Err(Busy));
    }
    assert!(matches!(transport_keys(random).await, Err(TransportKeyError::Thread)), "none to wait for the work");
    drop(none);

    // Whatever is left of what was refused stands before this, for the same thread.
    let (seen, now) = (workers.clone(), "Workers(1 of 1 threads at work, 0 of 8 pieces waiting)");
    assert_eq!(soon(workers.run(Slices::one(move || format!("{seen:?}")))).await.as_deref(), Ok(now));
    assert_eq!(random.drawn().len(), 0, "no key was made that nobody waited for");

    let none = NoThreads::begin();
    assert!(
        matches!(transport_keys(random).await, Err(TransportKeyError::Thread)),
        "one to wait, and none for the work"
    );
    drop(none);
    transport_keys(random).await.unwrap();
}
