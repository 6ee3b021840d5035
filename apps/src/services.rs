//! What a server does with a client once the channel stands. A new service is a function here, and a line in the list.

mod messages;

use crate::server::Context;
use sealwire_transport::ChannelError;
use sealwire_transport::channel::Channel;
use std::sync::Arc;

/// The services of this build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Shows each message.
    Print,
    /// Shows each message and sends it back.
    Echo,
}

impl Service {
    const ALL: [Service; 2] = [Service::Print, Service::Echo];

    /// The name on the wire and in the config.
    pub fn name(self) -> &'static str {
        match self {
            Service::Print => "print",
            Service::Echo => "echo",
        }
    }

    /// The service called `name`.
    pub fn by_name(name: &str) -> Option<Service> {
        Service::ALL.into_iter().find(|service| service.name() == name)
    }

    /// Serves one client until either end is done.
    ///
    /// # Errors
    /// [`ChannelError`] when the session did not end as it should; the peer has been told.
    pub async fn serve(self, channel: Channel, who: &str, context: Arc<Context>) -> Result<Served, ChannelError> {
        messages::serve(channel, who, self == Service::Echo, context).await
    }
}

/// The names of all services.
pub fn names() -> Vec<&'static str> {
    Service::ALL.into_iter().map(Service::name).collect()
}

/// What a session has carried, for the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Served {
    /// Messages received.
    pub messages: u64,
    /// Bytes in them.
    pub bytes: u64,
}
