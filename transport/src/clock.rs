//! The clock that a channel lends to its session.

use crate::session::Now;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Counts from the moment it was made, by tokio's clock, so that tests can stop time.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// Starts to count.
    pub fn start() -> Clock {
        Clock { start: Instant::now() }
    }

    /// The moment it is.
    pub fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Now { elapsed: self.elapsed(), unix }
    }

    /// The time since the start: all that a session needs behind its handshake, where the date is not asked for.
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// The instant at which `elapsed` has passed since the start.
    pub(crate) fn at(&self, elapsed: Duration) -> Instant {
        self.start + elapsed
    }
}
