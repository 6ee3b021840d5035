//! RSA.

mod components;

pub use components::{PrivateComponents, PublicComponents};
