//! Records on the wire (PROTOCOL.md, "Records"): cutting the incoming stream into records, in place, and writing plain ones.

use super::Alert;
use super::codec::{from_u24, u24};
use super::limits::{HEADER_LEN, MAX_BODY};
use crate::copying::CACHE_LINE;
use std::ops::Range;

/// The kind of a record, its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A handshake message in the clear.
    Handshake,
    /// An alert in the clear.
    Alert,
    /// Anything sealed.
    Sealed,
}

impl Kind {
    pub(super) fn wire(self) -> u8 {
        match self {
            Kind::Handshake => b'H',
            Kind::Alert => b'A',
            Kind::Sealed => b'S',
        }
    }

    fn from_wire(byte: u8) -> Option<Kind> {
        [Kind::Handshake, Kind::Alert, Kind::Sealed].into_iter().find(|kind| kind.wire() == byte)
    }
}

/// A header that no record has here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameError {
    /// Not a kind.
    Kind,
    /// Longer than this kind may be at this point.
    Length,
}

/// A whole record, in the buffer it was read into.
pub(super) struct Record<'a> {
    pub(super) kind: Kind,
    pub(super) header: [u8; HEADER_LEN],
    pub(super) body: &'a mut [u8],
    /// Where the body begins in the buffer, for [`RecordBuffer::content`].
    pub(super) offset: usize,
}

pub(super) fn header(kind: Kind, len: usize) -> [u8; HEADER_LEN] {
    let [a, b, c] = u24(len);
    [kind.wire(), a, b, c]
}

/// A handshake message in the clear, as it travels.
pub(super) fn plain_handshake(body: &[u8]) -> Vec<u8> {
    [&header(Kind::Handshake, body.len()), body].concat()
}

/// An alert in the clear, as it travels.
pub fn plain_alert(alert: Alert) -> Vec<u8> {
    [header(Kind::Alert, 1).as_slice(), &[alert as u8]].concat()
}

/// Bytes asked of the pipe at a time when no longer record is known to come.
const READ_AHEAD: usize = 4 * 1024;
/// The same for a session that is silent: many may be, and the first record behind a silence may well take two reads.
const IDLE_READ_AHEAD: usize = 256;

/// How far from the beginning of `buffer` a record has to start for its body to begin with a line of the cache, less than
/// [`CACHE_LINE`]: a vector that lies across two lines takes longer to load.
pub(crate) fn record_start(buffer: &[u8]) -> usize {
    (buffer.as_ptr().align_offset(CACHE_LINE) + CACHE_LINE - HEADER_LEN) % CACHE_LINE
}

/// Collects bytes from the pipe and hands out whole records. It grows with what came, to twice as much at a time and to no more than the
/// record that has begun: whoever merely claims a length gets no memory for it. It is as long as the longest record until
/// [`release`](Self::release): so a stream of long records is read a record at a time, into memory that is zeroed once.
pub(super) struct RecordBuffer {
    bytes: Vec<u8>,
    /// `bytes[start..end]` came and was not handed out yet.
    start: usize,
    end: usize,
    read_ahead: usize,
}

impl RecordBuffer {
    pub(super) fn new() -> RecordBuffer {
        RecordBuffer { bytes: Vec::new(), start: 0, end: 0, read_ahead: READ_AHEAD }
    }

    /// Room for the pipe to read into; never empty.
    pub(super) fn space(&mut self) -> &mut [u8] {
        let wanted = CACHE_LINE + self.wanted();
        if self.bytes.len() < wanted {
            self.bytes.reserve_exact(wanted - self.bytes.len());
            self.bytes.resize(wanted, 0);
        }
        let front = record_start(&self.bytes);
        self.move_to(front);
        let limit = self.limit();
        &mut self.bytes[self.end..limit]
    }

    /// Moves what is not handed out yet.
    fn move_to(&mut self, front: usize) {
        if front != self.start {
            self.bytes.copy_within(self.start..self.end, front);
            self.end = front + self.end - self.start;
            self.start = front;
        }
    }

    /// More may come than single keepalives: from now on room is made for it, until [`release`](Self::release).
    pub(super) fn expect_more(&mut self) {
        self.read_ahead = READ_AHEAD;
    }

    /// Gives back all room but that of what is not handed out yet, and makes little from now on.
    pub(super) fn release(&mut self) {
        self.move_to(0);
        self.bytes.truncate(self.end);
        self.bytes.shrink_to_fit();
        self.read_ahead = IDLE_READ_AHEAD;
    }

    /// Room for the record that has begun, as far as what came of it vouches for more; always more than came.
    fn wanted(&self) -> usize {
        let came = &self.bytes[self.start..self.end];
        let record = match came.first_chunk() {
            Some(&[_, a, b, c]) => HEADER_LEN + from_u24([a, b, c]).min(MAX_BODY),
            None => 0,
        };
        record.min(2 * came.len()).max(self.read_ahead).max(came.len() + 1)
    }

    /// `count` bytes were read into [`space`](Self::space).
    ///
    /// # Panics
    /// When there was no room for so many.
    pub(super) fn filled(&mut self, count: usize) {
        assert!(count <= self.limit().saturating_sub(self.end), "more bytes than there was room for");
        self.end += count;
    }

    /// Where the room to read into ends: wherever the first record has to start, the buffer is long enough.
    fn limit(&self) -> usize {
        (self.bytes.len() + record_start(&self.bytes)).saturating_sub(CACHE_LINE)
    }

    /// The next whole record, or `None` until more came. `cap` gives the longest body a kind may have at this point, `None` if the
    /// kind may not come at all; it is asked as soon as the header is there.
    pub(super) fn next(&mut self, cap: impl Fn(Kind) -> Option<usize>) -> Result<Option<Record<'_>>, FrameError> {
        let Some(&header) = self.bytes[self.start..self.end].first_chunk::<HEADER_LEN>() else {
            return match self.bytes[self.start..self.end].first() {
                Some(&byte) if Kind::from_wire(byte).and_then(cap).is_none() => Err(FrameError::Kind),
                _ => Ok(None),
            };
        };
        let kind = Kind::from_wire(header[0]).ok_or(FrameError::Kind)?;
        let len = from_u24([header[1], header[2], header[3]]);
        if len > cap(kind).ok_or(FrameError::Kind)? {
            return Err(FrameError::Length);
        }
        let body = self.start + HEADER_LEN..self.start + HEADER_LEN + len;
        if body.end > self.end {
            return Ok(None);
        }
        self.start = body.end;
        Ok(Some(Record { kind, header, offset: body.start, body: &mut self.bytes[body] }))
    }

    /// Bytes of the record handed out last.
    pub(super) fn content(&self, range: Range<usize>) -> &[u8] {
        &self.bytes[range]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_whole_however_the_bytes_are_cut() {
        let wire = [plain_handshake(b"hello"), plain_handshake(b""), plain_alert(Alert::Internal)].concat();
        for step in 1..wire.len() {
            let (mut buffer, mut records) = (RecordBuffer::new(), vec![]);
            for chunk in wire.chunks(step) {
                buffer.space()[..chunk.len()].copy_from_slice(chunk);
                buffer.filled(chunk.len());
                while let Some(record) = buffer.next(|_| Some(5)).expect("sound") {
                    records.push((record.kind, record.body.to_vec()));
                }
            }
            let expected = [
                (Kind::Handshake, b"hello".to_vec()),
                (Kind::Handshake, vec![]),
                (Kind::Alert, vec![Alert::Internal as u8]),
            ];
            assert_eq!(records, expected, "in steps of {step}");
        }
    }

    #[test]
    #[should_panic(expected = "more bytes than there was room for")]
    fn no_more_can_come_than_there_was_room_for() {
        let mut buffer = RecordBuffer::new();
        let room = buffer.space().len();
        buffer.filled(room);
        buffer.filled(1);
    }

    #[test]
    fn room_grows_with_what_came_and_not_with_what_was_claimed() {
        let (mut buffer, mut came) = (RecordBuffer::new(), 4);
        let record = HEADER_LEN + MAX_BODY;
        buffer.space()[..4].copy_from_slice(&header(Kind::Sealed, MAX_BODY));
        buffer.filled(4);
        let mut reads = 0;
        while came < record {
            assert!(buffer.next(|_| Some(MAX_BODY)).expect("sound").is_none());
            let count = buffer.space().len();
            assert!(buffer.bytes.capacity() <= READ_AHEAD.max(2 * came) + CACHE_LINE, "after {came} bytes");
            buffer.filled(count);
            came += count;
            reads += 1;
        }
        assert!(buffer.next(|_| Some(MAX_BODY)).expect("sound").is_some());
        assert!(reads <= 6 && came < record + CACHE_LINE, "{reads} reads, {came} bytes");
        assert_eq!(buffer.space().len(), record, "from then on a record is one read");
    }

    #[test]
    fn a_claimed_length_is_refused_before_room_is_made() {
        let mut buffer = RecordBuffer::new();
        buffer.space()[..4].copy_from_slice(b"S\xff\xff\xff");
        buffer.filled(4);
        assert_eq!(buffer.next(|_| Some(100)).err(), Some(FrameError::Length));
        assert!(buffer.bytes.len() <= READ_AHEAD + CACHE_LINE);
    }
}
