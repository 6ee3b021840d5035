//! The errors that cross the seams. What depends on a secret is one opaque value; what is public says what to do.

use crate::KeySize;
use std::io;
use thiserror::Error;

/// The operating system gave no randomness.
#[derive(Clone, Debug, Error)]
#[error("the operating system's random generator failed: {0}")]
pub struct RandomError(pub String);

/// A backend that cannot run here, and why.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

/// A record did not open: key, nonce, associated data, text or tag is not what was sealed. Nothing more is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the record does not open: it was changed, or sealed under another key")]
pub struct OpenError;

/// A signature does not verify. Nothing more is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the signature does not verify")]
pub struct SignatureError;

/// A wrapped secret that anybody can see is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WrappedError {
    /// Not as long as the modulus.
    #[error("a wrapped secret has {got} bytes where the key takes {expected}")]
    Length {
        /// Bytes the key takes.
        expected: usize,
        /// Bytes that came.
        got: usize,
    },
    /// Not below the modulus.
    #[error("a wrapped secret is not below the modulus")]
    Range,
}

/// A key that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// A symmetric key of the wrong length.
    #[error("a key of {got} bytes where {expected} are needed")]
    Length {
        /// Bytes that are needed.
        expected: String,
        /// Bytes that came.
        got: usize,
    },
    /// Bytes that are not the encoding of a key.
    #[error("not a well-formed key: {0}")]
    Encoding(String),
    /// A key of an algorithm that is not spoken here.
    #[error("not an RSA key: {0}")]
    Algorithm(String),
    /// A well-formed key whose numbers do not make a sound one.
    #[error("not a sound RSA key: {0}")]
    Unsound(&'static str),
    /// A modulus of a size that is not taken.
    #[error("an RSA key of {0} bits: 2048 to 4096 bits, a multiple of 8, are taken")]
    Bits(usize),
    /// A modulus of more primes than are taken at its size.
    #[error("an RSA key of {0}: two primes are taken, or three at 3072 and 4096 bits")]
    Primes(KeySize),
    /// A key that is to sign, of so many primes.
    #[error("an RSA key of {0} primes cannot be an identity: keys that sign have two primes (FIPS 186-5)")]
    SigningPrimes(usize),
    /// The backend that was asked cannot run here.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// A cryptographic operation that could not be completed, for a public reason.
#[derive(Clone, Debug, Error)]
pub enum OperationError {
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The input is wrong in a way that anybody can see.
    #[error(transparent)]
    Wrapped(#[from] WrappedError),
    /// The result failed its own check: a fault of this machine. It was withheld.
    #[error("an RSA result failed its check and was withheld: this machine computes wrongly")]
    Fault,
}

/// A key that could not be made.
#[derive(Clone, Debug, Error)]
pub enum GenerateError {
    /// A size that is not taken.
    #[error("cannot make an RSA key of {0} bits: 2048 to 4096 bits, a multiple of 16, can be made")]
    Bits(usize),
    /// More primes, or fewer, than keys of that size are made of.
    #[error("cannot make an RSA key of {0}: there may be two primes, or three at 3072 and 4096 bits")]
    Primes(KeySize),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The generator gave no prime in far more tries than chance allows.
    #[error("no prime was found in {0} candidates: the random generator is broken")]
    Exhausted(usize),
    /// The backend that was asked cannot run here.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// The observer asked to stop.
    #[error("cancelled")]
    Cancelled,
    /// The fresh key failed its own check: a fault of this machine.
    #[error("a fresh RSA key failed its check: this machine computes wrongly")]
    Fault,
}

/// A pipe that could not be made.
#[derive(Debug, Error)]
pub enum TransportError {
    /// An address that this transport cannot read.
    #[error("{address:?} is not an address of the transport {transport}: expected {expected}")]
    Address {
        /// The transport.
        transport: &'static str,
        /// What was given.
        address: String,
        /// What addresses look like.
        expected: &'static str,
    },
    /// Nobody could be reached.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// Where to.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// The address could not be taken.
    #[error("cannot listen at {address}: {source}")]
    Listen {
        /// Where.
        address: String,
        /// Why.
        source: io::Error,
    },
    /// Accepting failed, for now.
    #[error("cannot accept a connection: {0}")]
    Accept(io::Error),
    /// Nothing can arrive any more.
    #[error("the listener is closed")]
    Closed,
}
