//! One direction of a pipe in memory: a bounded queue of bytes between a writer and a reader.

use crate::copying::{CACHE_LINE, pieces};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop;

/// The two ends of a queue that holds `capacity` bytes. Each of them ends it when it is dropped, the writer by shutdown as well.
pub(super) fn queue(capacity: usize) -> (QueueWriter, QueueReader) {
    let state = State { capacity, bytes: Vec::new(), start: 0, ended: false, reader: None, writer: None };
    let shared = Shared(Arc::new(Mutex::new(state)));
    (QueueWriter(shared.clone()), QueueReader(shared))
}

/// The writer's end. When the reader is gone, or behind a shutdown, a write fails with [`io::ErrorKind::BrokenPipe`].
pub(super) struct QueueWriter(Shared);

/// The reader's end. When the writer is gone it reads what is left, and then nothing.
pub(super) struct QueueReader(Shared);

#[derive(Clone)]
struct Shared(Arc<Mutex<State>>);

struct State {
    capacity: usize,
    /// `bytes[start..]` is still to be read.
    bytes: Vec<u8>,
    start: usize,
    ended: bool,
    /// Whoever waits for bytes, and whoever waits for room.
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        let (reader, writer) = {
            let mut state = self.lock();
            state.ended = true;
            (state.reader.take(), state.writer.take())
        };
        reader.into_iter().chain(writer).for_each(Waker::wake);
    }
}

impl State {
    fn unread(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    /// Takes the beginning of `bytes`, as much as there is room for.
    fn put(&mut self, bytes: &[u8]) -> usize {
        let count = bytes.len().min(self.capacity - self.unread().len());
        if self.unread().is_empty() {
            self.begin_like(bytes);
        } else if self.start >= self.capacity {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        pieces(&bytes[..count]).for_each(|piece| self.bytes.extend_from_slice(piece));
        count
    }

    /// Places the beginning of an empty queue within a line of the cache where `bytes` begin in theirs, which is copied faster.
    fn begin_like(&mut self, bytes: &[u8]) {
        self.bytes.clear();
        self.bytes.reserve(CACHE_LINE + bytes.len().min(self.capacity));
        self.start = bytes.as_ptr().addr().wrapping_sub(self.bytes.as_ptr().addr()) % CACHE_LINE;
        self.bytes.resize(self.start, 0);
    }

    /// Gives what there is, as much as fits into `room`.
    fn take(&mut self, room: &mut ReadBuf<'_>) {
        let count = room.remaining().min(self.unread().len());
        pieces(&self.unread()[..count]).for_each(|piece| room.put_slice(piece));
        self.start += count;
    }
}

impl AsyncWrite for QueueWriter {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // A pipe that never makes its writer wait would keep the other tasks of the thread waiting.
        let turn = ready!(coop::poll_proceed(cx));
        let mut state = self.0.lock();
        if state.ended {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if !bytes.is_empty() && state.unread().len() == state.capacity {
            state.writer = Some(cx.waker().clone());
            return Poll::Pending;
        }
        turn.made_progress();
        let count = state.put(bytes);
        let reader = state.reader.take();
        drop(state);
        reader.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.end();
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for QueueReader {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let turn = ready!(coop::poll_proceed(cx));
        let mut state = self.0.lock();
        if state.unread().is_empty() && !state.ended && room.remaining() > 0 {
            state.reader = Some(cx.waker().clone());
            return Poll::Pending;
        }
        turn.made_progress();
        state.take(room);
        let writer = state.writer.take();
        drop(state);
        writer.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(()))
    }
}

impl Drop for QueueWriter {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl Drop for QueueReader {
    fn drop(&mut self) {
        self.0.end();
    }
}
