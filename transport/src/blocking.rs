//! Work on tokio's threads for what blocks, where the system may refuse a thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Has `work` run on one of the blocking threads of the runtime. False when there is no thread for it: then it is not run at all.
///
/// # Panics
/// Outside of a runtime.
pub(crate) fn run_blocking(work: impl FnOnce() + Send + 'static) -> bool {
    let wanted = Arc::new(AtomicBool::new(true));
    let still_wanted = wanted.clone();
    let begin = || {
        tokio::task::spawn_blocking(move || {
            if still_wanted.swap(false, Ordering::AcqRel) {
                work();
            }
        })
    };
    // Without a thread tokio panics, and runs the work all the same when it has one again: too late, unless it has begun by now.
    catch_unwind(AssertUnwindSafe(begin)).is_ok() || !wanted.swap(false, Ordering::AcqRel)
}
