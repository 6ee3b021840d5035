//! The sending half of a channel: seals into a buffer of its own, and writes that to the pipe.

use super::{Room, is_disconnect};
use crate::copying::CACHE_LINE;
use crate::session::{Alert, MAX_CONTENT, SendHalf, SessionError, record_start};
use crate::{ChannelError, Clock};
use sealwire_traits::PipeWriter;
use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, Sleep, sleep_until};

/// The most rooms that are sent at once.
pub const MAX_ROOMS: usize = 15;

/// The sending half of a channel.
///
/// Between two calls nothing happens: the keepalives, and the release of memory after a second without data, are the work of
/// [`while_idle`](Sender::while_idle).
pub struct Sender {
    half: SendHalf,
    writer: PipeWriter,
    clock: Clock,
    /// Records that were sealed where their content stood, then those in a buffer of this sender's.
    rooms: Vec<Room>,
    sealed: Vec<u8>,
    /// Bytes of all of them that need not be written any more.
    written: usize,
}

impl Sender {
    pub(crate) fn new(half: SendHalf, writer: PipeWriter, clock: Clock) -> Sender {
        Sender { half, writer, clock, rooms: Vec::new(), sealed: Vec::new(), written: 0 }
    }

    /// Sends data and waits until the pipe has taken it. Cancelling it may lose the end of `data`, but never garbles the stream.
    ///
    /// # Errors
    /// [`SessionError::Closed`] after [`close`](Self::close); [`ChannelError::Io`] when the pipe fails.
    pub async fn send(&mut self, data: &[u8]) -> Result<(), ChannelError> {
        for content in data.chunks(MAX_CONTENT) {
            self.send_record(&[content]).await?;
        }
        Ok(())
    }

    /// As [`send`](Self::send), for data in parts that are one record together: [`MAX_CONTENT`] bytes at most.
    pub(crate) async fn send_record(&mut self, parts: &[&[u8]]) -> Result<(), ChannelError> {
        // What a cancelled call has sealed goes first.
        self.flush().await?;
        if self.half.is_closed() {
            return Err(SessionError::Closed.into());
        }
        self.align_record(parts.iter().map(|part| part.len()).sum());
        self.half.data(parts, self.clock.elapsed(), &mut self.sealed)?;
        self.flush().await
    }

    /// Seals the content of each room where it stands, [`MAX_ROOMS`] at most, and writes the records with as few calls as the pipe allows.
    /// The rooms are taken. Cancelling it never garbles the stream: what is sealed goes out before anything else.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    ///
    /// # Panics
    /// When there are too many rooms.
    pub async fn send_rooms(&mut self, rooms: &mut Vec<Room>) -> Result<(), ChannelError> {
        self.flush().await?;
        self.seal_rooms(rooms.drain(..))?;
        self.flush().await
    }

    /// The part of [`send_rooms`](Self::send_rooms) that writes nothing: that is for [`poll_flush`](Self::poll_flush).
    ///
    /// # Errors
    /// [`SessionError::Closed`] after [`close`](Self::close).
    ///
    /// # Panics
    /// When there are too many rooms, or something that was sealed before is not written yet.
    pub(crate) fn seal_rooms(&mut self, rooms: impl IntoIterator<Item = Room>) -> Result<(), SessionError> {
        assert!(self.is_flushed());
        let now = self.clock.elapsed();
        for mut room in rooms {
            assert!(self.rooms.len() < MAX_ROOMS);
            room.seal(&mut self.half, now)?;
            self.rooms.push(room);
        }
        Ok(())
    }

    /// Places the next record, of `len` bytes of data, so that its body is aligned.
    fn align_record(&mut self, len: usize) {
        // The room is made first: making it moves the buffer.
        self.sealed.reserve(CACHE_LINE + self.half.record_len(len));
        self.written = record_start(&self.sealed);
        self.sealed.resize(self.written, 0);
    }

    /// Waits for `future`, and meanwhile tells the peer from time to time that this end is alive, and after a second without data lets
    /// go of the memory that only data needs.
    ///
    /// # Errors
    /// [`ChannelError::Io`] when the pipe fails.
    pub async fn while_idle<F: Future>(&mut self, future: F) -> Result<F::Output, ChannelError> {
        // The future goes on while a keepalive waits for room in the pipe: it may be what makes the peer read again.
        tokio::select! {
            biased;
            output = future => Ok(output),
            error = self.look_after_timers() => Err(error),
        }
    }

    /// Does for ever what the timers of this direction ask for; the error that ends it.
    async fn look_after_timers(&mut self) -> ChannelError {
        let mut timer = pin!(sleep_until(Instant::now()));
        poll_fn(|cx| self.poll_timers(timer.as_mut(), cx)).await
    }

    /// Does what is due, of that which [`while_idle`](Self::while_idle) is for, and has `timer` wake the task for what will be. Ready with an
    /// error.
    pub(crate) fn poll_timers(&mut self, mut timer: Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<ChannelError> {
        loop {
            if let Err(error) = ready!(self.poll_flush(cx)) {
                return Poll::Ready(error);
            }
            let Some(due) = self.due() else { return Poll::Pending };
            if timer.deadline() != due {
                timer.as_mut().reset(due);
            }
            ready!(timer.as_mut().poll(cx));
            if self.half.check_timers(self.clock.elapsed(), &mut self.sealed) {
                self.release();
            }
        }
    }

    /// When [`poll_timers`](Self::poll_timers) has something to do.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.half.deadline().map(|due| self.clock.at(due))
    }

    /// Ends this direction: the peer learns that it has all of the data. The other direction goes on.
    ///
    /// # Errors
    /// [`ChannelError::Io`] when the pipe fails.
    pub async fn close(&mut self) -> Result<(), ChannelError> {
        self.end(Alert::CloseNotify).await
    }

    /// Ends the session with an alert.
    pub(super) async fn end(&mut self, alert: Alert) -> Result<(), ChannelError> {
        self.half.alert(alert, &mut self.sealed);
        self.flush().await?;
        self.release();
        match self.writer.shutdown().await {
            // The peer is gone; whether it had everything, its own close_notify tells.
            Err(error) if is_disconnect(&error) => Ok(()),
            result => Ok(result?),
        }
    }

    async fn flush(&mut self) -> Result<(), ChannelError> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Whether nothing that was sealed is still to be written.
    pub(crate) fn is_flushed(&self) -> bool {
        self.sealed.is_empty() && self.rooms.is_empty()
    }

    /// Writes what was sealed.
    ///
    /// # Errors
    /// [`ChannelError::Io`] when the pipe fails.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ChannelError>> {
        if self.is_flushed() {
            return Poll::Ready(Ok(()));
        }
        let mut writer = Pin::new(&mut self.writer);
        loop {
            let mut slots = [IoSlice::new(&[]); MAX_ROOMS + 1];
            let mut parts = parts(&self.rooms, &self.sealed, &mut slots);
            IoSlice::advance_slices(&mut parts, self.written);
            if parts.is_empty() {
                break;
            }
            match ready!(writer.as_mut().poll_write_vectored(cx, parts))? {
                0 => return Poll::Ready(Err(io::Error::from(io::ErrorKind::WriteZero).into())),
                count => self.written += count,
            }
        }
        ready!(writer.as_mut().poll_flush(cx))?;
        self.sealed.clear();
        self.rooms.clear();
        self.written = 0;
        Poll::Ready(Ok(()))
    }

    /// Gives back all room but that of what is still to be written.
    fn release(&mut self) {
        self.sealed.shrink_to_fit();
    }
}

/// What was sealed, in order: what is in the rooms was first.
fn parts<'a, 'b>(
    rooms: &'a [Room],
    sealed: &'a [u8],
    slots: &'b mut [IoSlice<'a>; MAX_ROOMS + 1],
) -> &'b mut [IoSlice<'a>] {
    let all = rooms.iter().map(Room::sealed).chain([sealed]).filter(|part| !part.is_empty());
    let count = slots.iter_mut().zip(all).map(|(slot, part)| *slot = IoSlice::new(part)).count();
    &mut slots[..count]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipe::Memory;
    use crate::session::{Settings, test_sender};
    use sealwire_traits::PipeReader;
    use std::future::pending;
    use std::time::Duration;
    use tokio::io::AsyncReadExt;
    use tokio::time::timeout;

    /// A sender, and the end of its pipe.
    fn sender(settings: &Settings) -> (Sender, PipeReader) {
        let (ours, theirs) = Memory::pair();
        (Sender::new(test_sender(settings), ours.writer, Clock::start()), theirs.reader)
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_without_data_gives_back_the_buffer_but_not_what_waits_in_it() {
        let second = Duration::from_secs(1);
        let (mut sender, mut reader) = sender(&Settings { keepalive: second, ..Settings::default() });
        sender.send(&[1; 10_000]).await.expect("there is room");
        reader.read_exact(&mut [0; 10_024]).await.expect("the record");
        assert!(sender.sealed.capacity() > 10_000, "kept for the next record");
        assert!(timeout(second * 3 / 2, sender.while_idle(pending::<()>())).await.is_err());
        assert!(sender.sealed.capacity() < 100);
        let keepalive = timeout(second, reader.read_exact(&mut [0; 24])).await;
        assert!(keepalive.is_ok(), "it was due in the same moment");
    }

    #[tokio::test]
    async fn a_direction_that_has_ended_keeps_no_buffer_and_makes_none() {
        let (mut sender, _reader) = sender(&Settings::default());
        sender.send(&[1; 10_000]).await.expect("there is room");
        sender.close().await.expect("there is room");
        assert_eq!(sender.sealed.capacity(), 0);
        let error = sender.send(&[1; 10_000]).await.expect_err("it has ended");
        assert!(matches!(error, ChannelError::Session(SessionError::Closed)), "{error}");
        assert_eq!(sender.sealed.capacity(), 0);
    }
}
