//! What a server does with a client once the channel stands. A new service is a function here, and a line in the list.

mod forward;
mod messages;
mod receive;

use crate::server::Context;
pub use forward::{Targets, limits};
pub use receive::Receiving;
use sealwire_transport::ChannelError;
use sealwire_transport::channel::Channel;
use std::fmt;
use std::sync::Arc;

/// The services of this build, as the config names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Shows each message.
    Print,
    /// Shows each message and sends it back.
    Echo,
    /// Stores a stream.
    Receive,
    /// Connects the client to a target.
    Forward,
}

impl Service {
    const ALL: [Service; 4] = [Service::Print, Service::Echo, Service::Receive, Service::Forward];
    /// Those whose name alone is what a client asks for, to talk in messages.
    const CONVERSATIONS: [Service; 2] = [Service::Print, Service::Echo];

    /// The name in the config.
    pub fn name(self) -> &'static str {
        match self {
            Service::Print => "print",
            Service::Echo => "echo",
            Service::Receive => "receive",
            Service::Forward => "forward",
        }
    }
}

/// The names of all services.
pub fn names() -> Vec<&'static str> {
    Service::ALL.into_iter().map(Service::name).collect()
}

/// The names of those that a client talks to in messages.
pub fn conversations() -> Vec<&'static str> {
    Service::CONVERSATIONS.into_iter().map(Service::name).collect()
}

/// What a client asks for, as it stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// `print`
    Print,
    /// `echo`
    Echo,
    /// `receive`
    Receive,
    /// `forward TARGET`: many connections in one session.
    Forward(&'a str),
    /// `pipe TARGET`: the session is one connection.
    Pipe(&'a str),
}

impl<'a> Request<'a> {
    /// Reads what a client asked for; nothing when there is no such service.
    pub fn parse(text: &'a str) -> Option<Request<'a>> {
        match text.split_once(' ') {
            None => match text {
                "print" => Some(Request::Print),
                "echo" => Some(Request::Echo),
                "receive" => Some(Request::Receive),
                _ => None,
            },
            Some(("forward", target)) => Some(Request::Forward(target)),
            Some(("pipe", target)) => Some(Request::Pipe(target)),
            Some(_) => None,
        }
    }

    /// The service that has to be on offer.
    pub fn service(self) -> Service {
        match self {
            Request::Print => Service::Print,
            Request::Echo => Service::Echo,
            Request::Receive => Service::Receive,
            Request::Forward(_) | Request::Pipe(_) => Service::Forward,
        }
    }

    /// The target that has to be known.
    pub fn target(self) -> Option<&'a str> {
        match self {
            Request::Forward(target) | Request::Pipe(target) => Some(target),
            _ => None,
        }
    }

    /// Serves one client until either end is done.
    ///
    /// # Errors
    /// [`ChannelError`] when the session did not end as it should; the peer has been told.
    pub async fn serve(self, channel: Channel, who: &str, context: Arc<Context>) -> Result<Served, ChannelError> {
        match self {
            Request::Print | Request::Echo => messages::serve(channel, who, self == Request::Echo, context).await,
            Request::Receive => receive::serve(channel, &context).await,
            Request::Forward(target) => forward::serve(channel, target, &context).await,
            Request::Pipe(target) => forward::serve_one(channel, target, &context).await,
        }
    }
}

impl fmt::Display for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Request::Forward(target) => write!(f, "forward {target}"),
            Request::Pipe(target) => write!(f, "pipe {target}"),
            _ => f.write_str(self.service().name()),
        }
    }
}

/// What a session has carried, for the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Served {
    /// Messages received, where there are any.
    pub messages: Option<u64>,
    /// Connections carried, where there may be several, and those of them that did not end properly.
    pub connections: Option<u64>,
    pub broken: Option<u64>,
    /// Bytes received.
    pub bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_read_as_it_is_written() {
        let requests = [Request::Print, Request::Echo, Request::Receive, Request::Forward("db"), Request::Pipe("a b")];
        for request in requests {
            assert_eq!(Request::parse(&request.to_string()), Some(request));
        }
        for unknown in ["", "forward", "pipe", "print x", "prin", " echo", "Forward db"] {
            assert_eq!(Request::parse(unknown), None, "{unknown:?}");
        }
    }

    #[test]
    fn conversations_are_asked_for_by_their_name() {
        for service in Service::CONVERSATIONS {
            assert_eq!(Request::parse(service.name()).map(Request::service), Some(service));
        }
    }
}
