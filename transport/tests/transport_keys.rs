//! The transport keys of a server: rotated by time and by failures, one for each connection, gone with their last holder, and no longer
//! made when nobody wants them. The clock is paused; the making of keys is replaced by something that can be counted.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod support;

use sealwire_traits::{
    GenerateError, KeyError, KeySize, KeyTransport, KeyTransportScheme, KeygenObserver, OperationError, PreMaster,
    SecretBytes, SecureRandom, Unavailable, UnwrapKey, WrapKey, WrappedError,
};
use sealwire_transport::Clock;
use sealwire_transport::server::{Rotation, TransportKeyError, TransportKeys};
use sealwire_transport::session::{Epoch, HandshakeError, Rejection, ServerConfig};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;
use support::drive::Party;
use support::*;
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);
/// Not the default, to see that it arrives.
const SIZE: KeySize = KeySize { bits: 3072, primes: 3 };

/// "Makes" the transport key of the tests again and again, and knows how many of its keys there are.
#[derive(Debug, Default)]
struct Factory {
    made: AtomicUsize,
    alive: Arc<AtomicUsize>,
    /// Keys that are made at this moment, and how many there were at most. None is finished while they are held.
    in_hand: AtomicUsize,
    most_in_hand: AtomicUsize,
    held: AtomicBool,
    /// Keys that were begun on threads of the usual priority.
    urgent: AtomicUsize,
    /// The next key cannot be made.
    broken: AtomicBool,
    /// A key takes until somebody cancels it; then this is told.
    endless: Mutex<Option<tokio::sync::oneshot::Sender<()>>>,
    began: Mutex<Option<tokio::sync::oneshot::Sender<()>>>,
}

impl Factory {
    fn leaked() -> &'static Factory {
        Box::leak(Box::default())
    }

    fn made(&self) -> usize {
        self.made.load(Ordering::SeqCst)
    }

    fn alive(&self) -> usize {
        self.alive.load(Ordering::SeqCst)
    }

    fn config(&'static self) -> ServerConfig {
        let mut config = server_config(Seeded::leaked(1));
        config.provider.key_transport = self;
        config
    }

    async fn start(&'static self, rotation: Rotation) -> Result<TransportKeys, TransportKeyError> {
        TransportKeys::start(&self.config(), SIZE, rotation, Clock::start()).await
    }
}

impl KeyTransport for Factory {
    fn scheme(&self) -> KeyTransportScheme {
        KeyTransportScheme::RSA_OAEP_SHA256
    }
    fn engine(&self) -> &'static str {
        "test"
    }
    fn available(&self) -> Result<(), Unavailable> {
        Ok(())
    }
    fn public_key(&self, _: &[u8]) -> Result<Box<dyn WrapKey>, KeyError> {
        unreachable!("servers do not wrap")
    }
    fn private_key(&self, _: &SecretBytes) -> Result<Box<dyn UnwrapKey>, KeyError> {
        unreachable!("transport keys are made, not read")
    }
    fn generate(
        &self,
        size: KeySize,
        _: &dyn SecureRandom,
        observer: &dyn KeygenObserver,
    ) -> Result<Box<dyn UnwrapKey>, GenerateError> {
        assert_eq!(size, SIZE);
        assert_eq!(std::thread::current().name(), Some("transport-key"), "not on a thread that others wait for");
        if self.broken.load(Ordering::SeqCst) {
            return Err(GenerateError::Exhausted(1));
        }
        if let Some(cancelled) = self.endless.lock().unwrap().take() {
            let _ = self.began.lock().unwrap().take().map(|began| began.send(()));
            spin_until("nobody cancels", || observer.cancelled());
            let _ = cancelled.send(());
            return Err(GenerateError::Cancelled);
        }
        #[cfg(target_os = "linux")]
        if rustix::process::getpriority_process(None) != Ok(19) {
            self.urgent.fetch_add(1, Ordering::SeqCst);
        }
        let others = self.in_hand.fetch_add(1, Ordering::SeqCst);
        self.most_in_hand.fetch_max(others + 1, Ordering::SeqCst);
        spin_until("nobody lets go", || !self.held.load(Ordering::SeqCst));
        self.in_hand.fetch_sub(1, Ordering::SeqCst);
        self.made.fetch_add(1, Ordering::SeqCst);
        self.alive.fetch_add(1, Ordering::SeqCst);
        Ok(Box::new(Counted(self.alive.clone())))
    }
}

/// On a thread that is no task's.
fn spin_until(complaint: &str, done: impl Fn() -> bool) {
    let patience = std::time::Instant::now() + 10 * SECOND;
    while !done() {
        assert!(std::time::Instant::now() < patience, "{complaint}");
        std::thread::yield_now();
    }
}

/// A key that is counted as long as it lives, and unwraps nothing but noise.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

static KEY: LazyLock<Box<dyn UnwrapKey>> = LazyLock::new(transport_key);

impl UnwrapKey for Counted {
    fn public_key(&self) -> &[u8] {
        KEY.public_key()
    }
    fn check_wrapped(&self, _: &[u8]) -> Result<(), WrappedError> {
        Ok(())
    }
    fn unwrap_secret(&self, _: &[u8], _: &[u8], random: &dyn SecureRandom) -> Result<PreMaster, OperationError> {
        Ok(PreMaster::random(random)?)
    }
    fn to_pkcs8(&self) -> SecretBytes {
        SecretBytes::zeroed(0)
    }
}

/// `true` if both stand for the same key.
fn same(one: &Arc<Epoch>, other: &Arc<Epoch>) -> bool {
    Arc::ptr_eq(one, other)
}

#[tokio::test(start_paused = true)]
async fn a_key_is_replaced_when_its_time_has_come() {
    let factory = Factory::leaked();
    let keys = factory.start(Rotation::Every(300 * SECOND)).await.unwrap();
    let first = keys.epoch().await.unwrap();
    sleep(280 * SECOND).await;
    assert!(same(&first, &keys.epoch().await.unwrap()));
    assert_eq!(factory.made(), 1, "no key is made long before it is needed");
    sleep(21 * SECOND).await;
    let second = keys.epoch().await.unwrap();
    assert!(!same(&first, &second));
    sleep(300 * SECOND).await;
    assert!(!same(&second, &keys.epoch().await.unwrap()));
    assert_eq!(factory.made(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_key_goes_with_its_last_holder() {
    let factory = Factory::leaked();
    let keys = factory.start(Rotation::Every(300 * SECOND)).await.unwrap();
    let mut handshake = Party::server_on(factory.config(), keys.epoch().await.unwrap(), 0);
    handshake.feed(&Party::client(client_config(Seeded::leaked(5))).output());
    let first = Arc::downgrade(&keys.epoch().await.unwrap());
    sleep(305 * SECOND).await;
    assert_eq!(factory.alive(), 2, "a handshake goes on with the key it began with");
    assert!(first.upgrade().is_some());
    drop(handshake);
    assert_eq!(factory.alive(), 1);
    assert!(first.upgrade().is_none());
    drop(keys);
    sleep(SECOND).await;
    assert_eq!(factory.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_finished_handshake_lets_go_of_its_key() {
    let keys = Factory::leaked().start(Rotation::Every(300 * SECOND)).await.unwrap();
    let epoch = keys.epoch().await.unwrap();
    let before = Arc::strong_count(&epoch);
    let party = reject(&epoch);
    assert_eq!(Arc::strong_count(&epoch), before);
    assert!(matches!(party.error(), HandshakeError::Rejected(Rejection::Opaque)));
}

/// A handshake on `epoch` that comes as far as the private operation and fails there.
fn reject(epoch: &Arc<Epoch>) -> Party {
    static FLIGHT: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
        let mut client = Party::client(client_config(Seeded::leaked(5)));
        let mut server = Party::server(server_config(Seeded::leaked(6)));
        let hello = client.output();
        server.feed(&hello);
        client.feed(&server.output());
        (hello, client.output())
    });
    let (hello, flight) = &*FLIGHT;
    let mut server = Party::server_on(server_config(Seeded::leaked(7)), epoch.clone(), 0);
    server.feed(hello);
    server.feed(flight);
    server
}

#[tokio::test(start_paused = true)]
async fn many_failed_handshakes_rotate_the_key_early() {
    let factory = Factory::leaked();
    let keys = factory.start(Rotation::Every(300 * SECOND)).await.unwrap();
    let first = keys.epoch().await.unwrap();
    for _ in 0..511 {
        reject(&first);
    }
    assert_eq!(first.rejected(), 511);
    sleep(5 * SECOND).await;
    assert!(same(&first, &keys.epoch().await.unwrap()), "one is missing");
    reject(&first);
    sleep(2 * SECOND).await;
    let second = keys.epoch().await.unwrap();
    assert!(!same(&first, &second));
    assert_eq!(second.rejected(), 0);
    sleep(285 * SECOND).await;
    assert!(same(&second, &keys.epoch().await.unwrap()), "its own time began with it");
    assert_eq!(factory.made(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_cannot_be_made_is_tried_again_soon() {
    let factory = Factory::leaked();
    let keys = factory.start(Rotation::Every(300 * SECOND)).await.unwrap();
    let first = keys.epoch().await.unwrap();
    factory.broken.store(true, Ordering::SeqCst);
    sleep(310 * SECOND).await;
    assert!(same(&first, &keys.epoch().await.unwrap()), "the old one serves on");
    factory.broken.store(false, Ordering::SeqCst);
    sleep(2 * SECOND).await;
    assert!(!same(&first, &keys.epoch().await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn a_period_is_taken_into_its_bounds() {
    for (asked, taken) in [(0, 1), (1, 1), (300, 300), (301, 300), (100_000, 300)] {
        let factory = Factory::leaked();
        let now = Clock::start().now().unix;
        let keys = factory.start(Rotation::Every(asked * SECOND)).await.unwrap();
        let not_after = keys.epoch().await.unwrap().not_after();
        assert!((now + taken + 300..now + taken + 305).contains(&not_after), "{asked} s");
        sleep(u32::try_from(taken).unwrap() * 3 * SECOND).await;
        assert!((3..=4).contains(&factory.made()), "{asked} s: {} keys in {taken} s three times", factory.made());
    }
}

#[tokio::test(start_paused = true)]
async fn each_connection_has_a_key_of_its_own_from_the_pool() {
    let factory = Factory::leaked();
    let keys = factory.start(Rotation::PerConnection { pool: 3 }).await.unwrap();
    sleep(SECOND).await;
    assert_eq!(factory.made(), 3, "so many are made ahead, and no more");
    let epochs = [keys.epoch().await.unwrap(), keys.epoch().await.unwrap()];
    assert!(!same(&epochs[0], &epochs[1]));
    let now = Clock::start().now().unix;
    assert!(
        (now + 595..=now + 600).contains(&epochs[0].not_after()),
        "certified for 240 seconds in the pool, 60 behind it, and 300 for the clocks"
    );
    sleep(SECOND).await;
    assert_eq!((factory.made(), factory.alive()), (5, 5));
    drop(epochs);
    assert_eq!(factory.alive(), 3);
    drop(keys);
    sleep(SECOND).await;
    assert_eq!(factory.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_empty_pool_is_filled_when_keys_can_be_made_again() {
    let factory = Factory::leaked();
    factory.broken.store(true, Ordering::SeqCst);
    let keys = factory.start(Rotation::PerConnection { pool: 1 }).await.unwrap();
    assert!(tokio::time::timeout(5 * SECOND, keys.epoch()).await.is_err());
    factory.broken.store(false, Ordering::SeqCst);
    keys.epoch().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn keys_that_nobody_comes_for_are_wiped_and_an_idle_server_holds_one() {
    let factory = Factory::leaked();
    let keys = factory.start(Rotation::PerConnection { pool: 3 }).await.unwrap();
    sleep(239 * SECOND).await;
    assert_eq!((factory.made(), factory.alive()), (3, 3), "there may still be connections");
    sleep(2 * SECOND).await;
    assert_eq!((factory.made(), factory.alive()), (4, 1), "a fresh one is for whoever comes next");
    sleep(480 * SECOND).await;
    assert_eq!((factory.made(), factory.alive()), (6, 1), "and is never older than the others were");
    let epoch = keys.epoch().await.unwrap();
    sleep(SECOND).await;
    assert_eq!((factory.made(), factory.alive()), (9, 4), "a connection fills the pool again");
    drop(epoch);
    assert_eq!(factory.alive(), 3);
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_key_waits_in_order_and_may_leave() {
    let factory = Factory::leaked();
    factory.broken.store(true, Ordering::SeqCst);
    let keys = Arc::new(factory.start(Rotation::PerConnection { pool: 1 }).await.unwrap());
    let served = Arc::new(Mutex::new(Vec::new()));
    let mut waiting = Vec::new();
    for number in 0..5 {
        let (keys, served) = (keys.clone(), served.clone());
        waiting.push(tokio::spawn(async move {
            let epoch = keys.epoch().await.unwrap();
            served.lock().unwrap().push(number);
            epoch
        }));
        tokio::task::yield_now().await;
    }
    sleep(SECOND).await;
    waiting.remove(1).abort();
    factory.broken.store(false, Ordering::SeqCst);
    let mut epochs = Vec::new();
    for waiting in waiting {
        epochs.push(waiting.await.unwrap());
    }
    assert_eq!(*served.lock().unwrap(), [0, 2, 3, 4]);
    sleep(SECOND).await;
    assert_eq!(factory.alive(), 5, "one key each, and one in the pool");
}

#[tokio::test]
async fn no_more_keys_are_made_at_a_time_than_there_are_cores() {
    let factory = Factory::leaked();
    let cores = std::thread::available_parallelism().unwrap().get();
    factory.held.store(true, Ordering::SeqCst);
    let _keys = factory.start(Rotation::PerConnection { pool: 4 * cores }).await.unwrap();
    while factory.in_hand.load(Ordering::SeqCst) < cores {
        tokio::task::yield_now().await;
    }
    // None is finished, so a thread too many has all the chances to begin.
    for _ in 0..10_000 {
        std::thread::yield_now();
        tokio::task::yield_now().await;
    }
    factory.held.store(false, Ordering::SeqCst);
    while factory.made() < 4 * cores {
        tokio::task::yield_now().await;
    }
    assert_eq!(factory.most_in_hand.load(Ordering::SeqCst), cores);
}

#[cfg(target_os = "linux")]
#[tokio::test(start_paused = true)]
async fn a_key_that_a_connection_waits_for_does_not_wait_for_everybody_else() {
    let factory = Factory::leaked();
    factory.held.store(true, Ordering::SeqCst);
    let keys = Arc::new(factory.start(Rotation::PerConnection { pool: 1 }).await.unwrap());
    while factory.in_hand.load(Ordering::SeqCst) < 1 {
        tokio::task::yield_now().await;
    }
    assert_eq!(factory.urgent.load(Ordering::SeqCst), 0, "made ahead");
    let waiting = tokio::spawn({
        let keys = keys.clone();
        async move { keys.epoch().await.unwrap() }
    });
    while factory.in_hand.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(factory.urgent.load(Ordering::SeqCst), 1);
    factory.held.store(false, Ordering::SeqCst);
    waiting.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_first_key_that_cannot_be_made_is_an_error() {
    let factory = Factory::leaked();
    factory.broken.store(true, Ordering::SeqCst);
    let error = factory.start(Rotation::Every(300 * SECOND)).await.err().unwrap();
    assert!(matches!(error, TransportKeyError::Generate(GenerateError::Exhausted(1))), "{error}");
}

#[tokio::test(start_paused = true)]
async fn dropping_the_keys_stops_the_making_of_the_next_one() {
    for rotation in [Rotation::Every(300 * SECOND), Rotation::PerConnection { pool: 1 }] {
        let factory = Factory::leaked();
        let keys = factory.start(rotation).await.unwrap();
        keys.epoch().await.unwrap();
        let (cancelled, is_cancelled) = tokio::sync::oneshot::channel();
        let (began, has_begun) = tokio::sync::oneshot::channel();
        *factory.began.lock().unwrap() = Some(began);
        *factory.endless.lock().unwrap() = Some(cancelled);
        has_begun.await.unwrap();
        let made = factory.made();
        drop(keys);
        is_cancelled.await.unwrap();
        assert_eq!(factory.made(), made);
    }
}
