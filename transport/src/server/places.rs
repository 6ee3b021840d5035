//! Places of one kind, so many in all and so many for each internet address; failures are remembered for a while.

use crate::Clock;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many places there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// In all.
    pub total: usize,
    /// For one address: of IPv6 for one network of 64 bits, which is what one customer has at least.
    pub per_address: usize,
}

/// Which cap was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// The one for all.
    Total,
    /// The one for the address.
    Address,
}

/// How many of so many places are in use by others.
pub(super) type Use = (usize, usize);

/// Addresses without a connection that are remembered for their failures, beyond one for each place. Somebody with more addresses than
/// that gains little from an address that is forgotten.
const REMEMBERED: usize = 4096;

/// The places. A clone is the same places.
#[derive(Clone)]
pub(super) struct Places(Arc<Shared>);

struct Shared {
    caps: Caps,
    /// How long the failures that fill all places count.
    memory: Duration,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    all: Tally,
    addresses: HashMap<Network, Tally>,
}

/// A place that is taken; it is free again when this is dropped.
pub(super) struct Place {
    places: Places,
    network: Option<Network>,
}

impl Places {
    /// `caps` places. As many failures as there are places count for `memory`.
    pub(super) fn new(caps: Caps, memory: Duration, clock: Clock) -> Places {
        Places(Arc::new(Shared { caps, memory, clock, state: Mutex::default() }))
    }

    /// A place for somebody from `origin`. The cap for an address does not count for `None`; it is told before the one for all.
    pub(super) fn enter(&self, origin: Option<IpAddr>) -> Result<Place, Full> {
        let Shared { caps, clock, .. } = &*self.0;
        let (now, network) = (clock.elapsed(), origin.map(Network::of));
        let mut state = self.state();
        if let Some(network) = network {
            state.make_room(caps.total + REMEMBERED, now);
            if state.addresses.get(&network).is_some_and(|tally| {
                tally.taken + tally.failures(self.interval(caps.per_address), now) >= caps.per_address
            }) {
                return Err(Full::Address);
            }
        }
        if state.all.taken >= caps.total {
            return Err(Full::Total);
        }
        if let Some(network) = network {
            state.addresses.entry(network).or_default().taken += 1;
        }
        state.all.taken += 1;
        Ok(Place { places: self.clone(), network })
    }

    /// How long one failure counts: that long for each that is remembered already.
    fn interval(&self, cap: usize) -> Duration {
        self.0.memory / u32::try_from(cap).unwrap_or(u32::MAX).max(1)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// How far the places are taken by others, and those of the same address; failures that are remembered count as well.
    pub(super) fn others(&self) -> [Use; 2] {
        let Shared { caps, clock, .. } = &*self.places.0;
        let (now, state) = (clock.elapsed(), self.places.state());
        let used = |tally: &Tally, cap| {
            let failures = tally.failures(self.places.interval(cap), now);
            (tally.taken.saturating_sub(1) + failures, cap)
        };
        let address = self.network.and_then(|network| state.addresses.get(&network));
        [used(&state.all, caps.total), address.map_or((0, 1), |tally| used(tally, caps.per_address))]
    }

    /// Gives the place up, and has it count for a while longer: failing at once gains nothing over being silent until the deadline.
    pub(super) fn fail(self) {
        let Shared { caps, memory, clock, .. } = &*self.places.0;
        let now = clock.elapsed();
        let mut state = self.places.state();
        state.all.fail(self.places.interval(caps.total), *memory, now);
        if let Some(tally) = self.network.and_then(|network| state.addresses.get_mut(&network)) {
            tally.fail(self.places.interval(caps.per_address), *memory, now);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let now = self.places.0.clock.elapsed();
        let mut state = self.places.state();
        state.all.taken -= 1;
        if let Some(network) = self.network
            && let Entry::Occupied(mut entry) = state.addresses.entry(network)
        {
            entry.get_mut().taken -= 1;
            if entry.get().is_forgotten(now) {
                entry.remove();
            }
        }
    }
}

impl State {
    /// Forgets addresses when there are `most`. Those that have a place stay, and they are fewer.
    fn make_room(&mut self, most: usize, now: Duration) {
        if self.addresses.len() < most {
            return;
        }
        self.addresses.retain(|_, tally| !tally.is_forgotten(now));
        // Not again for each of the next ones.
        if self.addresses.len() > most - REMEMBERED / 2 {
            self.addresses.retain(|_, tally| tally.taken > 0);
        }
    }
}

/// Places taken, and failures.
#[derive(Default)]
struct Tally {
    taken: usize,
    /// When the last of the failures is forgotten: they are forgotten one after another, each an interval after the one before.
    forgotten: Duration,
}

impl Tally {
    /// Whatever came before, all is forgotten in `memory`.
    fn fail(&mut self, interval: Duration, memory: Duration, now: Duration) {
        self.forgotten = (self.forgotten.max(now) + interval).min(now + memory);
    }

    fn failures(&self, interval: Duration, now: Duration) -> usize {
        let left = self.forgotten.saturating_sub(now);
        if interval.is_zero() { 0 } else { left.as_nanos().div_ceil(interval.as_nanos()) as usize }
    }

    fn is_forgotten(&self, now: Duration) -> bool {
        self.taken == 0 && self.forgotten <= now
    }
}

/// What counts as one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Network(IpAddr);

impl Network {
    /// An address of IPv4, however it is written; the first 64 bits of one of IPv6.
    fn of(address: IpAddr) -> Network {
        match address.to_canonical() {
            IpAddr::V6(address) => Network(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into()),
            address => Network(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::advance;

    const SECOND: Duration = Duration::from_secs(1);

    fn places(total: usize, per_address: usize) -> Places {
        Places::new(Caps { total, per_address }, 10 * SECOND, Clock::start())
    }

    fn ip(address: &str) -> Option<IpAddr> {
        Some(address.parse().expect("an address"))
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_is_gone() {
        let places = places(1, 1);
        let first = places.enter(None);
        assert!(first.is_ok());
        assert_eq!(places.enter(None).err(), Some(Full::Total));
        drop(first);
        assert!(places.enter(None).is_ok());
    }

    #[test]
    fn one_address_leaves_room_for_others() {
        let places = places(5, 2);
        let greedy: Vec<_> = (0..3).map(|_| places.enter(ip("192.0.2.1"))).collect();
        assert_eq!(greedy[2].as_ref().err(), Some(&Full::Address));
        let others = ["192.0.2.2", "192.0.2.3"].map(|other| places.enter(ip(other)));
        assert!(others.iter().all(Result::is_ok));
        drop(greedy);
        assert!(places.enter(ip("192.0.2.1")).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address_and_so_is_ipv4_in_disguise() {
        for (one, other, same) in [
            ("2001:db8::1", "2001:db8::ffff:2", true),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("::ffff:192.0.2.1", "::ffff:192.0.2.2", false),
        ] {
            let places = places(2, 1);
            let _first = places.enter(ip(one)).expect("room");
            assert_eq!(places.enter(ip(other)).is_err(), same, "{one} and {other}");
        }
    }

    #[test]
    fn pipes_without_an_address_know_the_cap_for_all_alone() {
        let places = places(3, 1);
        let held: Vec<_> = (0..4).map(|_| places.enter(None)).collect();
        assert_eq!(held.iter().filter(|place| place.is_ok()).count(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_count_as_long_as_silence_would() {
        let places = places(100, 4);
        for _ in 0..4 {
            places.enter(ip("192.0.2.1")).expect("room").fail();
        }
        assert_eq!(places.enter(ip("192.0.2.1")).err(), Some(Full::Address));
        assert!(places.enter(ip("192.0.2.2")).is_ok(), "nobody else is to blame");
        // The four of them are forgotten one after another within ten seconds.
        advance(5 * SECOND).await;
        let entered: Vec<_> = (0..3).map(|_| places.enter(ip("192.0.2.1"))).collect();
        assert_eq!(entered.iter().filter(|place| place.is_ok()).count(), 2);
        drop(entered);
        advance(5 * SECOND).await;
        let entered: Vec<_> = (0..5).map(|_| places.enter(ip("192.0.2.1"))).collect();
        assert_eq!(entered.iter().filter(|place| place.is_ok()).count(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn failures_of_many_addresses_count_for_all_but_keep_nobody_out() {
        let places = places(4, 4);
        for last in 1..=4 {
            places.enter(ip(&format!("192.0.2.{last}"))).expect("room").fail();
        }
        let place = places.enter(ip("192.0.2.9")).expect("room");
        assert_eq!(place.others(), [(4, 4), (0, 4)]);
        for last in 10..100 {
            places.enter(ip(&format!("192.0.2.{last}"))).expect("room").fail();
        }
        assert_eq!(place.others(), [(4, 4), (0, 4)], "a long flood is forgotten as soon as a short one");
        advance(5 * SECOND).await;
        assert_eq!(place.others(), [(2, 4), (0, 4)]);
        let _second = places.enter(ip("192.0.2.9"));
        assert_eq!(place.others(), [(3, 4), (1, 4)]);
    }

    #[test]
    fn the_table_of_addresses_is_bounded_and_forgets_nobody_who_is_in() {
        let places = places(2, 1);
        let _inside = places.enter(ip("192.0.2.1")).expect("room");
        for last in 0..3 * REMEMBERED as u32 {
            let address = IpAddr::from((0x0a00_0000 + last).to_be_bytes());
            places.enter(Some(address)).expect("room").fail();
            assert!(places.state().addresses.len() <= 2 + REMEMBERED);
        }
        assert_eq!(places.enter(ip("192.0.2.1")).err(), Some(Full::Address));
        assert!(places.state().addresses.len() > REMEMBERED / 4, "it remembers some");
    }

    #[test]
    fn an_address_with_nothing_to_remember_is_not_in_the_table() {
        let places = places(2, 1);
        drop(places.enter(ip("192.0.2.1")));
        assert!(places.state().addresses.is_empty());
    }
}
