//! What is to be sent: the queue that all tasks of a session write into, and the task that seals what waits there and writes it, as much at
//! once as there is. Whoever has little, and finds nobody sending and nothing waiting, sends it where it is: that saves the way to another
//! task, which may be one to another core.

use super::frame::{HEADER_LEN, Id, Short, data_header};
use crate::ChannelError;
use crate::channel::{FULL, MAX_ROOMS, Room, Sender};
use crate::ends::poll_read;
use sealwire_traits::PipeReader;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::coop::unconstrained;
use tokio::time::{Instant, sleep_until};

/// Frames of data that a session holds at a time, from their reading until they are written: enough that reading goes on while others are
/// sealed and written, and few enough to stay in a core's cache.
const SLOTS: usize = 4;
/// What may wait in the queue: [`SLOTS`] of data, and frames without. A stream never has more than a few; a peer that opens streams and never
/// reads that they are refused would have more.
const MAX_QUEUED: usize = 16 * 1024;
/// Data up to this length may be all for now, and is sent at once. More waits for what follows it, since many records at a time cost less.
const LITTLE: usize = 16 * 1024;
/// A frame up to this length joins the record before it, for a copy that costs less than a record of its own.
const JOINED: usize = 4 * 1024;

/// Where tasks put what they want sent. What one of them puts there goes out in its order.
#[derive(Clone)]
pub(super) struct Queue {
    items: mpsc::UnboundedSender<Item>,
    slots: Arc<Semaphore>,
    desk: Arc<Desk>,
}

/// The other end of the queue, for the sending task.
pub(super) struct Items {
    items: mpsc::UnboundedReceiver<Item>,
    desk: Arc<Desk>,
}

/// The sending half of the session, for whoever sends.
struct Desk {
    /// Locked for the sealing and the writing of what the pipe takes at once. None once the sending task has ended.
    sender: Mutex<Option<Sender>>,
    /// Items of the queue that are not sealed yet: until they are, nothing else may be, since something of the same stream may be among them.
    queued: AtomicUsize,
}

/// A place in the line of those who want a slot.
type Place = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

enum Item {
    Data(Slot),
    Short(Short),
    /// Something was sealed, and the rest is for the sending task: to write it, or to look after the timers. With the place of its room.
    Rest(Option<OwnedSemaphorePermit>),
    /// Sending has failed.
    Failed(ChannelError),
}

/// Room for a frame of data.
pub(super) struct Slot {
    room: Room,
    /// Of the [`SLOTS`]; none for what is not data.
    place: Option<OwnedSemaphorePermit>,
}

/// An empty queue to what `sender` sends.
pub(super) fn queue(sender: Sender) -> (Queue, Items) {
    let (items, receiver) = mpsc::unbounded_channel();
    let desk = Arc::new(Desk { sender: Mutex::new(Some(sender)), queued: AtomicUsize::new(0) });
    (Queue { items, slots: Arc::new(Semaphore::new(SLOTS)), desk: desk.clone() }, Items { items: receiver, desk })
}

impl Queue {
    /// What the connection has, `max` bytes at most, once it has something and there is a slot for it: with its length, 0 at the end. A
    /// connection that has nothing keeps no slot.
    ///
    /// # Errors
    /// When the connection is broken.
    pub(super) async fn read(&self, reader: &mut PipeReader, max: usize) -> io::Result<(Slot, usize)> {
        let mut waiting = None;
        poll_fn(|cx| {
            let place = ready!(self.poll_place(&mut waiting, cx));
            let mut room = Room::take();
            let space = &mut room.space()[HEADER_LEN..][..max.min(FULL - HEADER_LEN)];
            let count = ready!(poll_read(reader, space, cx))?;
            Poll::Ready(Ok((Slot { room, place: Some(place) }, count)))
        })
        .await
    }

    /// The right to fill a room; waits in a line if there is none.
    fn poll_place(&self, waiting: &mut Option<Place>, cx: &mut Context<'_>) -> Poll<OwnedSemaphorePermit> {
        if waiting.is_none()
            && let Ok(place) = self.slots.clone().try_acquire_owned()
        {
            return Poll::Ready(place);
        }
        let place = waiting.get_or_insert_with(|| Box::pin(self.slots.clone().acquire_owned()));
        let place = ready!(place.as_mut().poll(cx)).expect("nobody closes it");
        *waiting = None;
        Poll::Ready(place)
    }

    /// Sends the `len` bytes of data in `slot`.
    pub(super) async fn data(&self, id: Id, mut slot: Slot, len: usize) {
        slot.room.space()[..HEADER_LEN].copy_from_slice(&data_header(id, len));
        slot.room.filled(HEADER_LEN + len);
        let left = if len <= LITTLE { self.send_now(slot).await } else { Some(slot) };
        if let Some(slot) = left {
            self.put(Item::Data(slot));
        }
    }

    /// Sends a frame without data, in the record of what follows it if that comes soon.
    pub(super) fn short(&self, frame: Short) {
        self.put(Item::Short(frame));
    }

    /// Sends a frame without data that may hold up the peer for as long as it is not sent: whoever receives gives no turn to the sending task
    /// before all that came is handed on.
    pub(super) async fn urgent(&self, frame: Short) {
        let mut room = Room::take();
        room.append(frame.as_bytes());
        if self.send_now(Slot { room, place: None }).await.is_some() {
            self.short(frame);
        }
    }

    /// Seals and writes, unless somebody else does, or something is to go first: then the slot comes back. Never waits.
    async fn send_now(&self, slot: Slot) -> Option<Slot> {
        let mut slot = Some(slot);
        // Only a pipe that takes no more leaves a rest, not the share of time that tokio gives a task.
        unconstrained(poll_fn(|cx| Poll::Ready(slot.take().and_then(|slot| self.try_send(slot, cx))))).await
    }

    fn try_send(&self, slot: Slot, cx: &mut Context<'_>) -> Option<Slot> {
        let Ok(mut sender) = self.desk.sender.try_lock() else { return Some(slot) };
        let Some(sender) = sender.as_mut().filter(|sender| sender.is_flushed()) else { return Some(slot) };
        if self.desk.queued.load(Ordering::Acquire) > 0 {
            return Some(slot);
        }
        let due = sender.due();
        let sent = match sender.seal_rooms([slot.room]) {
            Ok(()) => sender.poll_flush(cx),
            Err(error) => Poll::Ready(Err(error.into())),
        };
        match sent {
            // The first data after a rest: its key is to be released, which the sending task does not know.
            Poll::Ready(Ok(())) if is_sooner(sender.due(), due) => self.put(Item::Rest(slot.place)),
            Poll::Ready(Ok(())) => {}
            Poll::Ready(Err(error)) => self.put(Item::Failed(error)),
            Poll::Pending => self.put(Item::Rest(slot.place)),
        }
        None
    }

    fn put(&self, item: Item) {
        self.desk.queued.fetch_add(1, Ordering::Relaxed);
        // Without a receiver the session is over, which its driver knows.
        let _ = self.items.send(item);
    }

    /// Whether the peer makes this end send more than it reads.
    pub(super) fn is_flooded(&self) -> bool {
        self.desk.queued.load(Ordering::Relaxed) > MAX_QUEUED
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, Option<Sender>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For the sending task.
    fn with<T>(&self, work: impl FnOnce(&mut Sender) -> T) -> T {
        work(self.lock().as_mut().expect("the sending task takes it away last"))
    }

    async fn flush(&self) -> Result<(), ChannelError> {
        poll_fn(|cx| self.with(|sender| sender.poll_flush(cx))).await
    }

    /// Does for ever what [`Sender::while_idle`] is for; the error that ends it.
    async fn look_after_timers(&self) -> ChannelError {
        let mut timer = pin!(sleep_until(Instant::now()));
        poll_fn(|cx| self.with(|sender| sender.poll_timers(timer.as_mut(), cx))).await
    }
}

fn is_sooner(due: Option<Instant>, other: Option<Instant>) -> bool {
    due.is_some_and(|due| other.is_none_or(|other| due < other))
}

/// Sends what waits in the queue until nobody is left who could put more there, then gives the sending half back.
///
/// # Errors
/// As [`Sender::send`].
pub(super) async fn send_all(mut items: Items) -> Result<Sender, ChannelError> {
    let sent = send_items(&mut items).await;
    // Nobody sends behind an error.
    let sender = items.desk.lock().take();
    sent.map(|()| sender.expect("nobody else takes it away"))
}

async fn send_items(Items { items, desk }: &mut Items) -> Result<(), ChannelError> {
    let mut batch = Batch::default();
    loop {
        let item = tokio::select! {
            biased;
            item = items.recv() => item,
            error = desk.look_after_timers() => return Err(error),
        };
        let Some(item) = item else { return desk.flush().await };
        let mut count = 1;
        batch.add(item)?;
        while batch.rooms.len() < MAX_ROOMS
            && let Ok(item) = items.try_recv()
        {
            count += 1;
            batch.add(item)?;
        }
        desk.flush().await?;
        desk.with(|sender| {
            desk.queued.fetch_sub(count, Ordering::Release);
            sender.seal_rooms(batch.rooms.drain(..))
        })?;
        desk.flush().await?;
        batch.places.clear();
    }
}

/// Records that are sent at once.
#[derive(Default)]
struct Batch {
    rooms: Vec<Room>,
    places: Vec<OwnedSemaphorePermit>,
}

impl Batch {
    fn add(&mut self, item: Item) -> Result<(), ChannelError> {
        match item {
            Item::Data(Slot { mut room, place }) => {
                let content = room.content();
                if !(content.len() <= JOINED && self.join(content)) {
                    self.rooms.push(room);
                    self.places.extend(place);
                }
            }
            Item::Short(frame) => {
                if !self.join(frame.as_bytes()) {
                    let mut room = Room::take();
                    room.append(frame.as_bytes());
                    self.rooms.push(room);
                }
            }
            Item::Rest(place) => self.places.extend(place),
            Item::Failed(error) => return Err(error),
        }
        Ok(())
    }

    /// Adds a frame to the last record, if there is one with room for it.
    fn join(&mut self, frame: &[u8]) -> bool {
        self.rooms.last_mut().is_some_and(|room| room.append(frame))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;
    use crate::pipe::Memory;
    use crate::session::{Settings, test_sender};
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::time::{sleep, timeout};

    /// Sends `len` bytes of data.
    async fn send(queue: &Queue, len: usize) {
        let (mut near, mut far) = Memory::pair();
        far.writer.write_all(&vec![7; len]).await.expect("there is room");
        let (slot, count) = queue.read(&mut near.reader, len).await.expect("it is whole");
        assert_eq!(count, len);
        queue.data(1, slot, count).await;
    }

    #[tokio::test]
    async fn what_is_little_does_not_overtake_what_waits() {
        let (ours, mut theirs) = Memory::pair();
        let (queue, items) = queue(Sender::new(test_sender(&Settings::default()), ours.writer, Clock::start()));
        send(&queue, LITTLE + 1).await;
        send(&queue, 1).await;
        let early = timeout(Duration::ZERO, theirs.reader.read_u8()).await;
        assert!(early.is_err(), "the first one is not sealed yet");
        drop(queue);
        send_all(items).await.expect("there is room");
        theirs.reader.read_u8().await.expect("both were sent");
    }

    #[tokio::test(start_paused = true)]
    async fn a_pipe_that_fails_whoever_sends_ends_the_sending() {
        let (ours, theirs) = Memory::pair();
        let (queue, items) = queue(Sender::new(test_sender(&Settings::default()), ours.writer, Clock::start()));
        let sending = tokio::spawn(send_all(items));
        sleep(Duration::from_secs(1)).await;
        drop(theirs);
        send(&queue, 1).await;
        // Sooner than a keepalive, and though somebody is left who could send.
        let ended = timeout(Duration::from_secs(1), sending).await.expect("it is told");
        let error = ended.expect("it does not panic").err();
        assert!(matches!(error, Some(ChannelError::Io(_))), "{error:?}");
        assert!(queue.desk.lock().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_due_is_done_whoever_sent() {
        let (ours, _theirs) = Memory::pair();
        let (queue, items) = queue(Sender::new(test_sender(&Settings::default()), ours.writer, Clock::start()));
        let desk = items.desk.clone();
        tokio::spawn(send_all(items));
        for _ in 0..2 {
            // Before, there is nothing but keepalives.
            sleep(Duration::from_secs(5)).await;
            send(&queue, 4).await;
            let released = desk.with(|sender| sender.due()).expect("the key is to be released");
            assert!(released < Instant::now() + Duration::from_secs(2));
            sleep(Duration::from_secs(2)).await;
            assert!(desk.with(|sender| sender.due()).is_none_or(|due| due > Instant::now()));
        }
    }
}
