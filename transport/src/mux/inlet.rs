//! Taking what a connection has to send.

use super::credit::Credit;
use super::frame::Id;
use super::outgoing::Queue;
use sealwire_traits::PipeReader;
use std::io;
use std::sync::Arc;

/// Sends all that the connection has; its end is for the caller to send. Memory is used only from the moment that there is something to send.
///
/// # Errors
/// When the connection is broken. Nothing more is sent then.
pub(super) async fn take_all(id: Id, mut reader: PipeReader, credit: Arc<Credit>, queue: Queue) -> io::Result<()> {
    loop {
        let max = match credit.now() {
            // Nothing is read for now, so a reset would not be found.
            0 => tokio::select! {
                max = credit.available() => max,
                error = reader.broken() => return Err(error),
            },
            some => some,
        };
        let (slot, count) = queue.read(&mut reader, max).await?;
        if count == 0 {
            return Ok(());
        }
        credit.used(count);
        queue.data(id, slot, count).await;
    }
}
