//! The sending half of a session: seals data, keepalives, close_notify and alerts. No socket, no clock.

use super::direction::{Direction, InnerType};
use super::limits::{INNER_HEADER_LEN, MAX_CONTENT, MAX_INNER, SMALLEST_BUCKET};
use super::{Activity, Alert, Now, SessionError, Settings};
use std::time::Duration;

/// How much of the length of data the records hide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Padding {
    /// Records are as long as their content.
    #[default]
    None,
    /// Records are padded to the next power of two from 256 bytes up, as far as a record goes.
    Buckets,
}

impl Padding {
    fn inner_len(self, content: usize) -> usize {
        let inner = INNER_HEADER_LEN + content;
        match self {
            Padding::None => inner,
            Padding::Buckets => inner.next_power_of_two().clamp(SMALLEST_BUCKET, MAX_INNER),
        }
    }
}

/// Seals what this end sends. All methods append whole records to `out`, which the caller writes to the pipe.
pub struct SendHalf {
    direction: Direction,
    padding: Padding,
    keepalive: Duration,
    activity: Activity,
    last_sent: Duration,
    closed: bool,
}

impl SendHalf {
    pub(super) fn new(direction: Direction, settings: &Settings, activity: Activity, now: Now) -> SendHalf {
        SendHalf {
            direction,
            padding: settings.padding,
            keepalive: settings.keepalive,
            activity,
            last_sent: now.elapsed,
            closed: false,
        }
    }

    /// Seals `data` in records of at most 64 KiB.
    ///
    /// # Errors
    /// [`SessionError::Closed`] after [`close`](Self::close).
    pub fn data(&mut self, data: &[u8], now: Now, out: &mut Vec<u8>) -> Result<(), SessionError> {
        self.check_open()?;
        for content in data.chunks(MAX_CONTENT) {
            self.direction.seal(InnerType::Data, content, self.padding.inner_len(content.len()), out);
        }
        self.activity.note(now);
        self.last_sent = now.elapsed;
        Ok(())
    }

    /// When a keepalive is due, as a time since the clock's start; never, if keepalives are off or this direction is closed.
    pub fn keepalive_due(&self) -> Option<Duration> {
        (!self.closed && !self.keepalive.is_zero()).then(|| self.last_sent + self.keepalive)
    }

    /// Seals a keepalive if one is due.
    pub fn keepalive(&mut self, now: Now, out: &mut Vec<u8>) {
        if self.keepalive_due().is_some_and(|due| due <= now.elapsed) {
            self.direction.seal(InnerType::Keepalive, &[], self.padding.inner_len(0), out);
            self.last_sent = now.elapsed;
        }
    }

    /// Ends this direction: seals close_notify. The other direction goes on.
    pub fn close(&mut self, out: &mut Vec<u8>) {
        self.alert(Alert::CloseNotify, out);
    }

    /// Seals an alert and ends this direction. Nothing happens if it has ended already.
    pub fn alert(&mut self, alert: Alert, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.closed, true) {
            self.direction.seal(InnerType::Alert, &[alert as u8], self.padding.inner_len(1), out);
        }
    }

    /// Whether this direction has ended.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    fn check_open(&self) -> Result<(), SessionError> {
        if self.closed { Err(SessionError::Closed) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_powers_of_two_up_to_the_longest_record() {
        let lens = [0, 252, 253, 1020, 1021, 40_000, MAX_CONTENT].map(|len| Padding::Buckets.inner_len(len));
        assert_eq!(lens, [256, 256, 512, 1024, 2048, 65_536.min(MAX_INNER), MAX_INNER]);
    }
}
