//! What a server has beside its sessions.

mod admission;
mod background;
mod ending;
mod places;
mod pool;
mod progress;
mod transport_keys;

pub use admission::{Admission, Admitted, InLobby, Limits, TurnedAway};
pub use ending::{Ending, Endings};
pub use places::{Caps, Full};
pub use transport_keys::{Rotation, TransportKeyError, TransportKeys};
