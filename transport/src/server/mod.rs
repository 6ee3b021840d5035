//! What a server has beside its sessions.

mod admission;
mod background;
mod pool;
mod transport_keys;

pub use admission::{Admission, Admitted};
pub use transport_keys::{Rotation, TransportKeyError, TransportKeys};
