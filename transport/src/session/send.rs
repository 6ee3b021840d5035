//! The sending half of a session: seals data, keepalives, close_notify and alerts. No socket, no clock.

use super::direction::{Direction, InnerType, needs_release, place, record_len};
use super::limits::{INNER_HEADER_LEN, MAX_CONTENT, MAX_INNER, RELEASE_AFTER, SMALLEST_BUCKET};
use super::{Activity, Alert, SessionError, Settings};
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

/// Seals what this end sends, in whole records that the caller writes to the pipe in their order: appended to the caller's `out`, or
/// made where the data stands. `now` is the time since the clock's start.
pub struct SendHalf {
    direction: Direction,
    padding: Padding,
    keepalive: Duration,
    activity: Activity,
    last_sent: Duration,
    /// When to let go of what can be made again; never, if nothing was sent since that was done last but keepalives without padding.
    release_at: Option<Duration>,
    closed: bool,
}

impl SendHalf {
    /// Bytes on the wire of the longest record.
    pub const MAX_RECORD: usize = record_len(MAX_INNER);

    pub(super) fn new(direction: Direction, settings: &Settings, activity: Activity, now: Duration) -> SendHalf {
        SendHalf {
            direction,
            padding: settings.padding,
            keepalive: settings.keepalive,
            activity,
            last_sent: now,
            release_at: None,
            closed: false,
        }
    }

    /// Appends a record of data to `out`. The data is given in parts, which follow one another; of no data no record is made.
    ///
    /// # Errors
    /// [`SessionError::Closed`] after [`close`](Self::close).
    ///
    /// # Panics
    /// When the parts have more than [`MAX_CONTENT`] bytes together.
    pub fn data(&mut self, parts: &[&[u8]], now: Duration, out: &mut Vec<u8>) -> Result<(), SessionError> {
        self.check_open()?;
        let (start, len) = (out.len(), parts.iter().map(|part| part.len()).sum());
        let record = place(parts, self.data_inner_len(len), out);
        let sealed = self.data_in_place(len, now, record)?;
        out.truncate(start + sealed);
        Ok(())
    }

    /// Makes a record around data that stands in `room` already, in its `len` bytes from [`CONTENT_START`](super::CONTENT_START) on.
    /// Returns the length of the record, which stands at the beginning of `room`: [`record_len`](Self::record_len) of `len`, or 0 when
    /// there is no data.
    ///
    /// # Errors
    /// [`SessionError::Closed`] after [`close`](Self::close).
    ///
    /// # Panics
    /// When `len` is over [`MAX_CONTENT`], or `room` is shorter than the record.
    pub fn data_in_place(&mut self, len: usize, now: Duration, room: &mut [u8]) -> Result<usize, SessionError> {
        self.check_open()?;
        if len == 0 {
            return Ok(0);
        }
        let inner_len = self.data_inner_len(len);
        self.direction.seal_in_place(InnerType::Data, len, &mut room[..record_len(inner_len)]);
        self.activity.note(now);
        self.note_sealed(inner_len, now);
        Ok(record_len(inner_len))
    }

    /// The length on the wire of a record with `len` bytes of data.
    ///
    /// # Panics
    /// When `len` is over [`MAX_CONTENT`].
    pub fn record_len(&self, len: usize) -> usize {
        record_len(self.data_inner_len(len))
    }

    fn data_inner_len(&self, len: usize) -> usize {
        assert!(len <= MAX_CONTENT, "a record has at most 64 KiB of content");
        self.padding.inner_len(len)
    }

    fn note_sealed(&mut self, inner_len: usize, now: Duration) {
        self.last_sent = now;
        if needs_release(inner_len) {
            self.release_at = Some(now + RELEASE_AFTER);
        }
    }

    /// When [`check_timers`](Self::check_timers) has something to do at the earliest, as a time since the clock's start.
    pub fn deadline(&self) -> Option<Duration> {
        self.keepalive_due().into_iter().chain(self.release_at).min()
    }

    /// Appends a keepalive to `out` if one is due. After a second without data, drops the tables of the key, which the next data makes
    /// again, and returns true: the caller may let go of the room that it keeps for records.
    pub fn check_timers(&mut self, now: Duration, out: &mut Vec<u8>) -> bool {
        let released = self.release_at.is_some_and(|due| due <= now);
        if released {
            self.release();
        }
        if self.keepalive_due().is_some_and(|due| due <= now) {
            let inner_len = self.padding.inner_len(0);
            self.direction.seal(InnerType::Keepalive, &[], inner_len, out);
            self.note_sealed(inner_len, now);
        }
        released
    }

    fn keepalive_due(&self) -> Option<Duration> {
        (!self.closed && !self.keepalive.is_zero()).then(|| self.last_sent + self.keepalive)
    }

    fn release(&mut self) {
        self.release_at = None;
        self.direction.release();
    }

    /// Ends this direction: appends close_notify to `out`. The other direction goes on.
    pub fn close(&mut self, out: &mut Vec<u8>) {
        self.alert(Alert::CloseNotify, out);
    }

    /// Appends an alert to `out` and ends this direction. Nothing happens if it has ended already.
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

/// A sending half without a peer, for unit tests of what is built on it.
#[cfg(test)]
pub(crate) fn test_sender(settings: &Settings) -> SendHalf {
    let aead = sealwire_backends::registry::aead("aes-128-gcm", "auto").expect("it is built in");
    let direction = Direction::new(aead, sealwire_traits::Secret::zeroed());
    SendHalf::new(direction, settings, Activity::default(), Duration::ZERO)
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
