//! What the user wrote, typed. A leaf: it knows no cipher, no transport and no network.
//!
//! Settings come in layers, later ones over earlier ones: the built-in [`DEFAULT`], a file, the environment, `--set`
//! arguments. Every value of every layer is checked against one table, [`SCHEMA`], before the `config` crate merges the
//! layers and serde types them as a [`Config`]; so an error can name the place, the key and the values that are
//! allowed.
//!
//! | file | what for |
//! |---|---|
//! | `schema.rs` | the table of all settings |
//! | `kind.rs` | what a setting may be; the names that the caller supplies |
//! | `layer.rs` | a file, the environment or `--set`, read and checked |
//! | `locate.rs` | where the file is |
//! | `load.rs` | the layers put together |
//! | `settings.rs` | the typed result |
//! | `error.rs` | what can be wrong, in words |
//!
//! ```
//! use sealwire_config::{Choices, Loader};
//! # fn main() -> Result<(), sealwire_config::ConfigError> {
//! let choices = Choices {
//!     transports: vec!["tcp", "unix"],
//!     suites: vec!["aes-256-gcm"],
//!     backends: vec!["portable"],
//!     schemes: vec!["rsa-oaep-sha256"],
//!     engines: vec!["num-bigint"],
//!     services: vec!["print", "echo"],
//!     requests: vec!["print", "echo"],
//! };
//! let config = Loader::new(choices).sets(["cipher.backend=portable"]).load()?;
//! assert_eq!(config.cipher.backend, "portable");
//! # Ok(())
//! # }
//! ```

mod error;
mod kind;
mod layer;
mod load;
mod locate;
mod schema;
pub mod settings;

pub use error::{ConfigError, Fault, Origin, Problem};
pub use kind::{Choices, Kind, Names};
pub use load::Loader;
pub use locate::Source;
pub use schema::{SCHEMA, Setting};
pub use settings::{ClientAuth, Config, Forward, LogFormat, LogLevel, Padding, Rotation, RsaWork, Trust};

/// The default of every setting, as a commented file: what an installed program uses without one, and a start for one's
/// own.
pub const DEFAULT: &str = include_str!("../config.toml");
