//! Frames: what the data of a multiplexed session is made of (PROTOCOL.md, "8. Multiplexing").

use crate::session::MAX_CONTENT;

/// Bytes of a frame's header: type, length of the content, stream.
pub(super) const HEADER_LEN: usize = 8;
/// Bytes of data in a frame at most: a frame lies in one record.
pub(super) const MAX_DATA: usize = MAX_CONTENT - HEADER_LEN;

/// The number of a stream, from 1.
pub(super) type Id = u32;

/// Why a stream was reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Reason {
    /// The connection at the other end was reset, or failed.
    Broken = 0,
    /// The server could not reach the target.
    Unreachable = 1,
    /// The server takes no more streams.
    Refused = 2,
}

impl Reason {
    const ALL: [Reason; 3] = [Reason::Broken, Reason::Unreachable, Reason::Refused];

    /// In words, for logs.
    pub(super) fn text(self) -> &'static str {
        match self {
            Reason::Broken => "the connection at the other end broke",
            Reason::Unreachable => "the server could not reach the target",
            Reason::Refused => "the server takes no more streams",
        }
    }
}

/// One frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    Open,
    Data(&'a [u8]),
    End,
    Reset(Reason),
    Credit(u32),
}

const OPEN: u8 = 1;
const DATA: u8 = 2;
const END: u8 = 3;
const RESET: u8 = 4;
const CREDIT: u8 = 5;

/// A frame without data, as it travels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Short {
    bytes: [u8; HEADER_LEN + 4],
    len: usize,
}

impl Short {
    fn new(kind: u8, id: Id, content: &[u8]) -> Short {
        let mut bytes = [0; HEADER_LEN + 4];
        bytes[..HEADER_LEN].copy_from_slice(&header(kind, content.len(), id));
        bytes[HEADER_LEN..HEADER_LEN + content.len()].copy_from_slice(content);
        Short { bytes, len: HEADER_LEN + content.len() }
    }

    pub(super) fn open(id: Id) -> Short {
        Short::new(OPEN, id, &[])
    }

    pub(super) fn end(id: Id) -> Short {
        Short::new(END, id, &[])
    }

    pub(super) fn reset(id: Id, reason: Reason) -> Short {
        Short::new(RESET, id, &[reason as u8])
    }

    pub(super) fn credit(id: Id, bytes: u32) -> Short {
        Short::new(CREDIT, id, &bytes.to_be_bytes())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The header of a frame with `len` bytes of data.
pub(super) fn data_header(id: Id, len: usize) -> [u8; HEADER_LEN] {
    header(DATA, len, id)
}

fn header(kind: u8, len: usize, id: Id) -> [u8; HEADER_LEN] {
    debug_assert!(len <= MAX_DATA);
    let [_, a, b, c] = (len as u32).to_be_bytes();
    let [d, e, f, g] = id.to_be_bytes();
    [kind, a, b, c, d, e, f, g]
}

/// Takes the next frame off a record's content; `None` at its end.
///
/// # Errors
/// What is wrong with it, in words.
pub(super) fn next<'a>(content: &mut &'a [u8]) -> Result<Option<(Id, Frame<'a>)>, &'static str> {
    if content.is_empty() {
        return Ok(None);
    }
    let Some((&[kind, a, b, c, d, e, f, g], rest)) = content.split_first_chunk::<HEADER_LEN>() else {
        return Err("a frame is shorter than its header");
    };
    let len = u32::from_be_bytes([0, a, b, c]) as usize;
    let (body, rest) = rest.split_at_checked(len).ok_or("a frame goes beyond its record")?;
    let frame = match (kind, body) {
        (OPEN, []) => Frame::Open,
        (DATA, [_, ..]) => Frame::Data(body),
        (END, []) => Frame::End,
        (RESET, &[reason]) => {
            let known = Reason::ALL.into_iter().find(|known| *known as u8 == reason);
            Frame::Reset(known.ok_or("a stream is reset for an unknown reason")?)
        }
        (CREDIT, &[a, b, c, d]) => Frame::Credit(u32::from_be_bytes([a, b, c, d])),
        _ => return Err("a malformed frame"),
    };
    *content = rest;
    Ok(Some((u32::from_be_bytes([d, e, f, g]), frame)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(mut content: &[u8]) -> Result<Vec<(Id, Frame<'_>)>, &'static str> {
        std::iter::from_fn(|| next(&mut content).transpose()).collect()
    }

    #[test]
    fn frames_are_read_as_they_are_written() {
        let mut content = Vec::new();
        for short in [Short::open(7), Short::credit(7, 0x0102_0304), Short::reset(8, Reason::Refused)] {
            content.extend_from_slice(short.as_bytes());
        }
        content.extend_from_slice(&data_header(7, 3));
        content.extend_from_slice(b"abc");
        content.extend_from_slice(Short::end(u32::MAX).as_bytes());
        let expected = [
            (7, Frame::Open),
            (7, Frame::Credit(0x0102_0304)),
            (8, Frame::Reset(Reason::Refused)),
            (7, Frame::Data(b"abc")),
            (u32::MAX, Frame::End),
        ];
        assert_eq!(all(&content).expect("sound"), expected);
    }

    #[test]
    fn the_bytes_are_those_of_the_document() {
        assert_eq!(Short::credit(0x0a0b, 5).as_bytes(), [5, 0, 0, 4, 0, 0, 0x0a, 0x0b, 0, 0, 0, 5]);
        assert_eq!(Short::open(1).as_bytes(), [1, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(data_header(2, 0x1234), [2, 0, 0x12, 0x34, 0, 0, 0, 2]);
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        for bad in [
            &[1, 0, 0, 0, 0, 0, 0][..],
            &[1, 0, 0, 1, 0, 0, 0, 1, 9],
            &[2, 0, 0, 0, 0, 0, 0, 1],
            &[2, 0, 0, 2, 0, 0, 0, 1, 9],
            &[3, 0, 0, 1, 0, 0, 0, 1, 9],
            &[4, 0, 0, 0, 0, 0, 0, 1],
            &[4, 0, 0, 1, 0, 0, 0, 1, 3],
            &[5, 0, 0, 3, 0, 0, 0, 1, 1, 2, 3],
            &[0, 0, 0, 0, 0, 0, 0, 1],
            &[6, 0, 0, 0, 0, 0, 0, 1],
            &[2, 255, 255, 255, 0, 0, 0, 1, 9],
        ] {
            assert!(all(bad).is_err(), "{bad:?}");
        }
    }
}
