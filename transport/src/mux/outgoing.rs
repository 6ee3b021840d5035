//! What is to be sent: the queue that all tasks of a session write into, and the task that seals and sends.

use super::frame::{HEADER_LEN, Id, Short, data_header};
use crate::ChannelError;
use crate::channel::{FULL, MAX_ROOMS, Room, Sender};
use crate::ends::poll_read;
use sealwire_traits::PipeReader;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, mpsc};

/// Frames of data that a session holds at a time, from their reading until they are written: enough that sealing and socket work go on
/// beside reading, and few enough to stay in a core's cache.
const SLOTS: usize = 4;
/// Frames without data that may wait. A stream never has more than a few; a peer that opens streams and never reads that they are refused
/// would have more.
const MAX_SHORTS: usize = 16 * 1024;
/// A frame up to this length joins the record before it, for a copy that costs less than a record of its own.
const JOINED: usize = 4 * 1024;

/// Where tasks put what they want sent. What one of them puts there goes out in its order.
#[derive(Clone)]
pub(super) struct Queue {
    items: mpsc::UnboundedSender<Item>,
    slots: Arc<Semaphore>,
    shorts: Arc<AtomicUsize>,
}

/// The other end of the queue.
pub(super) struct Items {
    items: mpsc::UnboundedReceiver<Item>,
    shorts: Arc<AtomicUsize>,
}

/// A place in the line of those who want a slot.
type Place = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, AcquireError>> + Send>>;

enum Item {
    Data(Slot),
    Short(Short),
}

/// Room for a frame of data.
pub(super) struct Slot {
    room: Room,
    place: OwnedSemaphorePermit,
}

/// An empty queue.
pub(super) fn queue() -> (Queue, Items) {
    let (sender, items) = mpsc::unbounded_channel();
    let shorts = Arc::new(AtomicUsize::new(0));
    (Queue { items: sender, slots: Arc::new(Semaphore::new(SLOTS)), shorts: shorts.clone() }, Items { items, shorts })
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
            Poll::Ready(Ok((Slot { room, place }, count)))
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
    pub(super) fn data(&self, id: Id, mut slot: Slot, len: usize) {
        slot.room.space()[..HEADER_LEN].copy_from_slice(&data_header(id, len));
        slot.room.filled(HEADER_LEN + len);
        // Without a receiver the session is over, which its driver knows.
        let _ = self.items.send(Item::Data(slot));
    }

    /// Sends a frame without data.
    pub(super) fn short(&self, frame: Short) {
        self.shorts.fetch_add(1, Ordering::Relaxed);
        let _ = self.items.send(Item::Short(frame));
    }

    /// Whether the peer makes this end send more than it reads.
    pub(super) fn is_flooded(&self) -> bool {
        self.shorts.load(Ordering::Relaxed) > MAX_SHORTS
    }
}

/// Sends what is put into the queue until nobody is left who could put more there, then gives the sending half back.
///
/// # Errors
/// As [`Sender::send`].
pub(super) async fn send_all(mut sender: Sender, mut items: Items) -> Result<Sender, ChannelError> {
    let mut batch = Batch::default();
    while let Some(item) = sender.while_idle(items.items.recv()).await? {
        batch.add(item, &items.shorts);
        while batch.rooms.len() < MAX_ROOMS
            && let Ok(item) = items.items.try_recv()
        {
            batch.add(item, &items.shorts);
        }
        sender.send_rooms(&mut batch.rooms).await?;
        batch.places.clear();
    }
    Ok(sender)
}

/// Records that are sent at once.
#[derive(Default)]
struct Batch {
    rooms: Vec<Room>,
    places: Vec<OwnedSemaphorePermit>,
}

impl Batch {
    fn add(&mut self, item: Item, shorts: &AtomicUsize) {
        match item {
            Item::Data(Slot { mut room, place }) => {
                let content = room.content();
                if content.len() <= JOINED && self.join(content) {
                    return;
                }
                self.rooms.push(room);
                self.places.push(place);
            }
            Item::Short(frame) => {
                shorts.fetch_sub(1, Ordering::Relaxed);
                if !self.join(frame.as_bytes()) {
                    let mut room = Room::take();
                    room.append(frame.as_bytes());
                    self.rooms.push(room);
                }
            }
        }
    }

    /// Adds a frame to the last record, if there is one with room for it.
    fn join(&mut self, frame: &[u8]) -> bool {
        self.rooms.last_mut().is_some_and(|room| room.append(frame))
    }
}
