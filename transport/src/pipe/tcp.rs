//! TCP. Addresses are `HOST:PORT`, HOST a name, an IPv4 address, or an IPv6 address in brackets.

use super::half::WriteHalf;
use async_trait::async_trait;
use sealwire_traits::{Connection, Listener, Transport, TransportError};
use std::io;
use std::net::IpAddr;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};

/// The transport `tcp`.
#[derive(Clone, Copy, Debug)]
pub struct Tcp;

/// An address must at least have a port; names are left to the resolver.
fn check(address: &str) -> Result<(), TransportError> {
    let port =
        address.rsplit_once(':').filter(|(host, _)| !host.is_empty() && (!host.contains(':') || host.ends_with(']')));
    match port.map(|(_, port)| port.parse::<u16>()) {
        Some(Ok(_)) => Ok(()),
        _ => Err(TransportError::Address {
            transport: "tcp",
            address: address.to_owned(),
            expected: "HOST:PORT, such as 127.0.0.1:65432, [::1]:65432 or example.org:65432",
        }),
    }
}

fn connection(stream: TcpStream, peer: String, origin: Option<IpAddr>) -> io::Result<Connection> {
    // A record is written whole; waiting for more would only delay it.
    stream.set_nodelay(true)?;
    let (reader, writer) = stream.into_split();
    let writer = Box::new(WriteHalf::new(writer, reset));
    Ok(Connection { reader: Box::new(reader), writer, peer, origin })
}

/// A socket that is not to linger is closed by a reset.
fn reset(half: OwnedWriteHalf) {
    let _ = half.as_ref().set_zero_linger();
    half.forget();
}

#[async_trait]
impl Transport for Tcp {
    fn name(&self) -> &'static str {
        "tcp"
    }

    async fn connect(&self, address: &str) -> Result<Connection, TransportError> {
        check(address)?;
        let connected = TcpStream::connect(address).await;
        let connected = connected.and_then(|stream| connection(stream, address.to_owned(), None));
        connected.map_err(|source| TransportError::Connect { address: address.to_owned(), source })
    }

    async fn listen(&self, address: &str) -> Result<Box<dyn Listener>, TransportError> {
        check(address)?;
        let failed = |source| TransportError::Listen { address: address.to_owned(), source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?.to_string();
        Ok(Box::new(Listening { listener, address }))
    }
}

struct Listening {
    listener: TcpListener,
    address: String,
}

#[async_trait]
impl Listener for Listening {
    fn address(&self) -> String {
        self.address.clone()
    }

    async fn accept(&mut self) -> Result<Connection, TransportError> {
        let accepted = self.listener.accept().await;
        let accepted = accepted.and_then(|(stream, peer)| connection(stream, peer.to_string(), Some(peer.ip())));
        accepted.map_err(TransportError::Accept)
    }
}
