//! Byte pipes: TCP, unix sockets, memory. They know nothing of sessions.

mod half;
mod memory;
mod queue;
mod tcp;
#[cfg(unix)]
mod unix;

pub use memory::{MEMORY_CAPACITY, Memory};
pub use tcp::Tcp;
#[cfg(unix)]
pub use unix::Unix;

use sealwire_traits::Transport;

static MEMORY: Memory = Memory::new();

/// Every transport of this build. A new one is added here.
pub static TRANSPORTS: &[&dyn Transport] = &[
    &Tcp,
    #[cfg(unix)]
    &Unix,
    &MEMORY,
];

/// The transport called `name`, if there is one.
pub fn by_name(name: &str) -> Option<&'static dyn Transport> {
    TRANSPORTS.iter().copied().find(|transport| transport.name() == name)
}
