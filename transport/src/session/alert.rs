//! Alerts: how an end says that it stops.

use super::limits::ALERT_LEN;
use std::fmt;

/// The reasons on the wire. All but `CloseNotify` end the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Alert {
    /// This direction ends here, and all of it arrived.
    CloseNotify = 0,
    /// The handshake failed; for a reason that is not told.
    HandshakeFailure = 1,
    /// The peer broke the protocol.
    ProtocolError = 2,
    /// The peer asked for something that is not offered (a suite, an identity, a service).
    Unsupported = 3,
    /// Too much to do.
    Overloaded = 4,
    /// This end has a fault of its own.
    Internal = 5,
    /// A record did not open.
    BadRecord = 6,
}

impl Alert {
    pub(super) fn from_wire(body: &[u8]) -> Option<Alert> {
        let [code]: [u8; ALERT_LEN] = body.try_into().ok()?;
        [
            Alert::CloseNotify,
            Alert::HandshakeFailure,
            Alert::ProtocolError,
            Alert::Unsupported,
            Alert::Overloaded,
            Alert::Internal,
            Alert::BadRecord,
        ]
        .into_iter()
        .find(|alert| *alert as u8 == code)
    }
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Alert::CloseNotify => "it closed",
            Alert::HandshakeFailure => "the handshake failed",
            Alert::ProtocolError => "a message broke the protocol",
            Alert::Unsupported => "what was asked for is not offered",
            Alert::Overloaded => "it is overloaded, try again later",
            Alert::Internal => "it has an internal fault",
            Alert::BadRecord => "a record did not open",
        })
    }
}
