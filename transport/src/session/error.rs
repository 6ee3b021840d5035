//! What can go wrong in a session, who is at fault, and which alert says so to the peer.

use super::Alert;
use sealwire_traits::{Fingerprint, KeyError, OperationError, RandomError};
use thiserror::Error;

/// What is wrong with the certificate of a transport key.
#[derive(Clone, Debug, Error)]
pub enum CertificateError {
    /// The identity did not sign it.
    #[error("its signature does not verify")]
    Signature,
    /// It certifies the identity key itself.
    #[error("the transport key is the identity key")]
    SameKey,
    /// It lives longer than 900 seconds, or ends before it begins.
    #[error("it is valid for {0} seconds, at most 900 are taken")]
    Lifetime(i128),
    /// One of its keys is not sound.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// Why the server turned a client away in the one step that depends on secrets. The wire says `handshake_failure` for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The secret, the seal, the form, the signature or the MAC was wrong; which one is not told, not even here.
    Opaque,
    /// The client proved its key, and the key is not among those authorised.
    Unlisted(Fingerprint),
}

/// Why a handshake failed.
#[derive(Clone, Debug, Error)]
pub enum HandshakeError {
    /// The first bytes are not of this protocol.
    #[error("the other end does not speak sealwire")]
    NotSealwire,
    /// Another version of it.
    #[error("the other end speaks version {0} of the protocol, this one version 1")]
    Version(u8),
    /// A message of the wrong form.
    #[error("a handshake message is malformed: {0}")]
    Malformed(&'static str),
    /// A record that has no place here.
    #[error("an unexpected record in the handshake: {0}")]
    Unexpected(&'static str),
    /// Server: the client offers no suite of ours.
    #[error("the client offers no cipher suite that this server accepts (cipher.suite)")]
    NoCommonSuite,
    /// Client: the server chose what was not offered.
    #[error("the server chose cipher suite {0:#06x}, which was not offered")]
    SuiteNotOffered(u16),
    /// Server: the client wants to meet somebody else.
    #[error("the client wants to meet the server {0}, and this server has another identity")]
    WantedUnknown(Fingerprint),
    /// Client: the server uses another way to carry the secret.
    #[error("the server uses key transport {0}, which this client does not have")]
    KeyTransport(u8),
    /// Client: nobody has vouched for this server yet.
    #[error("the server {0} is not known yet")]
    UnknownServer(Fingerprint),
    /// Client: the server is not the one expected.
    #[error("the server is {found}, and not {}", list(.expected))]
    WrongServer {
        /// Whom the client would have taken.
        expected: Vec<Fingerprint>,
        /// Who it is.
        found: Fingerprint,
    },
    /// Client: the certificate of the transport key is not sound.
    #[error("the certificate of the server's transport key is not sound: {0}")]
    Certificate(#[from] CertificateError),
    /// Client: the server asks who the client is, and the client has no key.
    #[error("the server takes known clients only, and this client has no key (client.identity)")]
    ClientKeyNeeded,
    /// Client: the puzzle is too hard.
    #[error("the server asks for a puzzle of difficulty {0}, at most 20 is taken")]
    Difficulty(u8),
    /// The client did not solve the puzzle.
    #[error("the client did not solve the puzzle")]
    Puzzle,
    /// Server: the wrapped secret is wrong in a way that anybody can see.
    #[error("the client's wrapped secret is not a number of the transport key")]
    Wrapped,
    /// Server: turned away.
    #[error("{}", match .0 { Rejection::Opaque => "the client did not prove the handshake".to_owned(),
        Rejection::Unlisted(print) => format!("the client {print} is not authorised (sealwire trust add {print})") })]
    Rejected(Rejection),
    /// Server: the client is in, and asked for what is not offered, or not to it.
    #[error("the client asked for the service {service:?}, which is not offered to {}", match .client { Some(print) => format!("the key {print}"), None => "it".to_owned() })]
    Service {
        /// What it asked for.
        service: String,
        /// Who it is.
        client: Option<Fingerprint>,
    },
    /// Client: the server did not prove that it holds the transport key, or its identity when asked.
    #[error("the server did not prove the handshake: something between changed it, or replayed an old one")]
    ServerUnproven,
    /// The peer ended the handshake. `authentic` tells whether the alert was sealed; a plain one proves nothing about its sender.
    #[error("the other end refused{}: {alert}", if *.authentic { "" } else { " (unauthenticated word)" })]
    Refused {
        /// What it said.
        alert: Alert,
        /// Whether it was sealed.
        authentic: bool,
    },
    /// The stream ended.
    #[error("the connection was cut during the handshake")]
    Cut,
    /// The absolute deadline passed.
    #[error("the handshake took longer than allowed (session.handshake_timeout)")]
    Timeout,
    /// A fault of this end.
    #[error(transparent)]
    Operation(#[from] OperationError),
}

impl From<RandomError> for HandshakeError {
    fn from(error: RandomError) -> HandshakeError {
        OperationError::Random(error).into()
    }
}

impl HandshakeError {
    /// What to tell the peer; nothing when it will not hear.
    pub fn alert(&self) -> Option<Alert> {
        use HandshakeError::*;
        Some(match self {
            NotSealwire | Malformed(_) | Unexpected(_) | Difficulty(_) | Puzzle | Wrapped => Alert::ProtocolError,
            Version(_) | NoCommonSuite | SuiteNotOffered(_) | WantedUnknown(_) | KeyTransport(_) | Service { .. } => {
                Alert::Unsupported
            }
            UnknownServer(_) | WrongServer { .. } | Certificate(_) | ClientKeyNeeded => Alert::HandshakeFailure,
            Rejected(_) | ServerUnproven | Timeout => Alert::HandshakeFailure,
            Operation(_) => Alert::Internal,
            Refused { .. } | Cut => return None,
        })
    }

    /// Whether one end could not show who it is, or that nothing was changed on the way.
    pub fn is_authentication(&self) -> bool {
        use HandshakeError::*;
        matches!(
            self,
            UnknownServer(_)
                | WrongServer { .. }
                | Certificate(_)
                | ClientKeyNeeded
                | Rejected(_)
                | ServerUnproven
                | Refused { alert: Alert::HandshakeFailure, .. }
        )
    }
}

/// Why a session ended otherwise than by close_notify from both ends.
#[derive(Clone, Debug, Error)]
pub enum SessionError {
    /// The stream ended without close_notify: bytes may be missing.
    #[error("the connection was cut: the other end did not say that it was done, data may be missing")]
    Truncated,
    /// A record did not open.
    #[error("a record does not open: it was changed, repeated, dropped or reordered on the way")]
    BadRecord,
    /// The peer broke the protocol.
    #[error("the other end broke the protocol: {0}")]
    Protocol(&'static str),
    /// The peer ended the session.
    #[error("the other end stopped: {0}")]
    Alert(Alert),
    /// Nothing came for too long.
    #[error("nothing came from the other end for {0} seconds (session.dead_peer)")]
    DeadPeer(u64),
    /// Neither end sent data for too long.
    #[error("no data for {0} seconds (session.idle)")]
    Idle(u64),
    /// The direction is closed already.
    #[error("this direction has been closed already")]
    Closed,
}

impl SessionError {
    /// What to tell the peer; nothing when it will not hear.
    pub fn alert(&self) -> Option<Alert> {
        match self {
            SessionError::BadRecord => Some(Alert::BadRecord),
            SessionError::Protocol(_) => Some(Alert::ProtocolError),
            SessionError::Idle(_) => Some(Alert::CloseNotify),
            SessionError::Truncated | SessionError::Alert(_) | SessionError::DeadPeer(_) | SessionError::Closed => None,
        }
    }
}

fn list(prints: &[Fingerprint]) -> String {
    prints.iter().map(Fingerprint::to_string).collect::<Vec<_>>().join(" or ")
}
