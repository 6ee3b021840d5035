//! Who is trusted: the servers that a client knows and the clients that a server lets in, each a text file of one entry
//! a line.

mod authorized;
mod file;
mod known_hosts;
mod subject;

pub use authorized::{AuthorizedClient, AuthorizedClients};
pub use file::{Entry, TrustError, TrustFile};
pub use known_hosts::{KnownHost, pins};
pub use subject::{SubjectError, subject};
