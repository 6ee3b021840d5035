//! sealwire.

fn main() {}
