//! What key is to be made; and watching and stopping the making of it, which takes up to seconds.

use std::fmt;

/// The size of an RSA modulus, and how many primes it is the product of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySize {
    /// Bits in the modulus.
    pub bits: usize,
    /// Primes in the modulus: two, or more where such keys are made (RFC 8017 section 3.2).
    pub primes: usize,
}

impl From<usize> for KeySize {
    /// So many bits, of two primes.
    fn from(bits: usize) -> KeySize {
        KeySize { bits, primes: 2 }
    }
}

impl fmt::Display for KeySize {
    /// `3072 bits`, and how many primes unless they are two: `3072 bits, 3 primes`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bits", self.bits)?;
        if self.primes == 2 { Ok(()) } else { write!(f, ", {} primes", self.primes) }
    }
}

/// A step in the search for a prime. `sealwire keygen` prints them the way `openssl genrsa` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeygenEvent {
    /// A candidate went through the sieve (`.`).
    Candidate,
    /// A candidate passed a round of the primality test (`+`).
    Round,
    /// A prime was found (`*`).
    Prime,
}

/// Told of each step, and asked whether to go on. `()` watches nothing and never stops.
pub trait KeygenObserver: Sync {
    /// Called at each step, from the thread that makes the key.
    fn event(&self, event: KeygenEvent) {
        let _ = event;
    }

    /// Polled between the rounds of the primality test; `true` ends the work with `GenerateError::Cancelled`.
    fn cancelled(&self) -> bool {
        false
    }
}

impl KeygenObserver for () {}
