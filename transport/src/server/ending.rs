//! Why connections end, in one list, and how many did.

use super::admission::TurnedAway;
use super::places::Full;
use crate::ChannelError;
use crate::session::{HandshakeError, Rejection, SessionError};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! endings {
    ($($(#[$doc:meta])* $ending:ident = $name:literal,)*) => {
        /// Why a connection to a server is over. Each connection ends in exactly one way.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Ending {$(
            $(#[$doc])*
            $ending,
        )*}

        impl Ending {
            /// All of them.
            pub const ALL: &[Ending] = &[$(Ending::$ending),*];

            /// The word for it in the log.
            pub fn name(self) -> &'static str {
                match self {$(
                    Ending::$ending => $name,
                )*}
            }
        }
    };
}
endings! {
    /// Both ends closed their directions, and everything arrived.
    Complete = "complete",
    /// The server stopped, or ended the session because it does.
    Stopped = "stopped",

    /// Turned away: as many connections as there may be.
    Connections = "connections",
    /// Turned away: as many connections as there may be from its address.
    ConnectionsOfAddress = "connections-of-address",
    /// Turned away: as many handshakes, in progress or failed of late, as there may be from its address.
    HandshakesOfAddress = "handshakes-of-address",
    /// The queue for RSA work was full, there was no transport key in time, or no memory for a long message.
    Overloaded = "overloaded",

    /// The client left in the handshake.
    Left = "left-handshake",
    /// The handshake gave way to newer ones: as many were in progress as there may be.
    GaveWay = "gave-way",
    /// The handshake took too long.
    HandshakeTimeout = "handshake-timeout",
    /// The client does not speak the protocol.
    NotSealwire = "not-sealwire",
    /// A handshake message was malformed, or out of its place.
    Malformed = "malformed-handshake",
    /// The client wanted a version, a suite, an identity or a service that is not offered.
    Unsupported = "unsupported",
    /// The puzzle was not solved.
    Puzzle = "puzzle",
    /// The client did not prove the handshake.
    Unproven = "unproven",
    /// The client proved a key that is not authorised.
    Unlisted = "unlisted",
    /// The client refused this server.
    Refused = "refused-by-client",

    /// The stream ended without close_notify.
    Cut = "cut",
    /// Nothing came for too long.
    DeadPeer = "dead-peer",
    /// No data for too long.
    Idle = "idle",
    /// A record did not open.
    BadRecord = "bad-record",
    /// The client broke the rules of the session, or of its service.
    Protocol = "protocol",
    /// The client ended the session with an alert.
    Alert = "alert",

    /// The connection that the session carried broke at this end, or could not be made.
    Carried = "carried",
    /// The pipe failed.
    Io = "io",
    /// A fault of this end.
    Fault = "fault",
}

impl From<&ChannelError> for Ending {
    fn from(error: &ChannelError) -> Ending {
        match error {
            ChannelError::Handshake(error) => of_handshake(error),
            ChannelError::Session(error) => of_session(error),
            ChannelError::Io(_) => Ending::Io,
            ChannelError::Overloaded | ChannelError::MessageMemory => Ending::Overloaded,
            ChannelError::MessageTooLong { .. } | ChannelError::PartialMessage => Ending::Protocol,
            ChannelError::Carried(_) => Ending::Carried,
            ChannelError::Service(_) => Ending::Fault,
        }
    }
}

fn of_handshake(error: &HandshakeError) -> Ending {
    use HandshakeError as E;
    match error {
        E::Cut => Ending::Left,
        E::Timeout => Ending::HandshakeTimeout,
        E::NotSealwire => Ending::NotSealwire,
        E::Malformed(_) | E::Unexpected(_) => Ending::Malformed,
        E::Version(_) | E::NoCommonSuite | E::WantedUnknown(_) | E::Service { .. } => Ending::Unsupported,
        E::Puzzle => Ending::Puzzle,
        E::Wrapped | E::Rejected(Rejection::Opaque) => Ending::Unproven,
        E::Rejected(Rejection::Unlisted(_)) => Ending::Unlisted,
        E::Refused { .. } => Ending::Refused,
        E::Operation(_) => Ending::Fault,
        // What only a client has to say.
        E::SuiteNotOffered(_) | E::KeyTransport(_) | E::UnknownServer(_) | E::WrongServer { .. } => Ending::Fault,
        E::Certificate(_) | E::ClientKeyNeeded | E::Difficulty(_) | E::ServerUnproven => Ending::Fault,
    }
}

fn of_session(error: &SessionError) -> Ending {
    match error {
        SessionError::Truncated => Ending::Cut,
        SessionError::BadRecord => Ending::BadRecord,
        SessionError::Protocol(_) => Ending::Protocol,
        SessionError::Alert(_) => Ending::Alert,
        SessionError::DeadPeer(_) => Ending::DeadPeer,
        SessionError::Idle(_) => Ending::Idle,
        SessionError::Closed => Ending::Fault,
    }
}

impl From<TurnedAway> for Ending {
    fn from(reason: TurnedAway) -> Ending {
        match reason {
            TurnedAway::Connections(Full::Total) => Ending::Connections,
            TurnedAway::Connections(Full::Address) => Ending::ConnectionsOfAddress,
            TurnedAway::HandshakesOfAddress => Ending::HandshakesOfAddress,
        }
    }
}

/// How many connections ended, by reason. Shown as the reasons that there were.
#[derive(Debug, Default)]
pub struct Endings([AtomicU64; Ending::ALL.len()]);

impl Endings {
    /// One more.
    pub fn count(&self, ending: Ending) {
        self.0[ending as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were so far.
    pub fn of(&self, ending: Ending) -> u64 {
        self.0[ending as usize].load(Ordering::Relaxed)
    }
}

impl fmt::Display for Endings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = Ending::ALL.iter().map(|ending| (ending.name(), self.of(*ending))).filter(|(_, count)| *count > 0);
        let mut counts = counts.peekable();
        if counts.peek().is_none() {
            return f.write_str("none");
        }
        for (index, (name, count)) in counts.enumerate() {
            write!(f, "{}{name}:{count}", if index == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_ending_has_a_counter_and_a_name_of_its_own() {
        let endings = Endings::default();
        assert_eq!(endings.to_string(), "none");
        for (index, ending) in Ending::ALL.iter().enumerate() {
            (0..=index).for_each(|_| endings.count(*ending));
        }
        let shown = endings.to_string();
        let words: Vec<_> = shown.split(' ').collect();
        let expected: Vec<_> = (1..).zip(Ending::ALL).map(|(count, end)| format!("{}:{count}", end.name())).collect();
        assert_eq!(words, expected);
        let different: std::collections::HashSet<_> = Ending::ALL.iter().map(|ending| ending.name()).collect();
        assert_eq!(different.len(), Ending::ALL.len());
    }

    #[test]
    fn errors_have_their_endings() {
        for (error, ending) in [
            (HandshakeError::Cut.into(), Ending::Left),
            (HandshakeError::Rejected(Rejection::Opaque).into(), Ending::Unproven),
            (HandshakeError::Puzzle.into(), Ending::Puzzle),
            (ChannelError::Overloaded, Ending::Overloaded),
            (SessionError::DeadPeer(90).into(), Ending::DeadPeer),
            (ChannelError::PartialMessage, Ending::Protocol),
        ] {
            assert_eq!(Ending::from(&error), ending, "{error}");
        }
    }
}
