//! The pool for RSA work: a handshake costs milliseconds of processor time, which must not stop the threads that move bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Runs work on tokio's blocking threads: a few pieces at a time, a bounded number waiting.
#[derive(Clone, Debug)]
pub struct Workers {
    threads: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    queue: usize,
}

/// The queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// Counts one piece of work that waits.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Workers {
    /// `threads` pieces of work run at a time (at least one), `queue` more may wait.
    pub fn new(threads: usize, queue: usize) -> Workers {
        Workers { threads: Arc::new(Semaphore::new(threads.max(1))), waiting: Arc::default(), queue }
    }

    /// Runs `work` when its turn has come. If the caller stops waiting before, the work is dropped undone.
    ///
    /// # Errors
    /// [`Busy`] at once when the queue is full.
    ///
    /// # Panics
    /// When `work` panics.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let permit = self.permit().await?;
        let task = tokio::task::spawn_blocking(move || {
            // The permit goes back when the work is done, even if nobody waits for it any more.
            let _permit = permit;
            work()
        });
        match task.await {
            Ok(result) => Ok(result),
            // Not a panic: the runtime is shutting down and takes no more work.
            Err(error) => Err(error.try_into_panic().map_or(Busy, |panic| std::panic::resume_unwind(panic))),
        }
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, Busy> {
        if let Ok(permit) = self.threads.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let place = Place(self.waiting.clone());
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= self.queue {
            return Err(Busy);
        }
        let permit = self.threads.clone().acquire_owned().await;
        drop(place);
        permit.map_err(|_| Busy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test]
    async fn a_full_queue_is_said_at_once_and_empties_again() {
        let workers = Workers::new(1, 1);
        let (release, gate) = mpsc::channel::<()>();
        let (started, has_started) = tokio::sync::oneshot::channel();
        let first = tokio::spawn({
            let workers = workers.clone();
            async move {
                let work = move || {
                    let _ = started.send(());
                    gate.recv().is_err()
                };
                workers.run(work).await
            }
        });
        has_started.await.expect("started");
        let second = {
            let workers = workers.clone();
            tokio::spawn(async move { workers.run(|| 2).await })
        };
        while workers.waiting.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(workers.run(|| 3).await, Err(Busy));
        drop(release);
        assert_eq!(first.await.expect("joined"), Ok(true));
        assert_eq!(second.await.expect("joined"), Ok(2));
        assert_eq!(workers.run(|| 4).await, Ok(4));
    }
}
