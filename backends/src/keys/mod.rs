//! Keys as bytes and files: DER, PEM, fingerprints, permissions.

pub mod der;
