//! Room for records whose content is made where it will be sealed: read from one socket, sealed in place, written to another.

use crate::copying::CACHE_LINE;
use crate::session::{CONTENT_START, MAX_CONTENT, SendHalf, SessionError, record_start};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Rooms that the process keeps while nobody uses them: enough for a few busy sessions. Idle ones have none.
const KEPT: usize = 32;

/// The longest record, and what it takes to have its body begin with a line of the cache.
const LEN: usize = CACHE_LINE + SendHalf::MAX_RECORD;

/// Content to fill a room with if there is so much: in whole lines of the cache, the longest record that one TCP segment holds within a
/// machine (65,483 bytes). A longer one takes a second segment, of a few bytes, which costs the system as much as the first.
pub(crate) const FULL: usize = 65_483 / CACHE_LINE * CACHE_LINE - OVERHEAD;

/// What a record has beside its content.
const OVERHEAD: usize = SendHalf::MAX_RECORD - MAX_CONTENT;

static UNUSED: Mutex<Vec<Box<[u8]>>> = Mutex::new(Vec::new());

/// Room for one record. Made of memory that the process keeps.
pub struct Room {
    bytes: Box<[u8]>,
    /// Where the record begins.
    start: usize,
    /// Bytes of content.
    len: usize,
    /// Bytes of the record, once it is sealed.
    sealed: usize,
}

impl Room {
    /// An empty room.
    pub fn take() -> Room {
        let bytes = unused().pop().unwrap_or_else(|| vec![0; LEN].into_boxed_slice());
        let start = record_start(&bytes);
        Room { bytes, start, len: 0, sealed: 0 }
    }

    /// Where more content goes.
    pub fn space(&mut self) -> &mut [u8] {
        let content = self.start + CONTENT_START;
        &mut self.bytes[content + self.len..content + MAX_CONTENT]
    }

    /// `count` bytes of content were put into [`space`](Self::space).
    ///
    /// # Panics
    /// When there was no room for so many.
    pub fn filled(&mut self, count: usize) {
        assert!(count <= MAX_CONTENT - self.len, "more bytes than there was room for");
        self.len += count;
    }

    /// The content, until it is sealed.
    pub fn content(&mut self) -> &mut [u8] {
        let content = self.start + CONTENT_START;
        &mut self.bytes[content..content + self.len]
    }

    /// Adds `bytes` to the content if there is room for all of them.
    pub fn append(&mut self, bytes: &[u8]) -> bool {
        let fits = bytes.len() <= MAX_CONTENT - self.len;
        if fits {
            self.space()[..bytes.len()].copy_from_slice(bytes);
            self.filled(bytes.len());
        }
        fits
    }

    pub(super) fn seal(&mut self, half: &mut SendHalf, now: Duration) -> Result<(), SessionError> {
        self.sealed = half.data_in_place(self.len, now, &mut self.bytes[self.start..])?;
        Ok(())
    }

    /// The record.
    pub(super) fn sealed(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.sealed]
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let mut unused = unused();
        if unused.len() < KEPT {
            unused.push(std::mem::take(&mut self.bytes));
        }
    }
}

fn unused() -> MutexGuard<'static, Vec<Box<[u8]>>> {
    UNUSED.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_has_space_for_one_record_and_no_more() {
        let mut room = Room::take();
        assert!(room.append(&[1; 10]));
        assert_eq!(room.space().len(), MAX_CONTENT - 10);
        assert!(!room.append(&[2; MAX_CONTENT - 9]));
        assert_eq!(room.content(), [1; 10]);
        assert!(room.append(&[2; MAX_CONTENT - 10]));
        assert_eq!((room.content()[9], room.content()[10], room.space().len()), (1, 2, 0));
    }
}
