//! Listening in on the pipe: what an attacker on the way would see of the client's side, cut into records.

use sealwire_traits::{Connection, PipeWrite, PipeWriter};
use std::io::{self, Write};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;

/// Bytes that several owners append to and read.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    fn append(&self, bytes: &[u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A copy of everything the client wrote to the pipe.
#[derive(Clone, Default)]
pub(super) struct Tap(Shared);

impl Tap {
    /// Puts the tap into a pipe.
    pub(super) fn listen_in(&self, pipe: Connection) -> Connection {
        Connection { writer: Box::new(Tapped { writer: pipe.writer, copy: self.0.clone() }), ..pipe }
    }

    /// The records that went by, headers included.
    pub(super) fn records(&self) -> Vec<Vec<u8>> {
        let bytes = self.0.bytes();
        let mut rest = bytes.as_slice();
        let mut records = Vec::new();
        while let Some(&[_, a, b, c]) = rest.first_chunk() {
            let len = 4 + u32::from_be_bytes([0, a, b, c]) as usize;
            let Some((record, behind)) = rest.split_at_checked(len) else { break };
            records.push(record.to_vec());
            rest = behind;
        }
        records
    }
}

/// The wrapped secret in ClientKeys, the client's second record: it stands behind the header (4), the flags (1), the puzzle's solution
/// (8) and its own length (2).
pub(super) fn wrapped_secret(records: &[Vec<u8>]) -> Option<&[u8]> {
    records.get(1)?.get(4 + 1 + 8 + 2..)
}

/// The records behind the handshake (ClientHello, ClientKeys, ClientFinish), without the last, which says that the client is done.
pub(super) fn data_records(records: &[Vec<u8>]) -> Vec<&[u8]> {
    let behind = records.get(3..).unwrap_or_default();
    behind.iter().take(behind.len().saturating_sub(1)).map(Vec::as_slice).collect()
}

struct Tapped {
    writer: PipeWriter,
    copy: Shared,
}

impl AsyncWrite for Tapped {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.writer).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = &written {
            self.copy.append(&bytes[..*count]);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_shutdown(cx)
    }
}

impl PipeWrite for Tapped {
    fn reset(&mut self) {
        self.writer.reset();
    }
}

/// What the server prints.
#[derive(Clone, Default)]
pub(super) struct Screen(Shared);

impl Screen {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.bytes()).into_owned()
    }
}

impl Write for Screen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.append(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
