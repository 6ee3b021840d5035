//! The keys of one direction: sealing and opening records in place, numbering them, and moving on to the next key.

use super::codec::{from_u24, u24};
use super::limits::{CONTENT_START, HEADER_LEN, INNER_HEADER_LEN, MAX_INNER, RECORDS_PER_KEY, TAG_LEN};
use super::record::{Kind, Record, header};
use super::schedule::{Key, next_secret, traffic_key};
use crate::copying::append;
use sealwire_traits::{Aead, AeadAlgorithm, Iv, Nonce, Tag};
use std::ops::Range;

/// What is inside a sealed record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum InnerType {
    Handshake = 1,
    Data = 2,
    Alert = 3,
    /// Reserved for fresh RSA entropy in a live session; refused.
    KeyRefresh = 4,
    Keepalive = 5,
}

impl InnerType {
    fn from_wire(byte: u8) -> Option<InnerType> {
        use InnerType::*;
        [Handshake, Data, Alert, KeyRefresh, Keepalive].into_iter().find(|t| *t as u8 == byte)
    }
}

/// Why a sealed record was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RecordError {
    /// It does not open.
    Seal,
    /// It opens, and its inside is malformed: the peer's fault.
    Inner(&'static str),
}

/// The length of a sealed record around an inner of `inner_len` bytes.
pub(super) const fn record_len(inner_len: usize) -> usize {
    HEADER_LEN + inner_len + TAG_LEN
}

/// Appends to `out` the room of a sealed record around an inner of `inner_len` bytes, with the parts of its content where they belong.
pub(super) fn place<'a>(parts: &[&[u8]], inner_len: usize, out: &'a mut Vec<u8>) -> &'a mut [u8] {
    let start = out.len();
    out.reserve(record_len(inner_len));
    out.extend_from_slice(&[0; CONTENT_START]);
    parts.iter().for_each(|part| append(out, part));
    out.resize(start + record_len(inner_len), 0);
    &mut out[start..]
}

/// Whether a record with an inner of `inner_len` bytes has a key make tables or a buffer make room, whatever its type: all do but the
/// shortest, an empty one without padding, so that keepalives leave an idle session as it is.
pub(super) const fn needs_release(inner_len: usize) -> bool {
    inner_len > INNER_HEADER_LEN
}

/// One direction's secret, with the AEAD key and the iv made from it.
pub(super) struct Direction {
    algorithm: &'static dyn AeadAlgorithm,
    secret: Key,
    aead: Box<dyn Aead>,
    iv: Iv,
    sequence: u64,
}

impl Direction {
    pub(super) fn new(algorithm: &'static dyn AeadAlgorithm, secret: Key) -> Direction {
        let (key, iv) = traffic_key(&secret, algorithm.suite());
        let aead = algorithm.key(key.expose()).expect("the key has the length that its suite states");
        Direction { algorithm, secret, aead, iv: Iv::new(iv), sequence: 0 }
    }

    /// The nonce of the next record, under the next key when this one is used up.
    fn next_nonce(&mut self) -> Nonce {
        if self.sequence == RECORDS_PER_KEY {
            *self = Direction::new(self.algorithm, next_secret(&self.secret));
        }
        let nonce = Nonce::new(&self.iv, self.sequence);
        self.sequence += 1;
        nonce
    }

    /// Appends a sealed record to `out`. `inner_len` is the length of the inner with its padding.
    pub(super) fn seal(&mut self, inner: InnerType, content: &[u8], inner_len: usize, out: &mut Vec<u8>) {
        let record = place(&[content], inner_len, out);
        self.seal_in_place(inner, content.len(), record);
    }

    /// Makes `record` a sealed record, as long as it is, around the `len` bytes of content that stand in it from [`CONTENT_START`] on.
    /// What stands between them and the room of the tag becomes padding.
    pub(super) fn seal_in_place(&mut self, inner: InnerType, len: usize, record: &mut [u8]) {
        debug_assert!(record.len() >= record_len(INNER_HEADER_LEN + len));
        debug_assert!(record.len() <= record_len(MAX_INNER));
        let nonce = self.next_nonce();
        let (text, tag) = record.split_at_mut(record.len() - TAG_LEN);
        let (head, text) = text.split_at_mut(HEADER_LEN);
        head.copy_from_slice(&header(Kind::Sealed, text.len() + TAG_LEN));
        text[0] = inner as u8;
        text[1..INNER_HEADER_LEN].copy_from_slice(&u24(len));
        text[INNER_HEADER_LEN + len..].fill(0);
        tag.copy_from_slice(self.aead.seal(nonce, head, text).as_bytes());
    }

    /// Lets go of what the key can make again.
    pub(super) fn release(&mut self) {
        self.aead.release();
    }

    /// Opens a record in place: its type, and where its content stands in the buffer.
    pub(super) fn open(&mut self, record: Record<'_>) -> Result<(InnerType, Range<usize>), RecordError> {
        let Some((inner, tag)) = record.body.split_last_chunk_mut::<TAG_LEN>() else {
            return Err(RecordError::Seal);
        };
        let nonce = self.next_nonce();
        let tag = Tag::new(*tag);
        self.aead.open(nonce, &record.header, inner, &tag).map_err(|_| RecordError::Seal)?;
        let Some((&[inner_type, a, b, c], rest)) = inner.split_first_chunk::<INNER_HEADER_LEN>() else {
            return Err(RecordError::Inner("a record is shorter than its header"));
        };
        let inner_type = InnerType::from_wire(inner_type).ok_or(RecordError::Inner("an unknown type of record"))?;
        let len = from_u24([a, b, c]);
        if len > rest.len() {
            return Err(RecordError::Inner("a content is longer than its record"));
        }
        let start = record.offset + INNER_HEADER_LEN;
        Ok((inner_type, start..start + len))
    }
}
