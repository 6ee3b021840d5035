//! The receiving half of a channel: reads from the pipe into the session's buffer, where records are opened.

use super::read;
use crate::session::{ReceiveHalf, Received};
use crate::{ChannelError, Clock};
use sealwire_traits::PipeReader;
use std::time::Duration;
use tokio::time::sleep_until;

/// The receiving half of a channel.
///
/// Between two calls nothing happens: a silent peer, and a second without data after which memory is released, are noticed within
/// [`receive`](Receiver::receive).
pub struct Receiver {
    half: ReceiveHalf,
    pub(super) reader: PipeReader,
    clock: Clock,
}

impl Receiver {
    pub(super) fn new(half: ReceiveHalf, reader: PipeReader, clock: Clock) -> Receiver {
        Receiver { half, reader, clock }
    }

    /// The next piece of data, at least one byte, or `None` when the peer has closed its direction and everything was delivered. May
    /// be cancelled without loss.
    ///
    /// # Errors
    /// [`ChannelError::Session`] when anything was changed, cut or broken, or nothing came for too long; [`ChannelError::Io`] when the
    /// pipe fails. Give it to [`abandon`](super::abandon) then.
    pub async fn receive(&mut self) -> Result<Option<&[u8]>, ChannelError> {
        let mut now = self.clock.elapsed();
        loop {
            match self.half.next(now)? {
                Received::Data => return Ok(Some(self.half.data())),
                Received::End => return Ok(None),
                Received::Nothing => now = self.read_more(now).await?,
            }
        }
    }

    /// What the last [`receive`](Self::receive) gave, until it is called again.
    pub(crate) fn data(&self) -> &[u8] {
        self.half.data()
    }

    /// Reads what the pipe has, or looks after the timers when it has nothing for too long. Returns the moment it is then.
    async fn read_more(&mut self, now: Duration) -> Result<Duration, ChannelError> {
        let (clock, deadline, mut waited) = (self.clock, self.half.deadline(), false);
        // Bytes that are there already cost neither a timer nor a look at the clock.
        let patience = async {
            waited = true;
            match deadline {
                Some(deadline) => sleep_until(clock.at(deadline)).await,
                None => std::future::pending().await,
            }
        };
        let count = tokio::select! {
            biased;
            count = read(&mut self.reader, self.half.space()) => Some(count?),
            () = patience => None,
        };
        let now = if waited { clock.elapsed() } else { now };
        match count {
            Some(count) => self.half.filled(count),
            None => self.half.check_timers(now)?,
        }
        Ok(now)
    }
}
