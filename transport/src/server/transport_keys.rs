//! The transport keys of a server: made in the background, certified, rotated, and gone when the last handshake on them is over.

use crate::session::Epoch;
use crate::workers::{Busy, Workers};
use crate::{Clock, session};
use sealwire_traits::{GenerateError, KeygenObserver, OperationError, Provider, SigningKey, UnwrapKey};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, sleep};

/// Handshakes that decrypted and then failed, after which a key is rotated early: whoever is guessing has to start again.
const MAX_REJECTED: u32 = 512;
/// How often the count of failures is looked at, and so the shortest life of a key.
const TICK: Duration = Duration::from_secs(1);
/// The longest use of a key: with the time before and after it, its certificate lives as long as clients take.
const MAX_PERIOD: Duration = Duration::from_secs(300);
/// How long before its use the next key is made. Not earlier: a key that does not exist cannot be stolen.
const LEAD: Duration = Duration::from_secs(10);
/// Seconds for which a key of one connection is certified.
const CONNECTION_SECONDS: u64 = 60;

/// How long a transport key is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// For a time of 1 to 300 seconds; what is outside is taken for the nearer bound.
    Every(Duration),
    /// For one connection; this many keys are made ahead.
    PerConnection {
        /// Keys made ahead, at least one.
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
    /// Too much RSA work is waiting.
    #[error("too much RSA work is waiting to certify a transport key")]
    Busy,
    /// The rotation has stopped.
    #[error("no more transport keys are made")]
    Stopped,
}

impl From<Busy> for TransportKeyError {
    fn from(_: Busy) -> TransportKeyError {
        TransportKeyError::Busy
    }
}

/// Makes and certifies transport keys.
#[derive(Clone)]
struct Maker {
    provider: Provider,
    identity: Arc<dyn SigningKey>,
    bits: usize,
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
    /// A fresh key. It is made on a thread of its own, so that handshakes do not wait for it, nor it for them.
    async fn key(&self) -> Result<Box<dyn UnwrapKey>, TransportKeyError> {
        let maker = self.clone();
        let making = tokio::task::spawn_blocking(move || maker.generate());
        Ok(making.await.map_err(|_| TransportKeyError::Stopped)??)
    }

    /// A fresh key with its certificate, both from a thread of their own.
    async fn certified(&self, period: Duration) -> Result<Arc<Epoch>, TransportKeyError> {
        let maker = self.clone();
        let making = tokio::task::spawn_blocking(move || Ok(maker.certify(maker.generate()?, period.as_secs())?));
        making.await.map_err(|_| TransportKeyError::Stopped)?
    }

    fn generate(&self) -> Result<Box<dyn UnwrapKey>, GenerateError> {
        self.provider.key_transport.generate(self.bits, self.provider.random, &*self.stop)
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
    Pool { maker: Maker, workers: Workers, keys: Mutex<mpsc::Receiver<Box<dyn UnwrapKey>>> },
}

impl TransportKeys {
    /// Makes the first key, then goes on in the background.
    ///
    /// # Errors
    /// [`TransportKeyError`] when the first key cannot be made.
    pub async fn start(
        config: &session::ServerConfig,
        bits: usize,
        rotation: Rotation,
        workers: Workers,
        clock: Clock,
    ) -> Result<TransportKeys, TransportKeyError> {
        let stop = Arc::new(Stop::default());
        let (provider, identity) = (config.provider, config.identity.clone());
        let maker = Maker { provider, identity, bits, clock, stop: stop.clone() };
        let (source, background) = match rotation {
            Rotation::Every(period) => {
                let period = period.clamp(TICK, MAX_PERIOD);
                let first = maker.certified(period).await?;
                let current = Arc::new(RwLock::new(first));
                (Source::Current(current.clone()), tokio::spawn(rotate(maker, period, current)))
            }
            Rotation::PerConnection { pool } => {
                let (sender, keys) = mpsc::channel(pool.max(1));
                let filling = tokio::spawn(fill(maker.clone(), sender));
                (Source::Pool { maker, workers, keys: Mutex::new(keys) }, filling)
            }
        };
        Ok(TransportKeys { source, stop, background })
    }

    /// The key for a handshake that begins now. The handshake holds it until it is over.
    ///
    /// # Errors
    /// [`TransportKeyError`], only with a key for each connection.
    pub async fn epoch(&self) -> Result<Arc<Epoch>, TransportKeyError> {
        match &self.source {
            Source::Current(current) => Ok(current.read().unwrap_or_else(PoisonError::into_inner).clone()),
            Source::Pool { maker, workers, keys } => {
                let key = keys.lock().await.recv().await.ok_or(TransportKeyError::Stopped)?;
                let maker = maker.clone();
                Ok(workers.run(move || maker.certify(key, CONNECTION_SECONDS)).await??)
            }
        }
    }
}

impl Drop for TransportKeys {
    fn drop(&mut self) {
        self.stop.0.store(true, Ordering::Relaxed);
        self.background.abort();
    }
}

/// Replaces the current key when its time has come or too many handshakes on it have failed. While the next one is not ready, or could
/// not be made, the old one serves on; at most one rotation a second.
async fn rotate(maker: Maker, period: Duration, current: Arc<RwLock<Arc<Epoch>>>) {
    let lead = LEAD.min(period / 4);
    let mut due = Instant::now() + period;
    loop {
        sleep(TICK).await;
        let rejected = current.read().unwrap_or_else(PoisonError::into_inner).rejected();
        if rejected >= MAX_REJECTED {
            tracing::warn!(rejected, "transport key rotated early: many handshakes on it have failed");
        } else if Instant::now() + lead < due {
            continue;
        }
        match maker.certified(period).await {
            Ok(epoch) => {
                tracing::info!(not_after = epoch.not_after(), "transport key rotated");
                *current.write().unwrap_or_else(PoisonError::into_inner) = epoch;
                due = Instant::now() + period;
            }
            Err(error) => tracing::error!(%error, "the old transport key serves on"),
        }
    }
}

/// Keeps the pool full.
async fn fill(maker: Maker, keys: mpsc::Sender<Box<dyn UnwrapKey>>) {
    // The place comes first: a key beyond the pool would only lie about.
    while let Ok(place) = keys.reserve().await {
        match maker.key().await {
            Ok(key) => place.send(key),
            Err(error) => {
                tracing::error!(%error, "no transport key for the pool");
                sleep(TICK).await;
            }
        }
    }
}
