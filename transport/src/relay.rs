//! One connection in a session of its own: its bytes are the session's data, its two ends are those of the session's directions.

use crate::ChannelError;
use crate::channel::{Channel, FULL, Receiver, Room, Sender, abandon, last_word};
use crate::ends::{Ends, Outlet, poll_read};
use sealwire_traits::PipeReader;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Poll, ready};

/// Bytes that a connection has carried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relayed {
    /// To the peer.
    pub sent: u64,
    /// From the peer.
    pub received: u64,
}

/// Carries `connection` until both of its directions have ended. If the session ends otherwise, the connection is reset; if the connection
/// breaks, so does the session.
///
/// # Errors
/// [`ChannelError::Carried`] when the connection broke; otherwise as [`Receiver::receive`] and [`Sender::send`]. The peer has been told.
pub async fn relay(channel: Channel, connection: Ends) -> Result<Relayed, ChannelError> {
    let Channel { mut sender, mut receiver, peer: _ } = channel;
    let Ends { mut reader, outlet } = connection;
    let result = tokio::try_join!(send_all(&mut sender, &mut reader), hand_on(&mut receiver, outlet));
    match result {
        Ok((sent, received)) => Ok(Relayed { sent, received }),
        Err(error) => {
            // With its other half it is reset now, and not only when the peer has heard.
            drop(reader);
            let error = last_word(error, &mut receiver).await;
            abandon(sender, receiver, &error).await;
            Err(error)
        }
    }
}

/// Sends what `reader` has, then closes the direction; returns the number of bytes. Memory is used only while there is something to send.
///
/// # Errors
/// [`ChannelError::Carried`] when it cannot be read; otherwise as [`Sender::send`].
pub async fn send_all(sender: &mut Sender, reader: &mut PipeReader) -> Result<u64, ChannelError> {
    let (mut sent, mut rooms) = (0, Vec::new());
    loop {
        let room = sender.while_idle(read(reader)).await?.map_err(broken)?;
        let Some((room, count)) = room else { break };
        rooms.push(room);
        tokio::select! {
            biased;
            result = sender.send_rooms(&mut rooms) => result?,
            // Nothing is read meanwhile, so a reset would not be found for as long as the peer takes nothing.
            error = reader.broken() => return Err(broken(error)),
        }
        sent += count as u64;
    }
    sender.close().await?;
    Ok(sent)
}

/// What the reader has, once it has something: as content, and its length. Nothing at the end.
async fn read(reader: &mut PipeReader) -> io::Result<Option<(Room, usize)>> {
    poll_fn(|cx| {
        let mut room = Room::take();
        let count = ready!(poll_read(reader, &mut room.space()[..FULL], cx))?;
        room.filled(count);
        Poll::Ready(Ok((count > 0).then_some((room, count))))
    })
    .await
}

/// Hands on what comes, then its end.
async fn hand_on(receiver: &mut Receiver, mut outlet: Outlet) -> Result<u64, ChannelError> {
    let mut received = 0;
    while let Some(data) = receiver.receive().await? {
        outlet.write_all(data).await.map_err(broken)?;
        received += data.len() as u64;
    }
    outlet.end().await.map_err(broken)?;
    Ok(received)
}

fn broken(error: io::Error) -> ChannelError {
    ChannelError::Carried(Arc::new(error))
}
