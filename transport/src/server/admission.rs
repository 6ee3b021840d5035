//! The cap on connections.

use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Lets a bounded number of connections in at a time.
#[derive(Clone, Debug)]
pub struct Admission(Arc<Semaphore>);

/// A connection's place; it is free again when this is dropped.
#[derive(Debug)]
pub struct Admitted(#[expect(dead_code, reason = "held for its drop")] OwnedSemaphorePermit);

impl Admission {
    /// Room for `connections`.
    pub fn new(connections: usize) -> Admission {
        Admission(Arc::new(Semaphore::new(connections)))
    }

    /// A place, if there is one.
    pub fn enter(&self) -> Option<Admitted> {
        self.0.clone().try_acquire_owned().ok().map(Admitted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_connection_is_gone() {
        let admission = Admission::new(1);
        let first = admission.enter();
        assert!(first.is_some() && admission.enter().is_none());
        drop(first);
        assert!(admission.enter().is_some());
    }
}
