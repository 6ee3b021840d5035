//! Work that nobody waits for yet: on threads of the lowest priority, so that those who do wait have the processor first.

use std::thread;

/// Runs `work` on a thread of its own of the lowest priority; where single threads have none (anywhere but on Linux), of the usual one.
/// `None` when there was no thread for it, or it panicked.
///
/// A thread can lower its priority and may not raise it again, so it is not one of tokio's, which serve everybody. One of those waits
/// for it: then a runtime that shuts down waits as well, until the work has wiped what it held.
pub(super) async fn in_background<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let waiting = tokio::task::spawn_blocking(move || {
        let thread = thread::Builder::new().name("transport-key".to_owned());
        let working = thread.spawn(move || {
            lower_priority();
            work()
        });
        working.ok()?.join().ok()
    });
    waiting.await.ok().flatten()
}

/// Of this thread alone: a process number stands for a single thread on Linux (sched(7), "The nice value"). Should it fail, the work is
/// done all the same.
#[cfg(target_os = "linux")]
fn lower_priority() {
    let _ = rustix::process::setpriority_process(None, LOWEST);
}

/// The nicest that a thread can be.
#[cfg(target_os = "linux")]
const LOWEST: i32 = 19;

#[cfg(not(target_os = "linux"))]
fn lower_priority() {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::process::getpriority_process;

    #[tokio::test]
    async fn the_work_has_the_lowest_priority_and_nobody_else() {
        let usual = getpriority_process(None);
        assert_ne!(usual, Ok(LOWEST), "this test shows something from a higher one only");
        assert_eq!(in_background(|| getpriority_process(None)).await, Some(Ok(LOWEST)));
        assert_eq!(tokio::task::spawn_blocking(|| getpriority_process(None)).await.expect("joined"), usual);
        assert_eq!(getpriority_process(None), usual);
    }

    #[tokio::test]
    async fn a_panic_ends_the_work_alone() {
        assert_eq!(in_background(|| panic!("as the test wants")).await, None::<()>);
    }
}
