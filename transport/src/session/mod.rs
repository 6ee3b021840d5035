//! The session of PROTOCOL.md, sans-IO: no socket, no clock and no thread in sight. Bytes come in through [`Handshake::space`] and
//! [`ReceiveHalf::space`], and go out through [`Handshake::take_output`] and the buffers that a [`SendHalf`] is given; time is an
//! argument, and RSA work comes out in slices ([`Step::Work`]) that somebody else runs.
//!
//! The life of a session, in the order of the files: `handshake` (what both ends share), `client` or `server` (messages 1 to 5, whose
//! forms are in `messages`, over `transcript`, `schedule` and `certificate`), then `send` and `receive` (records, through `direction`
//! and `record`). [`crate::channel`] drives all of it over a pipe.

mod alert;
mod certificate;
mod client;
mod codec;
mod config;
mod direction;
mod error;
mod handshake;
mod limits;
mod messages;
mod puzzle;
mod receive;
mod record;
mod schedule;
mod send;
mod server;
mod time;
mod transcript;

pub use alert::Alert;
pub use certificate::Epoch;
pub use config::{ClientConfig, ServerConfig, Settings, TrustPolicy};
pub use error::{CertificateError, HandshakeError, Rejection, SessionError};
pub use handshake::{Established, Failure, Handshake, KeyWanted, Peer, Step};
pub use limits::{CLOCK_SKEW, CONTENT_START, MAX_CONTENT, MAX_DIFFICULTY};
pub use receive::{ReceiveHalf, Received};
pub use record::plain_alert;
pub(crate) use record::record_start;
#[cfg(test)]
pub(crate) use send::test_sender;
pub use send::{Padding, SendHalf};
pub use time::Now;

use time::Activity;
