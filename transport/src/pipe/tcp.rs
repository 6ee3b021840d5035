//! TCP. Addresses are `HOST:PORT`, HOST a name, an IPv4 address, or an IPv6 address in brackets.

use super::half::{ReadHalf, WriteHalf};
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

fn set_up(stream: &TcpStream) -> io::Result<()> {
    // A record is written whole; waiting for more would only delay it.
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    if stream.peer_addr().is_ok_and(|peer| peer.ip().to_canonical().is_loopback()) {
        // Within a machine there is no network whose congestion could be controlled. BBR, the default of many systems, paces all the same,
        // with timers that take more time than the bytes. Where the system has no other, it stays.
        let _ = rustix::net::sockopt::set_tcp_congestion(stream, "reno");
    }
    Ok(())
}

fn connection(stream: TcpStream, peer: String, origin: Option<IpAddr>) -> io::Result<Connection> {
    set_up(&stream)?;
    let (reader, writer) = stream.into_split();
    let writer = Box::new(WriteHalf::new(writer, reset));
    Ok(Connection { reader: Box::new(ReadHalf(reader)), writer, peer, origin })
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use rustix::net::sockopt::{tcp_congestion, tcp_nodelay};

    #[tokio::test]
    async fn within_the_machine_nothing_is_paced() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let stream = TcpStream::connect(listener.local_addr().expect("bound")).await.expect("it listens");
        set_up(&stream).expect("an open socket");
        assert_eq!(tcp_congestion(&stream).expect("a TCP socket"), "reno");
        assert!(tcp_nodelay(&stream).expect("a TCP socket"));
    }
}
