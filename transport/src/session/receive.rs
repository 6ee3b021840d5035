//! The receiving half of a session: opens records and tells data, the end, and everything that ought not to be, apart.

use super::direction::{Direction, InnerType, RecordError, needs_release};
use super::limits::{MAX_BODY, MAX_EMPTY_RECORDS, MAX_KEEPALIVES, RELEASE_AFTER, TAG_LEN};
use super::record::{FrameError, Kind, RecordBuffer};
use super::{Activity, Alert, SessionError, Settings};
use std::ops::Range;
use std::time::Duration;

/// What came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// Data, at least one byte: it stands in [`ReceiveHalf::data`], in the buffer it arrived in.
    Data,
    /// The peer has closed its direction, and all of its data was delivered.
    End,
    /// Nothing whole yet: read more from the pipe into [`ReceiveHalf::space`].
    Nothing,
}

/// Opens what the peer sends. After an error it gives that error for ever. `now` is the time since the clock's start.
pub struct ReceiveHalf {
    direction: Direction,
    buffer: RecordBuffer,
    activity: Activity,
    dead_peer: Duration,
    idle: Duration,
    last_record: Duration,
    empty_records: u64,
    began: Duration,
    keepalives: u64,
    data: Range<usize>,
    /// When to let go of what can be made again; never, if nothing came since that was done last but keepalives without padding.
    release_at: Option<Duration>,
    stream_ended: bool,
    outcome: Option<Result<(), SessionError>>,
}

impl ReceiveHalf {
    /// `buffer` may hold records that came behind the handshake.
    pub(super) fn new(
        direction: Direction,
        buffer: RecordBuffer,
        settings: &Settings,
        activity: Activity,
        now: Duration,
    ) -> ReceiveHalf {
        ReceiveHalf {
            direction,
            buffer,
            activity,
            dead_peer: settings.dead_peer,
            idle: settings.idle,
            last_record: now,
            empty_records: 0,
            began: now,
            keepalives: 0,
            data: 0..0,
            // The handshake has left room behind.
            release_at: Some(now + RELEASE_AFTER),
            stream_ended: false,
            outcome: None,
        }
    }

    /// Room for the pipe to read into.
    pub fn space(&mut self) -> &mut [u8] {
        self.data = 0..0;
        self.buffer.space()
    }

    /// `count` bytes were read into [`space`](Self::space); 0 means that the stream has ended.
    ///
    /// # Panics
    /// When there was no room for so many.
    pub fn filled(&mut self, count: usize) {
        self.stream_ended |= count == 0;
        self.buffer.filled(count);
    }

    /// The data that the last [`next`](Self::next) announced, until it or [`space`](Self::space) is called again.
    pub fn data(&self) -> &[u8] {
        self.buffer.content(self.data.clone())
    }

    /// The next piece of data, or the end.
    ///
    /// # Errors
    /// [`SessionError`]: the first record that does not open, a broken rule, the peer's alert, or a stream that ended without
    /// close_notify.
    pub fn next(&mut self, now: Duration) -> Result<Received, SessionError> {
        if !std::mem::take(&mut self.data).is_empty() {
            // However long the reader of the data took, the peer is not to blame: its silence counts from here.
            self.note_data(now);
        }
        loop {
            match &self.outcome {
                Some(Ok(())) => return Ok(Received::End),
                Some(Err(error)) => return Err(error.clone()),
                None => {}
            }
            match self.open_next(now) {
                Ok(None) if !self.stream_ended => return Ok(Received::Nothing),
                Ok(None) => return Err(self.fail(SessionError::Truncated)),
                Ok(Some((InnerType::Data, content))) if !content.is_empty() => {
                    self.note_data(now);
                    self.empty_records = 0;
                    self.data = content;
                    return Ok(Received::Data);
                }
                Ok(Some((inner, content))) => {
                    self.last_record = now;
                    self.control(inner, content, now).map_err(|error| self.fail(error))?;
                }
                Err(error) => return Err(self.fail(error)),
            }
        }
    }

    fn note_data(&mut self, now: Duration) {
        self.last_record = now;
        self.activity.note(now);
    }

    /// Opens the next whole record of the buffer: its type, and where its content stands.
    fn open_next(&mut self, now: Duration) -> Result<Option<(InnerType, Range<usize>)>, SessionError> {
        let only_sealed = |kind| (kind == Kind::Sealed).then_some(MAX_BODY);
        let record = self.buffer.next(only_sealed).map_err(|error| match error {
            FrameError::Kind => SessionError::Protocol("a record in the clear"),
            FrameError::Length => SessionError::Protocol("a record that is too long"),
        })?;
        let Some(record) = record else { return Ok(None) };
        let inner_len = record.body.len().saturating_sub(TAG_LEN);
        let opened = self.direction.open(record);
        if needs_release(inner_len) {
            self.release_at = Some(now + RELEASE_AFTER);
            self.buffer.expect_more();
        }
        opened.map(Some).map_err(|error| match error {
            RecordError::Seal => SessionError::BadRecord,
            RecordError::Inner(what) => SessionError::Protocol(what),
        })
    }

    /// Everything but data: counts it, ends on it, or refuses it.
    fn control(&mut self, inner: InnerType, content: Range<usize>, now: Duration) -> Result<(), SessionError> {
        match inner {
            InnerType::Data => {
                self.empty_records += 1;
                limit(self.empty_records, MAX_EMPTY_RECORDS, "too many empty records in a row")
            }
            InnerType::Keepalive if !content.is_empty() => Err(SessionError::Protocol("a keepalive with content")),
            InnerType::Keepalive => {
                self.keepalives += 1;
                // Counted over the whole session: those that came while nobody read are looked at in one moment.
                let seconds = now.saturating_sub(self.began).as_secs();
                limit(self.keepalives, MAX_KEEPALIVES + seconds, "too many keepalives")
            }
            InnerType::Alert => match Alert::from_wire(self.buffer.content(content)) {
                Some(Alert::CloseNotify) => {
                    self.end(Ok(()));
                    Ok(())
                }
                Some(alert) => Err(SessionError::Alert(alert)),
                None => Err(SessionError::Protocol("an unknown alert")),
            },
            InnerType::Handshake => Err(SessionError::Protocol("a handshake message after the handshake")),
            InnerType::KeyRefresh => Err(SessionError::Protocol("a key refresh, which this version does not do")),
        }
    }

    /// When [`check_timers`](Self::check_timers) has something to do or to say at the earliest, as a time since the clock's start.
    pub fn deadline(&self) -> Option<Duration> {
        if self.outcome.is_some() {
            return None;
        }
        [self.dead_at(), self.idle_at(), self.release_due()].into_iter().flatten().min()
    }

    /// Notices a peer from which no whole record came for too long, or a session without data. Bytes of a record that never becomes
    /// whole do not count. After a second without data, gives back what the next data can make again: the tables of the key, and the
    /// room for long records.
    ///
    /// # Errors
    /// [`SessionError::DeadPeer`] and [`SessionError::Idle`].
    pub fn check_timers(&mut self, now: Duration) -> Result<(), SessionError> {
        let passed = |due: Option<Duration>| due.is_some_and(|due| due <= now);
        if self.outcome.is_some() {
            Ok(())
        } else if passed(self.dead_at()) {
            Err(self.fail(SessionError::DeadPeer(self.dead_peer.as_secs())))
        } else if passed(self.idle_at()) {
            Err(self.fail(SessionError::Idle(self.idle.as_secs())))
        } else {
            if passed(self.release_due()) {
                self.release();
            }
            Ok(())
        }
    }

    fn dead_at(&self) -> Option<Duration> {
        (!self.dead_peer.is_zero()).then(|| self.last_record + self.dead_peer)
    }

    fn idle_at(&self) -> Option<Duration> {
        (!self.idle.is_zero()).then(|| self.activity.last() + self.idle)
    }

    /// Not while data is in the hands of its reader, since it stands in the buffer.
    fn release_due(&self) -> Option<Duration> {
        self.release_at.filter(|_| self.data.is_empty())
    }

    fn release(&mut self) {
        self.release_at = None;
        self.direction.release();
        if self.data.is_empty() {
            self.buffer.release();
        }
    }

    fn fail(&mut self, error: SessionError) -> SessionError {
        self.end(Err(error.clone()));
        error
    }

    /// Nothing is opened any more.
    fn end(&mut self, outcome: Result<(), SessionError>) {
        self.outcome = Some(outcome);
        self.release();
    }
}

fn limit(count: u64, max: u64, what: &'static str) -> Result<(), SessionError> {
    if count > max { Err(SessionError::Protocol(what)) } else { Ok(()) }
}
