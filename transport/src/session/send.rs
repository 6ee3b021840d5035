//! The sending half of a session: seals data, keepalives, close_notify and alerts. No socket, no clock.

use super::direction::{Direction, InnerType};
use super::limits::{
    CONTENT_START, HEADER_LEN, INNER_HEADER_LEN, MAX_CONTENT, MAX_INNER, RELEASE_AFTER, SMALLEST_BUCKET, TAG_LEN,
};
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
    /// When to let go of what can be made again; never, if no data was sent since that was done last.
    release_at: Option<Duration>,
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
            release_at: None,
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
        self.note_data(now);
        Ok(())
    }

    /// The length on the wire of a record with `len` bytes of data.
    ///
    /// # Panics
    /// When `len` is over [`MAX_CONTENT`].
    pub fn record_len(&self, len: usize) -> usize {
        assert!(len <= MAX_CONTENT, "a record has at most 64 KiB of content");
        HEADER_LEN + self.padding.inner_len(len) + TAG_LEN
    }

    /// Seals one record around data that stands in `room` already, in its `len` bytes from [`CONTENT_START`] on, and so without copying
    /// it. Returns the length of the record, which is [`record_len`](Self::record_len) of `len` and stands at the beginning of `room`.
    ///
    /// # Errors
    /// [`SessionError::Closed`] after [`close`](Self::close).
    ///
    /// # Panics
    /// When `len` is over [`MAX_CONTENT`], or `room` is shorter than the record.
    pub fn data_in_place(&mut self, len: usize, now: Now, room: &mut [u8]) -> Result<usize, SessionError> {
        self.check_open()?;
        let record_len = self.record_len(len);
        let record = &mut room[..record_len];
        record[CONTENT_START + len..].fill(0);
        self.direction.seal_in_place(InnerType::Data, len, record);
        self.note_data(now);
        Ok(record_len)
    }

    fn note_data(&mut self, now: Now) {
        self.activity.note(now);
        self.last_sent = now.elapsed;
        self.release_at = Some(now.elapsed + RELEASE_AFTER);
    }

    /// When [`check_timers`](Self::check_timers) has something to do at the earliest, as a time since the clock's start.
    pub fn deadline(&self) -> Option<Duration> {
        self.keepalive_due().into_iter().chain(self.release_at).min()
    }

    /// Seals a keepalive if one is due. After a second without data, gives back what the next data can make again: the tables of the
    /// key, and the room in `out` that is not in use.
    pub fn check_timers(&mut self, now: Now, out: &mut Vec<u8>) {
        if self.release_at.is_some_and(|due| due <= now.elapsed) {
            self.release();
            out.shrink_to_fit();
        }
        if self.keepalive_due().is_some_and(|due| due <= now.elapsed) {
            self.direction.seal(InnerType::Keepalive, &[], self.padding.inner_len(0), out);
            self.last_sent = now.elapsed;
        }
    }

    fn keepalive_due(&self) -> Option<Duration> {
        (!self.closed && !self.keepalive.is_zero()).then(|| self.last_sent + self.keepalive)
    }

    fn release(&mut self) {
        self.release_at = None;
        self.direction.release();
    }

    /// Ends this direction: seals close_notify. The other direction goes on.
    pub fn close(&mut self, out: &mut Vec<u8>) {
        self.alert(Alert::CloseNotify, out);
    }

    /// Seals an alert and ends this direction. Nothing happens if it has ended already.
    pub fn alert(&mut self, alert: Alert, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.closed, true) {
            self.direction.seal(InnerType::Alert, &[alert as u8], self.padding.inner_len(1), out);
            self.release();
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
