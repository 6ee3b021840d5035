//! The transport keys of a server: made in the background, certified, rotated, and gone when the last handshake on them is over.

use super::background::{Priority, on_a_thread};
use super::pool::{self, Pool};
use crate::session::Epoch;
use crate::{Clock, session};
use sealwire_traits::{GenerateError, KeySize, KeygenObserver, OperationError, Provider, SigningKey, UnwrapKey};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use thiserror::Error;
use tokio::time::{Instant, sleep};

/// Handshakes that decrypted and then failed, after which a key is rotated early: whoever is guessing has to start again.
const MAX_REJECTED: u32 = 512;
/// How often the count of failures is looked at, and so the shortest life of a key.
const TICK: Duration = Duration::from_secs(1);
/// The longest use of a key: with the time before and after it, its certificate lives as long as clients take.
const MAX_PERIOD: Duration = Duration::from_secs(300);
/// How long before its use the next key is made. Not earlier: a key that does not exist cannot be stolen.
const LEAD: Duration = Duration::from_secs(10);
/// For how long a key of one connection is certified beyond the time that it may wait for it.
pub(super) const CONNECTION: Duration = Duration::from_secs(60);

/// How long a transport key is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// For a time of 1 to 300 seconds; what is outside is taken for the nearer bound.
    Every(Duration),
    /// For one connection.
    PerConnection {
        /// Keys made ahead at most, at least one. Those that wait for four minutes are wiped, and a server without connections holds one.
        pool: usize,
    },
}

/// No transport key for a connection.
#[derive(Debug, Error)]
pub enum TransportKeyError {
    /// It could not be made.
    #[error("cannot make a transport key: {0}")]
    Generate(#[from] GenerateError),
    /// It could not be certified.
    #[error("cannot certify a transport key: {0}")]
    Certify(#[from] OperationError),
    /// There was no thread to make it on, or it panicked.
    #[error("no thread could make a transport key")]
    Thread,
    /// The rotation has stopped.
    #[error("no more transport keys are made")]
    Stopped,
}

/// Makes and certifies transport keys.
#[derive(Clone)]
pub(super) struct Maker {
    provider: Provider,
    identity: Arc<dyn SigningKey>,
    size: KeySize,
    clock: Clock,
    stop: Arc<Stop>,
}

/// Ends the making of a key that nobody wants any more.
#[derive(Default)]
struct Stop(AtomicBool);

impl KeygenObserver for Stop {
    fn cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Maker {
    /// A fresh key, certified for `period`.
    pub(super) async fn certified(
        &self,
        period: Duration,
        priority: Priority,
    ) -> Result<Arc<Epoch>, TransportKeyError> {
        let maker = self.clone();
        let making = on_a_thread(priority, move || Ok(maker.certify(maker.generate()?, period.as_secs())?));
        making.await.ok_or(TransportKeyError::Thread)?
    }

    fn generate(&self) -> Result<Box<dyn UnwrapKey>, GenerateError> {
        self.provider.key_transport.generate(self.size, self.provider.random, &*self.stop)
    }

    fn certify(&self, key: Box<dyn UnwrapKey>, seconds: u64) -> Result<Arc<Epoch>, OperationError> {
        let scheme = self.provider.key_transport.scheme().id;
        Epoch::certify(key, scheme, &*self.identity, self.clock.now().unix, seconds, self.provider.random)
    }
}

/// The transport keys of one server. Dropping it stops the making of keys.
pub struct TransportKeys {
    source: Source,
    stop: Arc<Stop>,
    background: tokio::task::JoinHandle<()>,
}

enum Source {
    Current(Arc<RwLock<Arc<Epoch>>>),
    Pool(Arc<Pool>),
}

impl TransportKeys {
    /// Makes the key that all connections share, or begins to fill the pool; then goes on in the background.
    ///
    /// # Errors
    /// [`TransportKeyError`] when the key that all share cannot be made.
    pub async fn start(
        config: &session::ServerConfig,
        size: impl Into<KeySize>,
        rotation: Rotation,
        clock: Clock,
    ) -> Result<TransportKeys, TransportKeyError> {
        let stop = Arc::new(Stop::default());
        let (provider, identity) = (config.provider, config.identity.clone());
        let maker = Maker { provider, identity, size: size.into(), clock, stop: stop.clone() };
        let (source, background) = match rotation {
            Rotation::Every(period) => {
                let period = period.clamp(TICK, MAX_PERIOD);
                let first = maker.certified(period, Priority::Usual).await?;
                let current = Arc::new(RwLock::new(first));
                (Source::Current(current.clone()), tokio::spawn(rotate(maker, period, current)))
            }
            Rotation::PerConnection { pool } => {
                let pool = Arc::new(Pool::new(pool));
                (Source::Pool(pool.clone()), tokio::spawn(pool::fill(pool, maker)))
            }
        };
        Ok(TransportKeys { source, stop, background })
    }

    /// The key for a handshake, which holds it until it is over. With a key for each connection it may have to be waited for; those who
    /// wait are served in their order, and may stop waiting.
    ///
    /// # Errors
    /// [`TransportKeyError::Stopped`], only with a key for each connection.
    pub async fn epoch(&self) -> Result<Arc<Epoch>, TransportKeyError> {
        match &self.source {
            Source::Current(current) => Ok(current.read().unwrap_or_else(PoisonError::into_inner).clone()),
            Source::Pool(pool) => pool.take().await,
        }
    }
}

impl Drop for TransportKeys {
    fn drop(&mut self) {
        self.stop.0.store(true, Ordering::Relaxed);
        self.background.abort();
        if let Source::Pool(pool) = &self.source {
            pool.close();
        }
    }
}

/// Replaces the current key when its time has come or too many handshakes on it have failed. While the next one is not ready, or could
/// not be made, the old one serves on; at most one rotation a second.
async fn rotate(maker: Maker, period: Duration, current: Arc<RwLock<Arc<Epoch>>>) {
    let lead = LEAD.min(period / 4);
    let mut due = Instant::now() + period;
    loop {
        sleep(TICK).await;
        // Failing handshakes would keep the processor from a key of the lowest priority.
        let priority = if too_many_failed(&current) {
            tracing::warn!("transport key rotated early: many handshakes on it have failed");
            Priority::Usual
        } else if Instant::now() + lead >= due {
            Priority::Lowest
        } else {
            continue;
        };
        let made = match priority {
            Priority::Usual => maker.certified(period, priority).await,
            Priority::Lowest => tokio::select! {
                made = maker.certified(period, priority) => made,
                () = failing(&current) => maker.certified(period, Priority::Usual).await,
            },
        };
        match made {
            Ok(epoch) => {
                tracing::info!(not_after = epoch.not_after(), "transport key rotated");
                *current.write().unwrap_or_else(PoisonError::into_inner) = epoch;
                due = Instant::now() + period;
            }
            Err(error) => tracing::error!(%error, "the old transport key serves on"),
        }
    }
}

/// Whether too many handshakes have failed on the current key.
fn too_many_failed(current: &RwLock<Arc<Epoch>>) -> bool {
    current.read().unwrap_or_else(PoisonError::into_inner).rejected() >= MAX_REJECTED
}

/// Ready when too many have.
async fn failing(current: &RwLock<Arc<Epoch>>) {
    while !too_many_failed(current) {
        sleep(TICK).await;
    }
}
