//! The halves of a socket, with the ways in which its kind breaks and is reset.

use async_trait::async_trait;
use sealwire_traits::{PipeRead, PipeWrite};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::task::yield_now;

/// A half that tokio reads from.
pub(super) struct ReadHalf<R>(pub(super) R);

impl<R: AsyncRead + Unpin> AsyncRead for ReadHalf<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, room)
    }
}

// Tokio's halves have no trait in common that tells of errors.
macro_rules! tells_what_broke {
    ($half:ty) => {
        #[async_trait]
        impl PipeRead for ReadHalf<$half> {
            async fn broken(&mut self) -> io::Error {
                loop {
                    match self.0.ready(Interest::ERROR).await {
                        // The other half may have been told already.
                        Ok(ready) if ready.is_error() => match self.0.as_ref().take_error() {
                            Ok(None) => return io::ErrorKind::ConnectionReset.into(),
                            Ok(Some(error)) | Err(error) => return error,
                        },
                        Ok(_) => yield_now().await,
                        Err(error) => return error,
                    }
                }
            }
        }
    };
}

tells_what_broke!(tokio::net::tcp::OwnedReadHalf);
#[cfg(unix)]
tells_what_broke!(tokio::net::unix::OwnedReadHalf);

/// A half that tokio writes to.
pub(super) struct WriteHalf<W> {
    /// None behind a reset.
    half: Option<W>,
    reset: fn(W),
}

impl<W> WriteHalf<W> {
    /// `reset` has to let go of the half without ending its direction, which tokio's halves do when they are dropped.
    pub(super) fn new(half: W, reset: fn(W)) -> WriteHalf<W> {
        WriteHalf { half: Some(half), reset }
    }
}

impl<W: Unpin> WriteHalf<W> {
    fn get(&mut self) -> io::Result<Pin<&mut W>> {
        self.half.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

impl<W: AsyncWrite + Send + Unpin> PipeWrite for WriteHalf<W> {
    fn reset(&mut self) {
        self.half.take().into_iter().for_each(self.reset);
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for WriteHalf<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.get()?.poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get()?.poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.get()?.poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.half.as_ref().is_some_and(W::is_write_vectored)
    }
}
