//! Byte pipes: what a session needs of a network.

use crate::TransportError;
use async_trait::async_trait;
use std::fmt::Debug;
use std::future::pending;
use std::io;
use std::net::IpAddr;
use tokio::io::{AsyncRead, AsyncWrite};

/// The reading half of a pipe.
pub type PipeReader = Box<dyn PipeRead>;
/// The writing half of a pipe.
pub type PipeWriter = Box<dyn PipeWrite>;

/// What can be read from.
#[async_trait]
pub trait PipeRead: AsyncRead + Send + Unpin {
    /// Waits until the pipe has broken, which an end is not, and says how. Whoever does not read for a while hears of it here, however much is
    /// still unread. Safe to cancel. A transport that cannot tell waits for ever, as this does.
    async fn broken(&mut self) -> io::Error {
        pending().await
    }
}

/// What can be written to. Shutting it down ends this direction and leaves the other open.
pub trait PipeWrite: AsyncWrite + Send + Unpin {
    /// Has the pipe end as one that broke, once both of its halves are dropped: the peer finds a reset where it would else find an end, and
    /// data under way may be lost. A transport without resets does nothing, and its peer finds an end.
    fn reset(&mut self);
}

/// An open pipe in its two halves, which live on their own from then on.
pub struct Connection {
    /// Bytes from the peer.
    pub reader: PipeReader,
    /// Bytes to the peer.
    pub writer: PipeWriter,
    /// The peer's address, for people and logs.
    pub peer: String,
    /// The internet address that an accepted pipe came from, for caps on what one address may take; `None` on networks without such.
    pub origin: Option<IpAddr>,
}

/// A network that carries byte pipes, found by name. It knows nothing of sessions.
#[async_trait]
pub trait Transport: Send + Sync + Debug {
    /// The name in the config, for example `tcp`.
    fn name(&self) -> &'static str;
    /// Opens a pipe to `address`, written the way this transport writes addresses.
    ///
    /// # Errors
    /// [`TransportError`] says which address could not be reached and why.
    async fn connect(&self, address: &str) -> Result<Connection, TransportError>;
    /// Starts to listen at `address`.
    ///
    /// # Errors
    /// [`TransportError`] says which address could not be taken and why.
    async fn listen(&self, address: &str) -> Result<Box<dyn Listener>, TransportError>;
}

/// A place where pipes arrive. Dropping it stops the listening.
#[async_trait]
pub trait Listener: Send + Sync {
    /// Where it listens, with the port that the system chose if the port asked for was 0.
    fn address(&self) -> String;
    /// The next pipe. Safe to cancel: a pipe is not lost when the future is dropped before it is ready.
    ///
    /// # Errors
    /// [`TransportError`] for a passing or a lasting failure; `TransportError::Closed` when nothing can arrive any more.
    async fn accept(&mut self) -> Result<Connection, TransportError>;
}
