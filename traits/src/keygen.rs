//! Watching and stopping the making of a key, which takes up to seconds.

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
