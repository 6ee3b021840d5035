//! Channels over pipes, for the tests of what drives a session.

use super::{client_config, epoch_today, server_config};
use sealwire_traits::{Connection, OsRandom, Transport};
use sealwire_transport::channel::{Channel, accept, connect};
use sealwire_transport::pipe::Memory;
use sealwire_transport::session::{ClientConfig, ServerConfig, Settings};
use sealwire_transport::workers::Workers;
use sealwire_transport::{ChannelError, Clock};
use std::sync::Arc;
use std::time::Duration;

/// Longer than anything takes: only a test that fails waits for it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Both ends of a pipe.
pub async fn both_ends(transport: &dyn Transport, address: &str) -> (Connection, Connection) {
    let mut listener = transport.listen(address).await.unwrap();
    let address = listener.address();
    let (client, server) = tokio::join!(transport.connect(&address), listener.accept());
    (client.unwrap(), server.unwrap())
}

pub fn workers() -> Workers {
    Workers::new(2, 64)
}

/// Opens a channel as the client of the tests.
pub async fn connect_with(pipe: Connection, config: ClientConfig) -> Result<Channel, ChannelError> {
    connect(pipe, Arc::new(config), &workers(), Clock::start()).await
}

/// Opens a channel as the server of the tests.
pub async fn accept_with(pipe: Connection, config: ServerConfig) -> Result<Channel, ChannelError> {
    accept(pipe, Arc::new(config), async { Ok(epoch_today()) }, || 0, &workers(), Clock::start()).await
}

/// An anonymous channel with these settings at both ends.
pub async fn channel_over(client: Connection, server: Connection, settings: Settings) -> (Channel, Channel) {
    let client_config = ClientConfig { settings, ..client_config(&OsRandom) };
    let server_config = ServerConfig { settings, ..server_config(&OsRandom) };
    let (client, server) = tokio::join!(connect_with(client, client_config), accept_with(server, server_config));
    (client.expect("the client is in"), server.expect("the server is in"))
}

/// The same within this process.
pub async fn channel() -> (Channel, Channel) {
    let (client, server) = Memory::pair();
    channel_over(client, server, Settings::default()).await
}

/// Receives until `len` bytes came.
pub async fn receive_len(channel: &mut Channel, len: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < len {
        all.extend_from_slice(channel.receiver.receive().await.expect("it arrives").expect("there is more"));
    }
    all
}
