//! The two halves of a connection that is carried through a session.

use sealwire_traits::{Connection, PipeReader, PipeWriter};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::task::coop::unconstrained;

/// A connection that is to be carried. If nobody carries it to its end, it is reset.
pub struct Ends {
    pub(crate) reader: PipeReader,
    pub(crate) outlet: Outlet,
}

impl From<Connection> for Ends {
    fn from(connection: Connection) -> Ends {
        Ends { reader: connection.reader, outlet: Outlet::new(connection.writer) }
    }
}

/// Reads what there is into `space`, and says how much that was; 0 at the end.
pub(crate) fn poll_read(reader: &mut PipeReader, space: &mut [u8], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    let mut space = ReadBuf::new(space);
    ready!(Pin::new(reader).poll_read(cx, &mut space))?;
    Poll::Ready(Ok(space.filled().len()))
}

/// The writing half of a connection. If it does not come to a proper end, the connection is reset, so that nobody takes what arrived for
/// all there was.
pub(crate) struct Outlet {
    writer: PipeWriter,
    ended: bool,
}

impl Outlet {
    pub(crate) fn new(writer: PipeWriter) -> Outlet {
        Outlet { writer, ended: false }
    }

    /// Writes some, at least one byte.
    ///
    /// # Errors
    /// When the connection is broken.
    pub(crate) fn poll_write(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        match ready!(Pin::new(&mut self.writer).poll_write(cx, bytes))? {
            0 => Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
            count => Poll::Ready(Ok(count)),
        }
    }

    /// Writes what the connection takes without waiting; returns how much that was.
    ///
    /// # Errors
    /// When the connection is broken.
    pub(crate) async fn write_now(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        // Only a connection that takes no more may end the turn, not the share of time that tokio gives a task.
        unconstrained(poll_fn(|cx| {
            while written < bytes.len() {
                match self.poll_write(&bytes[written..], cx) {
                    Poll::Ready(Ok(count)) => written += count,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => break,
                }
            }
            Poll::Ready(Ok(()))
        }))
        .await?;
        Ok(written)
    }

    /// Writes all.
    ///
    /// # Errors
    /// When the connection is broken.
    pub(crate) async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes).await
    }

    /// Ends this direction of the connection.
    ///
    /// # Errors
    /// When the connection is broken.
    pub(crate) async fn end(&mut self) -> io::Result<()> {
        self.writer.shutdown().await?;
        self.ended = true;
        Ok(())
    }
}

impl Drop for Outlet {
    fn drop(&mut self) {
        if !self.ended {
            self.writer.reset();
        }
    }
}
