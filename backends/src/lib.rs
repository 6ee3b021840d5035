//! sealwire's cryptography, written by hand, and the registry that finds it by name.

pub mod aes;
pub mod gcm;
pub mod keys;
pub mod registry;
pub mod rsa;
