//! sealwire's byte pipes and its session.
//!
//! Where to look, from the outside in:
//!
//! * [`channel`]: an encrypted channel over a pipe: [`channel::connect`], [`channel::accept`], then a [`channel::Sender`] and a
//!   [`channel::Receiver`] that live on their own;
//! * [`message`]: messages with a length before them, for services that carry messages rather than a stream;
//! * [`mux`]: many connections in one session;
//! * [`relay`]: one connection in a session of its own;
//! * [`session`]: the session, sans-IO;
//! * [`protocol`]: the wire protocol that it speaks, step by step;
//! * [`server`]: what a server has beside its sessions: the rotating transport key, the caps on connections and handshakes, and the
//!   reasons for which connections end;
//! * [`pipe`]: TCP, unix sockets and memory;
//! * [`workers`]: the bounded pool on which RSA work runs.

mod blocking;
pub mod channel;
mod clock;
mod copying;
mod ends;
mod error;
pub mod message;
pub mod mux;
pub mod pipe;
pub mod protocol {
    #![doc = include_str!("../PROTOCOL.md")]
}
pub mod relay;
pub mod server;
pub mod session;
pub mod workers;

pub use clock::Clock;
pub use ends::Ends;
pub use error::ChannelError;
