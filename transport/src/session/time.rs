//! Time as the session sees it: an argument.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A moment of a handshake, by both clocks that it needs.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Since some fixed start, never going back: for timers. A session behind its handshake takes this alone.
    pub elapsed: Duration,
    /// Seconds since 1970: for the dates of certificates, and for nothing else.
    pub unix: u64,
}

/// When data last went either way; shared by both halves of a session, for the idle timer.
#[derive(Clone, Default)]
pub(super) struct Activity(Arc<AtomicU64>);

impl Activity {
    pub(super) fn note(&self, now: Duration) {
        let millis = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        // Most records come within the millisecond of the one before: reading is enough for them.
        if self.0.load(Ordering::Relaxed) < millis {
            self.0.fetch_max(millis, Ordering::Relaxed);
        }
    }

    pub(super) fn last(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }
}
