//! Why a channel could not be made, or ended before its time.

use crate::session::{Alert, HandshakeError, SessionError};
use std::io;
use std::sync::Arc;
use thiserror::Error;

/// What can go wrong with a channel.
#[derive(Clone, Debug, Error)]
pub enum ChannelError {
    /// The two ends did not come to terms.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// The session ended otherwise than by close_notify.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The pipe failed.
    #[error("the connection failed: {0}")]
    Io(Arc<io::Error>),
    /// This end has too much RSA work waiting, or no transport key in time.
    #[error("too many handshakes are waiting (workers.rsa_queue), or too few keys are made ahead (server.pool)")]
    Overloaded,
    /// A message longer than this end takes or may send.
    #[error("a message of {len} bytes is longer than the {max} that are allowed (limits.max_message)")]
    MessageTooLong {
        /// Its length.
        len: usize,
        /// The limit.
        max: usize,
    },
    /// There is no memory left for a long message, since those of other sessions have it.
    #[error("long messages of other sessions take all the memory that there is for them (limits.message_memory)")]
    MessageMemory,
    /// What was received could not be dealt with: a fault of this end, such as a full disk.
    #[error("what was received could not be dealt with: {0}")]
    Service(Arc<io::Error>),
    /// The connection that the session carries broke at this end.
    #[error("the connection that is carried broke: {0}")]
    Carried(Arc<io::Error>),
    /// The peer closed its direction in the middle of a message.
    #[error("the other end stopped in the middle of a message")]
    PartialMessage,
}

impl From<io::Error> for ChannelError {
    fn from(error: io::Error) -> ChannelError {
        ChannelError::Io(Arc::new(error))
    }
}

impl ChannelError {
    /// What to tell the peer of an established session; nothing when it will not hear.
    pub fn alert(&self) -> Option<Alert> {
        match self {
            ChannelError::Session(error) => error.alert(),
            ChannelError::MessageTooLong { .. } | ChannelError::PartialMessage => Some(Alert::ProtocolError),
            ChannelError::MessageMemory => Some(Alert::Overloaded),
            ChannelError::Service(_) | ChannelError::Carried(_) => Some(Alert::Internal),
            ChannelError::Handshake(_) | ChannelError::Io(_) | ChannelError::Overloaded => None,
        }
    }
}
