//! Why a command failed, and the exit status that says so.

use crate::passphrase::PassphraseError;
use crate::state::StateError;
use crate::trust::{SubjectError, TrustError};
use sealwire_backends::keys::KeyFileError;
use sealwire_backends::registry::RegistryError;
use sealwire_config::ConfigError;
use sealwire_traits::{GenerateError, KeyError, TransportError};
use sealwire_transport::ChannelError;
use sealwire_transport::server::TransportKeyError;
use sealwire_transport::session::{Alert, SessionError};
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// What can go wrong with a command.
#[derive(Debug, Error)]
pub enum AppError {
    /// The command line or the config asks for what makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The config.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A backend that the config names cannot be used.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// A key file.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// A key that was read, and cannot be used.
    #[error("{path}: {source}", path = path.display())]
    Key {
        /// Where it came from.
        path: PathBuf,
        /// What is wrong with it.
        source: KeyError,
    },
    /// A key that could not be made.
    #[error(transparent)]
    Generate(#[from] GenerateError),
    /// A passphrase.
    #[error(transparent)]
    Passphrase(#[from] PassphraseError),
    /// The state directory.
    #[error(transparent)]
    State(#[from] StateError),
    /// The known servers or the authorised clients.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// Somebody's key, as an argument of `trust`.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// A pipe.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The server's transport keys.
    #[error(transparent)]
    TransportKey(#[from] TransportKeyError),
    /// Somebody could not be authenticated; the text says who and what to do.
    #[error("{0}")]
    Untrusted(String),
    /// A channel.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The work was not finished; the text says what is missing.
    #[error("{0}")]
    Unfinished(String),
    /// Input, output or the terminal.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
}

/// Exit statuses; 0 is success.
mod status {
    pub(super) const FAILED: u8 = 1;
    pub(super) const USAGE: u8 = 2;
    pub(super) const UNAUTHENTICATED: u8 = 3;
    pub(super) const CUT: u8 = 4;
}

impl AppError {
    /// The exit status: 1 failed, 2 usage or config, 3 one end could not be authenticated, 4 the stream was cut after it had begun.
    pub fn exit_status(&self) -> u8 {
        match self {
            AppError::Usage(_) | AppError::Config(_) | AppError::Registry(_) | AppError::Subject(_) => status::USAGE,
            AppError::Transport(TransportError::Address { .. }) => status::USAGE,
            AppError::Untrusted(_) => status::UNAUTHENTICATED,
            AppError::Channel(error) => channel_status(error),
            _ => status::FAILED,
        }
    }
}

fn channel_status(error: &ChannelError) -> u8 {
    match error {
        ChannelError::Handshake(error) if error.is_authentication() => status::UNAUTHENTICATED,
        ChannelError::Session(
            SessionError::Truncated
            | SessionError::DeadPeer(_)
            | SessionError::BadRecord
            | SessionError::Alert(Alert::BadRecord),
        )
        | ChannelError::PartialMessage => status::CUT,
        _ => status::FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwire_transport::session::{HandshakeError, Rejection};

    #[test]
    fn every_class_of_failure_has_its_status() {
        let handshake = |error: HandshakeError| AppError::from(ChannelError::from(error)).exit_status();
        let session = |error: SessionError| AppError::from(ChannelError::from(error)).exit_status();
        assert_eq!(AppError::Usage(String::new()).exit_status(), 2);
        assert_eq!(AppError::Untrusted(String::new()).exit_status(), 3);
        assert_eq!(handshake(HandshakeError::Rejected(Rejection::Opaque)), 3);
        assert_eq!(handshake(HandshakeError::ServerUnproven), 3);
        assert_eq!(handshake(HandshakeError::Refused { alert: Alert::HandshakeFailure, authentic: false }), 3);
        assert_eq!(handshake(HandshakeError::Refused { alert: Alert::Overloaded, authentic: false }), 1);
        assert_eq!(handshake(HandshakeError::Cut), 1);
        assert_eq!(handshake(HandshakeError::Timeout), 1);
        assert_eq!(session(SessionError::Truncated), 4);
        assert_eq!(session(SessionError::DeadPeer(90)), 4);
        assert_eq!(session(SessionError::Alert(Alert::Unsupported)), 1);
    }
}
