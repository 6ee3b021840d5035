//! The writing half of a socket, with the way in which its kind is reset.

use sealwire_traits::PipeWrite;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;

/// A half that tokio writes to.
pub(super) struct WriteHalf<W> {
    half: W,
    reset: fn(&W),
}

impl<W> WriteHalf<W> {
    pub(super) fn new(half: W, reset: fn(&W)) -> WriteHalf<W> {
        WriteHalf { half, reset }
    }
}

impl<W: AsyncWrite + Send + Unpin> PipeWrite for WriteHalf<W> {
    fn reset(&mut self) {
        (self.reset)(&self.half);
    }
}

impl<W: AsyncWrite + Unpin> AsyncWrite for WriteHalf<W> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.half).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.half).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.half).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.half).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.half.is_write_vectored()
    }
}
