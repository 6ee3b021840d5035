//! Unix sockets. Addresses are paths.

use super::half::{ReadHalf, WriteHalf};
use async_trait::async_trait;
use sealwire_traits::{Connection, Listener, Transport, TransportError};
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};

/// The transport `unix`.
#[derive(Clone, Copy, Debug)]
pub struct Unix;

fn check(address: &str) -> Result<&Path, TransportError> {
    if address.is_empty() || address.contains('\0') {
        return Err(TransportError::Address {
            transport: "unix",
            address: address.to_owned(),
            expected: "the path of a socket, such as /run/sealwire.sock",
        });
    }
    Ok(Path::new(address))
}

fn connection(stream: UnixStream, peer: String) -> Connection {
    let (reader, writer) = stream.into_split();
    // These sockets know no resets but one: a peer whose bytes were not read yet hears of it.
    let writer = Box::new(WriteHalf::new(writer, OwnedWriteHalf::forget));
    Connection { reader: Box::new(ReadHalf(reader)), writer, peer, origin: None }
}

#[async_trait]
impl Transport for Unix {
    fn name(&self) -> &'static str {
        "unix"
    }

    async fn connect(&self, address: &str) -> Result<Connection, TransportError> {
        let stream = UnixStream::connect(check(address)?).await;
        stream
            .map(|stream| connection(stream, address.to_owned()))
            .map_err(|source| TransportError::Connect { address: address.to_owned(), source })
    }

    async fn listen(&self, address: &str) -> Result<Box<dyn Listener>, TransportError> {
        let path = check(address)?;
        let failed = |source| TransportError::Listen { address: address.to_owned(), source };
        let listener = match UnixListener::bind(path) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                remove_stale(path).await.map_err(failed)?;
                UnixListener::bind(path)
            }
            bound => bound,
        }
        .map_err(failed)?;
        let inode = fs::symlink_metadata(path).map_err(failed)?.ino();
        Ok(Box::new(Listening { listener, path: path.to_owned(), inode }))
    }
}

/// Removes the socket of a server that is gone. One that answers, and anything that is no socket, stays.
async fn remove_stale(path: &Path) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the path exists and is not a socket"));
    }
    match UnixStream::connect(path).await {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        Ok(_) => Err(io::Error::new(io::ErrorKind::AddrInUse, "another server listens there")),
        Err(error) => Err(error),
    }
}

struct Listening {
    listener: UnixListener,
    path: PathBuf,
    inode: u64,
}

impl Drop for Listening {
    fn drop(&mut self) {
        // Only its own socket: a later server may have put another one in its place.
        if fs::symlink_metadata(&self.path).is_ok_and(|meta| meta.ino() == self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[async_trait]
impl Listener for Listening {
    fn address(&self) -> String {
        self.path.display().to_string()
    }

    async fn accept(&mut self) -> Result<Connection, TransportError> {
        let (stream, _) = self.listener.accept().await.map_err(TransportError::Accept)?;
        let peer = match stream.peer_cred() {
            Ok(cred) => format!("unix:uid={}", cred.uid()),
            Err(_) => "unix".to_owned(),
        };
        Ok(connection(stream, peer))
    }
}
