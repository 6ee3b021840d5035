//! Transport keys made ahead, for connections that have one each.

use super::background::Priority;
use super::transport_keys::{CONNECTION, Maker, TransportKeyError};
use crate::session::Epoch;
use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

/// The longest time that a key waits for its connection. With the handshake behind it, it is as old as a key that all share.
pub(super) const KEEP: Duration = Duration::from_secs(240);
/// Keys that an idle server holds, so that the next connection does not wait. It is as exposed as with one key for all.
const IDLE: usize = 1;
/// Rest after a key that could not be made.
const RETRY: Duration = Duration::from_secs(1);

/// A bounded number of keys that wait for connections, or connections that wait for keys.
pub(super) struct Pool {
    stock: Mutex<Stock>,
    /// A permit for each key in stock. It serves those who wait in their order.
    ready: Semaphore,
    /// There may be keys to make.
    changed: Notify,
}

struct Stock {
    /// Keys that there is room for while nobody waits.
    size: usize,
    /// When it was made, and the key; the oldest first.
    keys: VecDeque<(Instant, Arc<Epoch>)>,
    /// Keys to hold ready: `size`, or [`IDLE`].
    wanted: usize,
    /// Connections that wait, and how many have waited since the last time that nobody did.
    waiting: usize,
    waited: usize,
}

impl Pool {
    /// With room for `size` keys, at least one; [`fill`] makes them.
    pub(super) fn new(size: usize) -> Pool {
        let size = size.max(IDLE);
        let stock = Stock { size, keys: VecDeque::new(), wanted: size, waiting: 0, waited: 0 };
        Pool { stock: Mutex::new(stock), ready: Semaphore::new(0), changed: Notify::new() }
    }

    /// The key for one connection, once there is one and all who came before have theirs. May be cancelled without loss.
    ///
    /// # Errors
    /// [`TransportKeyError::Stopped`].
    pub(super) async fn take(&self) -> Result<Arc<Epoch>, TransportKeyError> {
        let key = match self.ready.try_acquire() {
            Ok(permit) => self.stock().take(permit),
            Err(_) => {
                // Waits until the key is taken, since those who wait have room for one each.
                let _place = Waiting::begin(self);
                let permit = self.ready.acquire().await.map_err(|_| TransportKeyError::Stopped)?;
                self.stock().take(permit)
            }
        };
        self.refill();
        key.ok_or(TransportKeyError::Stopped)
    }

    /// No more keys: those in stock are wiped, and none is put there any more.
    pub(super) fn close(&self) {
        self.ready.close();
        self.stock().keys.clear();
    }

    /// There is traffic: the stock is to be as large as it may be.
    fn refill(&self) {
        {
            let mut stock = self.stock();
            stock.wanted = stock.size;
        }
        self.changed.notify_one();
    }

    fn put(&self, key: Arc<Epoch>) {
        let mut stock = self.stock();
        // Whoever it was made for may have left.
        if stock.keys.len() < stock.room() && !self.ready.is_closed() {
            stock.keys.push_back((Instant::now(), key));
            self.ready.add_permits(1);
        }
    }

    /// Wipes the keys that nobody came for. A server without use for them makes no more than one from then on.
    fn wipe_unused(&self, now: Instant) {
        let mut stock = self.stock();
        let before = stock.keys.len();
        while stock.keys.front().is_some_and(|(made, _)| *made + KEEP <= now)
            && let Ok(permit) = self.ready.try_acquire()
        {
            drop(stock.take(permit));
        }
        let (wiped, left) = (before - stock.keys.len(), stock.keys.len());
        if wiped > 0 {
            stock.wanted = IDLE;
            tracing::debug!(wiped, left, "transport keys that nobody came for are wiped");
        }
    }

    /// How many keys are to be made, and how many connections wait.
    fn demand(&self) -> (usize, usize) {
        let stock = self.stock();
        (stock.missing(), stock.waiting)
    }

    fn oldest(&self) -> Option<Instant> {
        self.stock().keys.front().map(|(made, _)| *made)
    }

    fn stock(&self) -> MutexGuard<'_, Stock> {
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stock {
    /// Uses up `permit`, which stands for a key in stock.
    fn take(&mut self, permit: SemaphorePermit<'_>) -> Option<Arc<Epoch>> {
        permit.forget();
        self.keys.pop_front().map(|(_, key)| key)
    }

    /// Each connection that waits has room for its key, however small the pool is.
    fn room(&self) -> usize {
        self.size.max(self.waiting)
    }

    /// Keys to be made, those in the making included.
    fn missing(&self) -> usize {
        (self.wanted + self.waiting).min(self.room()).saturating_sub(self.keys.len())
    }
}

/// A connection that waits for a key.
struct Waiting<'a>(&'a Pool);

impl Waiting<'_> {
    fn begin(pool: &Pool) -> Waiting<'_> {
        {
            let mut stock = pool.stock();
            stock.waiting += 1;
            stock.waited += 1;
        }
        pool.refill();
        Waiting(pool)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut stock = self.0.stock();
        stock.waiting -= 1;
        if stock.waiting == 0 {
            tracing::info!(connections = stock.waited, pool = stock.size, "waited for a transport key");
            stock.waited = 0;
        }
    }
}

/// A key for the pool, and with what priority it was made. After a failure it takes as long as a rest, so that the next one is not tried
/// at once.
async fn make(maker: Maker, priority: Priority) -> (Priority, Option<Arc<Epoch>>) {
    match maker.certified(KEEP + CONNECTION, priority).await {
        Ok(key) => (priority, Some(key)),
        Err(error) => {
            tracing::error!(%error, "no transport key for the pool");
            sleep(RETRY).await;
            (priority, None)
        }
    }
}

/// Keeps the pool as full as it is to be, for ever. As many keys are in the making at a time as there are cores, and as many again of the
/// usual priority while connections wait.
pub(super) async fn fill(pool: Arc<Pool>, maker: Maker) {
    let makers = available_parallelism().map_or(1, NonZeroUsize::get);
    let (mut making, mut urgent) = (JoinSet::new(), 0);
    loop {
        let (missing, waiting) = pool.demand();
        // Whoever waits does not wait behind everybody else, as a key that was begun before does.
        while urgent < waiting.min(makers) {
            making.spawn(make(maker.clone(), Priority::Usual));
            urgent += 1;
        }
        while making.len() < missing.min(makers) {
            making.spawn(make(maker.clone(), Priority::Lowest));
        }
        let unused = async {
            match pool.oldest() {
                Some(made) => sleep_until(made + KEEP).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            // No task panics.
            Some(Ok((priority, made))) = making.join_next() => {
                urgent -= usize::from(priority == Priority::Usual);
                made.into_iter().for_each(|key| pool.put(key));
            }
            () = pool.changed.notified() => {}
            () = unused => pool.wipe_unused(Instant::now()),
        }
    }
}
