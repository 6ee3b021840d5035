//! The pipes under a channel: addresses and their errors, names and IPv6, sockets that are stale, live or no sockets, bounded memory and
//! half-close.
#![allow(clippy::unwrap_used, clippy::print_stdout, unreachable_pub)]

mod support;

use sealwire_traits::{Connection, Transport, TransportError};
use sealwire_transport::pipe::{MEMORY_CAPACITY, Memory, TRANSPORTS, Tcp, by_name};
use std::io;
use std::time::Duration;
use support::channels::{PATIENCE, both_ends};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

/// Bytes pass both ways; each direction ends on its own, by shutdown and by drop.
async fn passes_and_closes(client: Connection, server: Connection) {
    let (mut client, mut server) = (client, server);
    client.writer.write_all(b"ping").await.unwrap();
    client.writer.shutdown().await.unwrap();
    let mut bytes = Vec::new();
    server.reader.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes, b"ping");
    server.writer.write_all(b"pong").await.unwrap();
    server.writer.flush().await.unwrap();
    drop(server.writer);
    bytes.clear();
    client.reader.read_to_end(&mut bytes).await.unwrap();
    assert_eq!(bytes, b"pong");
}

/// Whoever does not read hears of a reset, behind bytes that are unread; an end is none.
async fn breaks_only_by_a_reset(client: Connection, server: Connection) {
    let (mut client, mut server) = (client, server);
    client.writer.write_all(b"ping").await.unwrap();
    server.writer.shutdown().await.unwrap();
    assert_eq!(client.reader.read(&mut [0]).await.unwrap(), 0, "the end is there");
    assert!(timeout(Duration::ZERO, client.reader.broken()).await.is_err(), "an end");
    assert!(timeout(Duration::ZERO, server.reader.broken()).await.is_err(), "unread bytes");
    let broken = async {
        client.writer.reset();
        drop(client.reader);
        server.reader.broken().await
    };
    assert_eq!(timeout(PATIENCE, broken).await.expect("it hears").kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_reset_is_heard_by_whoever_does_not_read() {
    let (client, server) = both_ends(&Tcp, "127.0.0.1:0").await;
    breaks_only_by_a_reset(client, server).await;
    let (client, server) = Memory::pair();
    breaks_only_by_a_reset(client, server).await;
}

#[test]
fn transports_are_found_by_name() {
    for transport in TRANSPORTS {
        assert_eq!(by_name(transport.name()).unwrap().name(), transport.name());
    }
    assert!(by_name("tcp").is_some() && by_name("memory").is_some() && by_name("carrier-pigeon").is_none());
    assert_eq!(by_name("unix").is_some(), cfg!(unix));
}

#[tokio::test]
async fn tcp_takes_names_and_addresses_of_both_families() {
    for address in ["127.0.0.1:0", "localhost:0", "[::1]:0"] {
        match Tcp.listen(address).await {
            Ok(listener) => drop(listener),
            Err(error) if address == "[::1]:0" => {
                println!("skipped: no IPv6 here: {error}");
                continue;
            }
            Err(error) => panic!("{error}"),
        }
        let (client, server) = both_ends(&Tcp, address).await;
        if address == "[::1]:0" {
            assert!(server.peer.starts_with("[::1]:"), "{}", server.peer);
        }
        passes_and_closes(client, server).await;
    }
}

#[tokio::test]
async fn what_is_no_tcp_address_is_said_to_be_none() {
    for bad in ["", "localhost", ":80", "localhost:", "localhost:http", "localhost:65536", "::1", "::1:80", "[::1]"] {
        for error in [Tcp.connect(bad).await.err().unwrap(), Tcp.listen(bad).await.err().unwrap()] {
            assert!(
                matches!(&error, TransportError::Address { transport: "tcp", address, .. } if address == bad),
                "{error}"
            );
            assert!(error.to_string().contains("HOST:PORT"), "{error}");
        }
    }
}

#[tokio::test]
async fn nobody_behind_a_tcp_address_is_an_error_that_names_it() {
    let address = Tcp.listen("127.0.0.1:0").await.unwrap().address();
    let error = Tcp.connect(&address).await.err().unwrap();
    assert!(
        matches!(&error, TransportError::Connect { source, .. }
        if source.kind() == io::ErrorKind::ConnectionRefused),
        "{error}"
    );
    assert!(error.to_string().contains(&address), "{error}");
    let error = Tcp.connect("no-such-host.invalid:1").await.err().unwrap();
    assert!(error.to_string().contains("no-such-host.invalid:1"), "{error}");
}

#[tokio::test]
async fn a_second_listener_on_a_port_is_an_error_that_names_it() {
    let first = Tcp.listen("127.0.0.1:0").await.unwrap();
    let error = Tcp.listen(&first.address()).await.err().unwrap();
    assert!(
        matches!(&error, TransportError::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse),
        "{error}"
    );
    assert!(error.to_string().contains(&first.address()), "{error}");
    let address = first.address();
    drop(first);
    Tcp.listen(&address).await.unwrap();
}

#[tokio::test]
async fn memory_addresses_are_names_of_their_own() {
    let memory = Memory::new();
    assert!(matches!(memory.connect("here").await, Err(TransportError::Connect { .. })));
    let mut listener = memory.listen("here").await.unwrap();
    assert_eq!(listener.address(), "here");
    let error = memory.listen("here").await.err().unwrap();
    assert!(
        matches!(&error, TransportError::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse),
        "{error}"
    );
    memory.listen("there").await.unwrap();
    let client = memory.connect("here").await.unwrap();
    passes_and_closes(client, listener.accept().await.unwrap()).await;
    drop(listener);
    assert!(matches!(memory.connect("here").await, Err(TransportError::Connect { .. })), "nobody listens any more");
    memory.listen("here").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_memory_pipe_holds_so_much_and_no_more() {
    let (mut client, mut server) = Memory::pair();
    assert_eq!(client.writer.write(&[1; MEMORY_CAPACITY + 1]).await.unwrap(), MEMORY_CAPACITY);
    let second = std::time::Duration::from_secs(1);
    assert!(tokio::time::timeout(second, client.writer.write_all(&[2])).await.is_err(), "it is full");
    server.writer.write_all(b"the other direction has its own room").await.unwrap();
    server.reader.read_exact(&mut [0; 1]).await.unwrap();
    client.writer.write_all(&[2]).await.unwrap();
    drop(server.reader);
    assert!(client.writer.write_all(&[3]).await.is_err(), "nobody reads any more");
}

/// A clock that stands still jumps to the timeout when nothing else can happen: who is never woken fails.
async fn woken<F: Future>(waiting: F) -> F::Output {
    tokio::time::timeout(std::time::Duration::from_secs(1), waiting).await.expect("somebody wakes it")
}

#[tokio::test]
async fn a_memory_pipe_passes_every_byte_in_order_however_it_is_cut() {
    let (mut client, mut server) = Memory::pair();
    let text: Vec<u8> = (0..20 * MEMORY_CAPACITY).map(|i| (i / 251) as u8).collect();
    let (mut rest, mut all, mut room) = (&text[..], Vec::new(), vec![0; 25_013]);
    // More is written than read at a time, until the pipe is full and takes a part only; it is never empty in between.
    while !rest.is_empty() {
        let count = client.writer.write(&rest[..rest.len().min(30_011)]).await.unwrap();
        rest = &rest[count..];
        let count = server.reader.read(&mut room).await.unwrap();
        all.extend_from_slice(&room[..count]);
    }
    client.writer.shutdown().await.unwrap();
    server.reader.read_to_end(&mut all).await.unwrap();
    assert!(all == text);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_at_a_memory_pipe_hears_that_the_other_end_is_gone() {
    let (mut client, server) = Memory::pair();
    let waiting = tokio::spawn(async move { client.reader.read(&mut [0]).await.unwrap() });
    tokio::task::yield_now().await;
    drop(server);
    assert_eq!(woken(waiting).await.unwrap(), 0);

    let (mut client, server) = Memory::pair();
    client.writer.write_all(&[1; MEMORY_CAPACITY]).await.unwrap();
    let waiting = tokio::spawn(async move { client.writer.write_all(&[2]).await.unwrap_err() });
    tokio::task::yield_now().await;
    drop(server);
    assert_eq!(woken(waiting).await.unwrap().kind(), io::ErrorKind::BrokenPipe);
}

#[cfg(unix)]
mod unix {
    use super::*;
    use sealwire_transport::pipe::Unix;
    use std::fs;
    use std::path::PathBuf;

    /// A folder that goes with the test, and the path of a socket in it.
    fn socket() -> (tempfile::TempDir, PathBuf, String) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let address = path.to_str().unwrap().to_owned();
        (folder, path, address)
    }

    #[tokio::test]
    async fn a_socket_passes_and_is_removed_by_its_listener() {
        let (_folder, path, address) = socket();
        let mut listener = Unix.listen(&address).await.unwrap();
        assert_eq!(listener.address(), address);
        let (client, server) = tokio::join!(Unix.connect(&address), listener.accept());
        passes_and_closes(client.unwrap(), server.unwrap()).await;
        drop(listener);
        assert!(!path.exists());
        let error = Unix.connect(&address).await.err().unwrap();
        assert!(error.to_string().contains(&address), "{error}");
    }

    /// The one way in which such a socket breaks: what was sent to the peer was never read.
    #[tokio::test]
    async fn a_peer_that_goes_with_bytes_unread_breaks_the_pipe() {
        let (_folder, _, address) = socket();
        let (client, mut server) = both_ends(&Unix, &address).await;
        server.writer.write_all(b"ping").await.unwrap();
        assert!(timeout(Duration::ZERO, server.reader.broken()).await.is_err(), "it is whole");
        drop(client);
        let error = timeout(PATIENCE, server.reader.broken()).await.expect("it hears");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced() {
        let (_folder, path, address) = socket();
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "the standard library leaves it behind, as a killed server does");
        let mut listener = Unix.listen(&address).await.unwrap();
        let (client, server) = tokio::join!(Unix.connect(&address), listener.accept());
        passes_and_closes(client.unwrap(), server.unwrap()).await;
    }

    #[tokio::test]
    async fn a_live_socket_is_not_replaced() {
        let (_folder, _, address) = socket();
        let mut first = Unix.listen(&address).await.unwrap();
        let error = Unix.listen(&address).await.err().unwrap();
        assert!(
            matches!(&error, TransportError::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse),
            "{error}"
        );
        // The question whether anybody listens there has arrived as a connection; the next one is a client's.
        first.accept().await.unwrap();
        let (client, server) = tokio::join!(Unix.connect(&address), first.accept());
        passes_and_closes(client.unwrap(), server.unwrap()).await;
    }

    #[tokio::test]
    async fn what_is_no_socket_is_kept() {
        let (_folder, path, address) = socket();
        fs::write(&path, "precious").unwrap();
        let error = Unix.listen(&address).await.err().unwrap();
        assert!(
            matches!(&error, TransportError::Listen { source, .. } if source.kind() == io::ErrorKind::AlreadyExists),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    #[tokio::test]
    async fn the_socket_of_a_successor_is_kept() {
        let (_folder, path, address) = socket();
        let first = Unix.listen(&address).await.unwrap();
        // Moved, not removed: the inode stays taken, so that the successor's is another one.
        fs::rename(&path, path.with_extension("old")).unwrap();
        let _second = Unix.listen(&address).await.unwrap();
        drop(first);
        assert!(path.exists());
    }

    #[tokio::test]
    async fn what_is_no_path_is_said_to_be_none() {
        for bad in ["", "a\0b"] {
            assert!(matches!(Unix.listen(bad).await, Err(TransportError::Address { transport: "unix", .. })));
            assert!(matches!(Unix.connect(bad).await, Err(TransportError::Address { transport: "unix", .. })));
        }
        let error = Unix.listen("/no/such/folder/socket").await.err().unwrap();
        assert!(error.to_string().contains("/no/such/folder/socket"), "{error}");
    }
}
