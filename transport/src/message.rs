//! Messages: four bytes of length, big-endian, before each (PROTOCOL.md, "7. Data").

use crate::ChannelError;
use crate::channel::{Receiver, Sender};
use crate::copying::append;
use crate::session::MAX_CONTENT;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const LENGTH_LEN: usize = 4;

/// Bytes of a message that are not taken from what all share: a message of one record always has its place.
const OWN: usize = MAX_CONTENT;

/// Memory that the long messages of many sessions share. A clone is the same memory.
#[derive(Clone, Debug)]
pub struct MessageMemory(Arc<AtomicUsize>);

impl MessageMemory {
    /// So many bytes for all of them.
    pub fn new(bytes: usize) -> MessageMemory {
        MessageMemory(Arc::new(AtomicUsize::new(bytes)))
    }
}

/// A part of the memory that is in use; it is free again when this is dropped.
struct Charge {
    memory: MessageMemory,
    bytes: usize,
}

impl Charge {
    /// Has room for a message of `len` bytes from now on, or says that there is no such.
    fn grow(&mut self, len: usize) -> Result<(), ChannelError> {
        let more = len.saturating_sub(OWN).saturating_sub(self.bytes);
        let left = self.memory.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(more));
        left.map_err(|_| ChannelError::MessageMemory)?;
        self.bytes += more;
        Ok(())
    }

    fn release(&mut self) {
        self.memory.0.fetch_add(std::mem::take(&mut self.bytes), Ordering::Relaxed);
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.release();
    }
}

/// Sends messages over a sending half.
pub struct MessageSender {
    sender: Sender,
    max: usize,
}

impl MessageSender {
    /// Messages of at most `max` bytes will be sent.
    pub fn new(sender: Sender, max: usize) -> MessageSender {
        MessageSender { sender, max: max.min(u32::MAX as usize) }
    }

    /// Sends one message, whole. Cancelling it may leave a message unfinished; nothing can be sent behind it then.
    ///
    /// # Errors
    /// [`ChannelError::MessageTooLong`] before anything is sent; otherwise as [`Sender::send`].
    pub async fn send(&mut self, message: &[u8]) -> Result<(), ChannelError> {
        if message.len() > self.max {
            return Err(ChannelError::MessageTooLong { len: message.len(), max: self.max });
        }
        // The length and the beginning share a record, so that a short message is one record.
        let (head, rest) = message.split_at(message.len().min(MAX_CONTENT - LENGTH_LEN));
        let length = u32::try_from(message.len()).expect("the limit is below 4 GiB").to_be_bytes();
        self.sender.send_record(&[&length, head]).await?;
        self.sender.send(rest).await
    }

    /// The sending half underneath, for everything that is not a message.
    pub fn channel(&mut self) -> &mut Sender {
        &mut self.sender
    }

    /// Gives the sending half back.
    pub fn into_inner(self) -> Sender {
        self.sender
    }
}

/// Receives messages from a receiving half.
pub struct MessageReceiver {
    receiver: Receiver,
    max: usize,
    length: Vec<u8>,
    message: Vec<u8>,
    /// How much of the receiver's data is taken; the rest belongs to later messages.
    used: usize,
    charge: Charge,
}

impl MessageReceiver {
    /// Messages of at most `max` bytes will be taken.
    pub fn new(receiver: Receiver, max: usize) -> MessageReceiver {
        let charge = Charge { memory: MessageMemory::new(usize::MAX), bytes: 0 };
        MessageReceiver { receiver, max, length: Vec::new(), message: Vec::new(), used: 0, charge }
    }

    /// Long messages are to have their place in `memory`, which others use as well. Each keeps it until the next one is received, so that it
    /// covers the time in which it is dealt with.
    #[must_use]
    pub fn sharing(self, memory: MessageMemory) -> MessageReceiver {
        MessageReceiver { charge: Charge { memory, bytes: 0 }, ..self }
    }

    /// The next message, or `None` when the peer has closed its direction behind a whole message. May be cancelled without loss.
    /// Memory grows with what came, not with the length that was claimed.
    ///
    /// # Errors
    /// [`ChannelError::MessageTooLong`], [`ChannelError::MessageMemory`] and [`ChannelError::PartialMessage`]; otherwise as
    /// [`Receiver::receive`].
    pub async fn receive(&mut self) -> Result<Option<Vec<u8>>, ChannelError> {
        if self.message.is_empty() {
            self.charge.release();
        }
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            match self.receiver.receive().await? {
                Some(_) => self.used = 0,
                None if self.length.is_empty() => return Ok(None),
                None => return Err(ChannelError::PartialMessage),
            }
        }
    }

    /// Takes what one message needs out of the data at hand.
    fn take(&mut self) -> Result<Option<Vec<u8>>, ChannelError> {
        let rest = self.receiver.data().get(self.used..).unwrap_or_default();
        let (head, rest) = rest.split_at(rest.len().min(LENGTH_LEN - self.length.len()));
        self.length.extend_from_slice(head);
        self.used += head.len();
        let Some(&length) = self.length.first_chunk::<LENGTH_LEN>() else { return Ok(None) };
        let len = u32::from_be_bytes(length) as usize;
        if len > self.max {
            return Err(ChannelError::MessageTooLong { len, max: self.max });
        }
        let body = &rest[..rest.len().min(len - self.message.len())];
        let (came, room) = (self.message.len() + body.len(), self.message.capacity());
        if came > room {
            let room = came.max(2 * room).min(len);
            self.charge.grow(room)?;
            self.message.reserve_exact(room - self.message.len());
        }
        append(&mut self.message, body);
        self.used += body.len();
        if self.message.len() < len {
            return Ok(None);
        }
        self.length.clear();
        Ok(Some(std::mem::take(&mut self.message)))
    }

    /// The receiving half underneath.
    pub fn channel(&mut self) -> &mut Receiver {
        &mut self.receiver
    }

    /// Gives the receiving half back.
    pub fn into_inner(self) -> Receiver {
        self.receiver
    }
}
