//! One direction of a pipe in memory: a bounded queue of bytes between a writer and a reader.

use crate::copying::{CACHE_LINE, append, pieces};
use async_trait::async_trait;
use sealwire_traits::{PipeRead, PipeWrite};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop;

/// The two ends of a queue that holds `capacity` bytes. Each of them ends it when it is dropped, the writer by shutdown as well.
pub(super) fn queue(capacity: usize) -> (QueueWriter, QueueReader) {
    let state =
        State { capacity, bytes: Vec::new(), start: 0, ended: false, broken: false, reader: None, writer: None };
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
    /// It broke: what is unread is lost.
    broken: bool,
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
        append(&mut self.bytes, &bytes[..count]);
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

/// Has the task of `cx` woken. Returns the waker that was there for another task, to be dropped when the queue is not locked any more:
/// it may be the last to hold that task, and so an end of this very queue, which locks it to end it.
fn wait(place: &mut Option<Waker>, cx: &Context<'_>) -> Option<Waker> {
    match place {
        Some(waker) if waker.will_wake(cx.waker()) => None,
        _ => place.replace(cx.waker().clone()),
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
            let outdated = wait(&mut state.writer, cx);
            drop(state);
            drop(outdated);
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
            let outdated = wait(&mut state.reader, cx);
            drop(state);
            drop(outdated);
            return Poll::Pending;
        }
        turn.made_progress();
        if state.broken {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        state.take(room);
        let writer = state.writer.take();
        drop(state);
        writer.into_iter().for_each(Waker::wake);
        Poll::Ready(Ok(()))
    }
}

#[async_trait]
impl PipeRead for QueueReader {
    async fn broken(&mut self) -> io::Error {
        poll_fn(|cx| {
            let mut state = self.0.lock();
            if state.broken {
                return Poll::Ready(io::ErrorKind::ConnectionReset.into());
            }
            let outdated = wait(&mut state.reader, cx);
            drop(state);
            drop(outdated);
            Poll::Pending
        })
        .await
    }
}

impl PipeWrite for QueueWriter {
    fn reset(&mut self) {
        self.0.lock().broken = true;
        self.0.end();
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::task::Wake;
    use std::thread;
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const CAPACITY: usize = 1000;

    #[tokio::test]
    async fn a_queue_that_is_never_empty_makes_no_more_room_than_it_needs() {
        let (mut writer, mut reader) = queue(CAPACITY);
        writer.write_all(&[0; 10]).await.expect("there is room");
        for _ in 0..100 {
            writer.write_all(&[0; 700]).await.expect("there is room");
            reader.read_exact(&mut [0; 700]).await.expect("it is there");
            assert!(reader.0.lock().bytes.len() < 2 * CAPACITY + CACHE_LINE);
        }
    }

    #[tokio::test]
    async fn whoever_never_has_to_wait_lets_other_tasks_run_all_the_same() {
        let (mut writer, mut reader) = queue(CAPACITY);
        let other = tokio::spawn(async {});
        for _ in 0..1000 {
            assert_eq!(writer.write(b"").await.expect("there is nothing to wait for"), 0);
        }
        assert!(other.is_finished());
        let other = tokio::spawn(async {});
        for _ in 0..1000 {
            assert_eq!(reader.read(&mut []).await.expect("there is nothing to wait for"), 0);
        }
        assert!(other.is_finished());
    }

    #[tokio::test]
    async fn a_queue_that_is_reset_ends_with_an_error_and_loses_what_is_unread() {
        let (mut writer, mut reader) = queue(CAPACITY);
        writer.write_all(b"unread").await.expect("there is room");
        writer.reset();
        let error = reader.read(&mut [0; 10]).await.expect_err("it broke");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }

    /// A waker that holds the other end of the queue in which it waits, as that of a task may.
    struct Holder {
        _writer: QueueWriter,
    }

    impl Wake for Holder {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn a_waker_that_is_replaced_may_hold_the_other_end() {
        let (done, waiting) = mpsc::channel();
        thread::spawn(move || {
            let (writer, mut reader) = queue(CAPACITY);
            let first = Waker::from(Arc::new(Holder { _writer: writer }));
            for waker in [first, Waker::noop().clone()] {
                let (mut room, mut cx) = ([0; 1], Context::from_waker(&waker));
                assert!(Pin::new(&mut reader).poll_read(&mut cx, &mut ReadBuf::new(&mut room)).is_pending());
            }
            assert!(reader.0.lock().ended, "the other end went with its waker");
            done.send(())
        });
        waiting.recv_timeout(Duration::from_secs(60)).expect("neither a deadlock nor a failure");
    }
}
