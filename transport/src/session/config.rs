//! What each end brings to a session.

use super::Padding;
use sealwire_traits::{Fingerprint, Provider, SigningKey};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

/// What both ends choose for themselves.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How much of the length of data is hidden.
    pub padding: Padding,
    /// From the first byte to the end of the handshake, however slowly the bytes come.
    pub handshake_timeout: Duration,
    /// Silence after which this end says that it is there; zero: never.
    pub keepalive: Duration,
    /// Silence after which the peer is given up; zero: never.
    pub dead_peer: Duration,
    /// Time without data in either direction after which the session ends; zero: never.
    pub idle: Duration,
    /// How long an end that leaves waits for the other one.
    pub close_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            padding: Padding::None,
            handshake_timeout: Duration::from_secs(10),
            keepalive: Duration::from_secs(30),
            dead_peer: Duration::from_secs(90),
            idle: Duration::ZERO,
            close_timeout: Duration::from_secs(10),
        }
    }
}

/// A client's side of a session.
#[derive(Clone)]
pub struct ClientConfig {
    /// The algorithms.
    pub provider: Provider,
    /// The servers this client takes. With none, the handshake ends after the server's first message with
    /// [`HandshakeError::UnknownServer`](super::HandshakeError::UnknownServer), which carries the fingerprint to decide on.
    pub pins: Vec<Fingerprint>,
    /// Tell the server, in the clear, which identity is wanted: the first of `pins`.
    pub announce_pin: bool,
    /// What is asked for, printable ASCII of at most 255 bytes.
    pub service: String,
    /// Who this client is, for servers that ask.
    pub identity: Option<Arc<dyn SigningKey>>,
    /// Ask for the server's signature over the handshake even if the clocks agree.
    pub want_server_auth: bool,
    /// Padding and timers.
    pub settings: Settings,
}

/// A server's side of its sessions.
#[derive(Clone)]
pub struct ServerConfig {
    /// The algorithms.
    pub provider: Provider,
    /// Who this server is.
    pub identity: Arc<dyn SigningKey>,
    /// Whether clients must say who they are.
    pub client_auth: bool,
    /// Who may do what.
    pub policy: Arc<dyn TrustPolicy>,
    /// Padding and timers.
    pub settings: Settings,
}

/// Whom a server trusts, and with what. Asked from the thread that did the RSA work of a handshake.
pub trait TrustPolicy: Send + Sync + Debug {
    /// Whether a client that has proved this key may come in.
    fn client_allowed(&self, client: &Fingerprint) -> bool;
    /// Whether `service` is offered to this client (`None`: one that did not say who it is).
    fn service_allowed(&self, service: &str, client: Option<&Fingerprint>) -> bool;
}
