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
/// How long before its use the next key is made. Not earlier: a key that does not exist cannot be stolen.
const LEAD: Duration = Duration::from_secs(10);
/// Seconds for which a key of one connection is certified.
const CONNECTION_SECONDS: u64 = 60;

/// How long a transport key is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// For a time, at most 300 seconds.
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
    workers: Workers,
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
    /// A fresh key, made on a thread of its own so that handshakes do not wait for it.
    async fn make(&self) -> Result<Box<dyn UnwrapKey>, TransportKeyError> {
        let Maker { provider, bits, stop, .. } = self.clone();
        let making =
            tokio::task::spawn_blocking(move || provider.key_transport.generate(bits, provider.random, &*stop));
        Ok(making.await.map_err(|_| TransportKeyError::Stopped)??)
    }

    async fn certify(&self, key: Box<dyn UnwrapKey>, seconds: u64) -> Result<Arc<Epoch>, TransportKeyError> {
        let Maker { provider, identity, .. } = self.clone();
        let (scheme, now) = (provider.key_transport.scheme().id, self.clock.now().unix);
        let work = move || Epoch::certify(key, scheme, &*identity, now, seconds, provider.random);
        Ok(self.workers.run(work).await??)
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
    Pool { maker: Maker, keys: Mutex<mpsc::Receiver<Box<dyn UnwrapKey>>> },
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
        let maker = Maker { provider, identity, bits, workers, clock, stop: stop.clone() };
        let (source, background) = match rotation {
            Rotation::Every(period) => {
                let first = maker.certify(maker.make().await?, period.as_secs()).await?;
                let current = Arc::new(RwLock::new(first));
                (Source::Current(current.clone()), tokio::spawn(rotate(maker, period, current)))
            }
            Rotation::PerConnection { pool } => {
                let (sender, keys) = mpsc::channel(pool.max(1));
                let filling = tokio::spawn(fill(maker.clone(), sender));
                (Source::Pool { maker, keys: Mutex::new(keys) }, filling)
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
            Source::Pool { maker, keys } => {
                let key = keys.lock().await.recv().await.ok_or(TransportKeyError::Stopped)?;
                maker.certify(key, CONNECTION_SECONDS).await
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

/// Replaces the current key when its time has come or too many handshakes on it have failed. While the next one is not ready the old
/// one serves on; at most one rotation a second.
async fn rotate(maker: Maker, period: Duration, current: Arc<RwLock<Arc<Epoch>>>) {
    let lead = LEAD.min(period / 4);
    loop {
        let due = Instant::now() + period;
        loop {
            sleep(TICK.min(period)).await;
            let rejected = current.read().unwrap_or_else(PoisonError::into_inner).rejected();
            if rejected >= MAX_REJECTED {
                tracing::warn!(rejected, "transport key rotated early: many handshakes on it have failed");
                break;
            }
            if Instant::now() + lead >= due {
                break;
            }
        }
        match next(&maker, period).await {
            Ok(epoch) => *current.write().unwrap_or_else(PoisonError::into_inner) = epoch,
            Err(error) => tracing::error!(%error, "the old transport key serves on"),
        }
    }
}

async fn next(maker: &Maker, period: Duration) -> Result<Arc<Epoch>, TransportKeyError> {
    let key = maker.make().await?;
    let epoch = maker.certify(key, period.as_secs()).await?;
    tracing::info!(not_after = epoch.not_after(), "transport key rotated");
    Ok(epoch)
}

/// Keeps the pool full.
async fn fill(maker: Maker, keys: mpsc::Sender<Box<dyn UnwrapKey>>) {
    loop {
        match maker.make().await {
            Ok(key) => {
                if keys.send(key).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::error!(%error, "no transport key for the pool");
                sleep(TICK).await;
            }
        }
    }
}
