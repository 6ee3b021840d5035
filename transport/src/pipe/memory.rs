//! Pipes inside one process, for the demo and for tests. Addresses are any text; bounded, and each direction closes on its own.

use super::queue::{QueueReader, QueueWriter, queue};
use async_trait::async_trait;
use sealwire_traits::{Connection, Listener, Transport, TransportError};
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// Bytes that one direction of a pipe holds before its writer has to wait.
pub const MEMORY_CAPACITY: usize = 64 * 1024;
/// Pipes that wait to be accepted.
const BACKLOG: usize = 128;

/// The transport `memory`: a name space of its own.
#[derive(Debug, Default)]
pub struct Memory {
    listeners: Mutex<BTreeMap<String, mpsc::Sender<Connection>>>,
}

impl Memory {
    /// An empty name space.
    pub const fn new() -> Memory {
        Memory { listeners: Mutex::new(BTreeMap::new()) }
    }

    /// Two ends of a pipe that nobody listened for.
    pub fn pair() -> (Connection, Connection) {
        // A queue for each direction, so that dropping one half ends its direction alone, as with a socket.
        let (their_writer, our_reader) = queue(MEMORY_CAPACITY);
        let (our_writer, their_reader) = queue(MEMORY_CAPACITY);
        (connection(our_reader, our_writer), connection(their_reader, their_writer))
    }

    fn listeners(&self) -> MutexGuard<'_, BTreeMap<String, mpsc::Sender<Connection>>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn connection(reader: QueueReader, writer: QueueWriter) -> Connection {
    Connection { reader: Box::new(reader), writer: Box::new(writer), peer: "memory".to_owned(), origin: None }
}

#[async_trait]
impl Transport for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn connect(&self, address: &str) -> Result<Connection, TransportError> {
        let refused = || TransportError::Connect {
            address: address.to_owned(),
            source: io::Error::new(io::ErrorKind::ConnectionRefused, "nobody listens there in this process"),
        };
        let listener = self.listeners().get(address).cloned().ok_or_else(refused)?;
        let (ours, theirs) = Memory::pair();
        listener.send(theirs).await.map_err(|_| refused())?;
        Ok(ours)
    }

    async fn listen(&self, address: &str) -> Result<Box<dyn Listener>, TransportError> {
        let mut listeners = self.listeners();
        if listeners.get(address).is_some_and(|listener| !listener.is_closed()) {
            let source = io::Error::new(io::ErrorKind::AddrInUse, "somebody listens there in this process");
            return Err(TransportError::Listen { address: address.to_owned(), source });
        }
        let (sender, arrivals) = mpsc::channel(BACKLOG);
        listeners.insert(address.to_owned(), sender);
        Ok(Box::new(Listening { address: address.to_owned(), arrivals }))
    }
}

struct Listening {
    address: String,
    arrivals: mpsc::Receiver<Connection>,
}

#[async_trait]
impl Listener for Listening {
    fn address(&self) -> String {
        self.address.clone()
    }

    async fn accept(&mut self) -> Result<Connection, TransportError> {
        self.arrivals.recv().await.ok_or(TransportError::Closed)
    }
}
