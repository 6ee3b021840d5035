//! The making of keys, on threads of their own: of the lowest priority when nobody waits yet, so that those who do wait have the processor
//! first.

use crate::blocking::run_blocking;
use std::thread;
use tokio::sync::oneshot;

/// Runs `work` on a thread of its own, of the usual priority or of the lowest; where single threads have none (anywhere but on Linux),
/// always of the usual one. `None` when there was no thread for it, or it panicked.
///
/// A thread can lower its priority and may not raise it again, so it is not one of tokio's, which serve everybody. One of those waits
/// for it: then whoever waits for the end of the runtime waits as well, until the work has wiped what it held.
pub(super) async fn on_a_thread<T: Send + 'static>(
    priority: Priority,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, result) = oneshot::channel();
    let waiting = run_blocking(move || {
        let thread = thread::Builder::new().name("transport-key".to_owned());
        let working = thread.spawn(move || {
            if priority == Priority::Lowest {
                lower_priority();
            }
            work()
        });
        // Nobody may wait any more: then what was made is wiped here.
        drop(done.send(working.ok().and_then(|working| working.join().ok())));
    });
    if waiting { result.await.ok().flatten() } else { None }
}

/// What the work stands behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Priority {
    /// Nothing: somebody waits for it.
    Usual,
    /// Everything else.
    Lowest,
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
        assert_eq!(on_a_thread(Priority::Lowest, || getpriority_process(None)).await, Some(Ok(LOWEST)));
        assert_eq!(on_a_thread(Priority::Usual, || getpriority_process(None)).await, Some(usual));
        assert_eq!(tokio::task::spawn_blocking(|| getpriority_process(None)).await.expect("joined"), usual);
        assert_eq!(getpriority_process(None), usual);
    }

    #[tokio::test]
    async fn a_panic_ends_the_work_alone() {
        assert_eq!(on_a_thread(Priority::Lowest, || panic!("as the test wants")).await, None::<()>);
    }
}
