//! The writing half of a socket, with the way in which its kind is reset.

use sealwire_traits::PipeWrite;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;

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
