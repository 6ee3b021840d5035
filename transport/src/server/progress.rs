//! Handshakes in progress, in the order of their beginnings: when there is no place for a newcomer, the oldest gives way.

use super::places::{Full, Place, Places, Use};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The handshakes in progress. A clone is the same ones.
#[derive(Clone)]
pub(super) struct Progress(Arc<Shared>);

struct Shared {
    places: Places,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    begun: u64,
    handshakes: BTreeMap<u64, (Place, Arc<Notify>)>,
}

/// A handshake in progress; its place is free again when this is dropped.
pub(super) struct InProgress {
    progress: Progress,
    number: u64,
    gave_way: Arc<Notify>,
}

impl Progress {
    pub(super) fn new(places: Places) -> Progress {
        Progress(Arc::new(Shared { places, state: Mutex::default() }))
    }

    /// A handshake of somebody from `origin` begins. If all places are taken, one that has had the longest time for its handshake fails: an
    /// honest one is soon over, and one that says nothing would keep its place until the deadline. `None` when the address has as many
    /// as it may have.
    pub(super) fn begin(&self, origin: Option<IpAddr>) -> Option<InProgress> {
        let mut state = self.state();
        let place = loop {
            match self.0.places.enter(origin) {
                Ok(place) => break place,
                Err(Full::Address) => return None,
                Err(Full::Total) => {
                    let (_, (oldest, gave_way)) = state.handshakes.pop_first()?;
                    oldest.fail();
                    gave_way.notify_one();
                }
            }
        };
        let (number, gave_way) = (state.begun, Arc::new(Notify::new()));
        state.begun += 1;
        state.handshakes.insert(number, (place, gave_way.clone()));
        drop(state);
        Some(InProgress { progress: self.clone(), number, gave_way })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InProgress {
    /// Ready once this one had to give way. May be cancelled and called again.
    pub(super) async fn gave_way(&self) {
        self.gave_way.notified().await;
    }

    /// How far the places are taken by others, in all and those of its address.
    pub(super) fn others(&self) -> [Use; 2] {
        self.progress.state().handshakes.get(&self.number).map_or([(0, 1); 2], |(place, _)| place.others())
    }

    /// It has failed.
    pub(super) fn fail(self) {
        if let Some((place, _)) = self.take() {
            place.fail();
        }
    }

    /// Its place, unless it gave way.
    fn take(&self) -> Option<(Place, Arc<Notify>)> {
        self.progress.state().handshakes.remove(&self.number)
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        drop(self.take());
    }
}
