//! The service `forward`: connections to named targets, many in one session or one in each.

use super::Served;
use crate::server::Context;
use crate::wire::transport_of;
use async_trait::async_trait;
use sealwire_config::Config;
use sealwire_traits::{Connection, TransportError};
use sealwire_transport::ChannelError;
use sealwire_transport::channel::{Channel, abandon};
use sealwire_transport::mux::{self, Budget, Limits, Target};
use sealwire_transport::relay::relay;
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// One session gets at most this part of the memory for all.
const SHARE: usize = 8;

/// What a session of a tunnel may use, at either end.
pub fn limits(config: &Config) -> Limits {
    let memory = config.limits.stream_memory;
    Limits {
        streams: config.limits.max_streams,
        of_all: Arc::new(Semaphore::new(config.limits.max_all_streams)),
        session_memory: memory / SHARE,
        budget: Budget::new(memory),
        close_timeout: config.session.close_timeout,
    }
}

/// The targets by name.
pub struct Targets(BTreeMap<String, Arc<dyn Target>>);

impl Targets {
    /// Those of the config.
    pub fn new(config: &Config) -> Targets {
        let limit = config.transport.connect_timeout;
        let target = |address: &String| Arc::new(At { address: address.clone(), limit }) as Arc<dyn Target>;
        Targets(config.server.targets.iter().map(|(name, address)| (name.clone(), target(address))).collect())
    }

    fn get(&self, name: &str) -> Result<Arc<dyn Target>, ChannelError> {
        // Whoever asks for another one is turned away in the handshake.
        let unknown = || ChannelError::Service(Arc::new(io::Error::other("an unknown target")));
        self.0.get(name).cloned().ok_or_else(unknown)
    }
}

/// A target at an address of this machine or another.
struct At {
    address: String,
    limit: Duration,
}

#[async_trait]
impl Target for At {
    async fn connect(&self) -> Result<Connection, TransportError> {
        let connected = timeout(self.limit, transport_of(&self.address).connect(&self.address)).await;
        connected.unwrap_or_else(|_| {
            let source = io::Error::new(io::ErrorKind::TimedOut, "no answer in time (transport.connect_timeout)");
            Err(TransportError::Connect { address: self.address.clone(), source })
        })
    }
}

/// Carries many connections. When the server stops, those that are open may end.
pub(super) async fn serve(channel: Channel, target: &str, context: &Context) -> Result<Served, ChannelError> {
    let target = context.targets.get(target)?;
    let stopping = context.stopping();
    let carried = mux::serve(channel, target, stopping.stopped(), late(context), &context.streams).await?;
    Ok(Served {
        connections: Some(carried.streams),
        broken: Some(carried.broken),
        bytes: carried.received,
        ..Served::default()
    })
}

/// Carries one connection. When the server stops, it has the drain time to end.
pub(super) async fn serve_one(mut channel: Channel, target: &str, context: &Context) -> Result<Served, ChannelError> {
    let target = context.targets.get(target)?;
    let connection = match channel.sender.while_idle(target.connect()).await? {
        Ok(connection) => connection,
        Err(error) => {
            let error = ChannelError::Carried(Arc::new(io::Error::other(error)));
            abandon(channel.sender, channel.receiver, &error).await;
            return Err(error);
        }
    };
    tokio::select! {
        relayed = relay(channel, connection.into()) => Ok(Served { bytes: relayed?.received, ..Served::default() }),
        () = late(context) => Ok(Served::default()),
    }
}

/// Ready when the server has stopped and the connected have had their time.
async fn late(context: &Context) {
    context.stopping().stopped().await;
    sleep(context.drain_timeout).await;
}
