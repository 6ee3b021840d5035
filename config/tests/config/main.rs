//! The tests of this crate: what is loaded, from where, and what is refused.
#![allow(clippy::unwrap_used)]

mod defaults;
mod errors;
mod layers;
mod support;
