//! The pool for RSA work: a handshake costs milliseconds of processor time, which would stop the threads that move bytes. Who wants the
//! cheapest handshakes may have them do it all the same.

use crate::blocking::run_blocking;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use tokio::task::yield_now;

/// Runs work beside the tasks that wait for it: a few pieces at a time, a bounded number waiting.
#[derive(Clone, Debug)]
pub struct Workers(Arc<Shared>);

/// The queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

type Work = Box<dyn FnOnce() + Send>;

struct Shared {
    threads: usize,
    queue: usize,
    /// Whether tasks take the place of the threads.
    inline: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Threads or tasks at work.
    running: usize,
    /// What they do next. While there may be one more of them, nothing waits.
    waiting: VecDeque<Work>,
}

impl Workers {
    /// `threads` pieces of work run at a time (at least one), on tokio's blocking threads; `queue` more may wait.
    pub fn new(threads: usize, queue: usize) -> Workers {
        Workers::build(threads, queue, false)
    }

    /// As [`new`](Self::new), but the caller's runtime does the pieces, between its other tasks. No thread has to be woken for a piece, wakes
    /// the runtime in turn, and is interrupted by whatever comes meanwhile; but all that comes to the runtime's thread waits for the piece.
    pub fn inline(pieces: usize, queue: usize) -> Workers {
        Workers::build(pieces, queue, true)
    }

    fn build(threads: usize, queue: usize, inline: bool) -> Workers {
        Workers(Arc::new(Shared { threads: threads.max(1), queue, inline, state: Mutex::default() }))
    }

    /// Runs `work` when its turn has come. If the caller stops waiting before, the work is dropped undone.
    ///
    /// # Errors
    /// [`Busy`] at once when the queue is full.
    ///
    /// # Panics
    /// When `work` panics.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let (done, result) = oneshot::channel();
        self.0.submit(Box::new(move || {
            if !done.is_closed() {
                let _ = done.send(catch_unwind(AssertUnwindSafe(work)));
            }
        }))?;
        match result.await {
            Ok(outcome) => outcome.map_or_else(|panic| resume_unwind(panic), Ok),
            // The runtime is shutting down and takes no more work.
            Err(_) => Err(Busy),
        }
    }
}

impl Workers {
    /// Pieces of work that wait, and how many may.
    pub(crate) fn load(&self) -> (usize, usize) {
        (self.0.state().waiting.len(), self.0.queue)
    }
}

impl Shared {
    fn submit(self: &Arc<Shared>, work: Work) -> Result<(), Busy> {
        let mut state = self.state();
        if state.running < self.threads {
            state.running += 1;
            drop(state);
            let shared = self.clone();
            if self.inline {
                tokio::spawn(shared.work_between_tasks(work));
                return Ok(());
            }
            if run_blocking(move || shared.work(work)) {
                return Ok(());
            }
            self.state().running -= 1;
            Err(Busy)
        } else if state.waiting.len() < self.queue {
            state.waiting.push_back(work);
            Ok(())
        } else {
            Err(Busy)
        }
    }

    /// A thread's work: one piece, and then all that waits. If each piece had a thread of its own, the next would begin on a thread that
    /// was asleep, or did not exist yet, with nothing of the code and the key in its core's cache.
    fn work(&self, first: Work) {
        let mut next = Some(first);
        while let Some(work) = next {
            work();
            next = self.next();
        }
    }

    /// The same as a task. All others have their turn behind each piece.
    async fn work_between_tasks(self: Arc<Shared>, first: Work) {
        let mut next = Some(first);
        while let Some(work) = next {
            work();
            next = self.next();
            if next.is_some() {
                yield_now().await;
            }
        }
    }

    fn next(&self) -> Option<Work> {
        let mut state = self.state();
        let next = state.waiting.pop_front();
        if next.is_none() {
            state.running -= 1;
        }
        next
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let State { running, waiting } = &*self.state();
        let (kind, waiting) = (if self.inline { "tasks" } else { "threads" }, waiting.len());
        write!(f, "{running} of {} {kind} at work, {waiting} of {} pieces waiting", self.threads, self.queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;

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
        while workers.0.state().waiting.is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(workers.run(|| 3).await, Err(Busy));
        drop(release);
        assert_eq!(first.await.expect("joined"), Ok(true));
        assert_eq!(second.await.expect("joined"), Ok(2));
        assert_eq!(workers.run(|| 4).await, Ok(4));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_not_done() {
        let workers = Workers::new(1, 2);
        let (release, gate) = mpsc::channel::<()>();
        let first = {
            let workers = workers.clone();
            tokio::spawn(async move { workers.run(move || gate.recv().is_err()).await })
        };
        let done = Arc::new(Mutex::new(false));
        let second = {
            let (workers, done) = (workers.clone(), done.clone());
            tokio::spawn(async move { workers.run(move || *done.lock().expect("unpoisoned") = true).await })
        };
        while workers.0.state().waiting.is_empty() {
            tokio::task::yield_now().await;
        }
        second.abort();
        assert!(second.await.is_err_and(|error| error.is_cancelled()));
        drop(release);
        assert_eq!(first.await.expect("joined"), Ok(true));
        assert_eq!(workers.run(|| 3).await, Ok(3), "behind the second");
        assert!(!*done.lock().expect("unpoisoned"));
    }

    #[tokio::test]
    async fn inline_the_runtime_does_it_and_other_tasks_have_their_turn_between() {
        let (workers, order) = (Workers::inline(1, 1), Arc::new(Mutex::new(vec![])));
        let note = |what: &'static str| {
            let order = order.clone();
            move || order.lock().expect("unpoisoned").push((what, thread::current().id()))
        };
        let ((wake, woken), first, other) = (oneshot::channel(), note("first"), note("other"));
        let first = workers.run(move || (first(), wake.send(())));
        let (_, _, second) = tokio::join!(first, async { woken.await.map(|()| other()) }, workers.run(note("second")));
        assert_eq!(second, Ok(()));
        let own = thread::current().id();
        assert_eq!(*order.lock().expect("unpoisoned"), [("first", own), ("other", own), ("second", own)]);
        assert_ne!(Workers::new(1, 1).run(|| thread::current().id()).await, Ok(own));
    }

    #[tokio::test]
    async fn inline_a_full_queue_is_said_at_once_and_empties_again() {
        let workers = Workers::inline(1, 1);
        let one = |result: u8| workers.run(move || result);
        assert_eq!(tokio::join!(one(1), one(2), one(3)), (Ok(1), Ok(2), Err(Busy)));
        assert_eq!(one(4).await, Ok(4));
    }

    #[tokio::test]
    async fn a_panic_is_the_callers_and_the_thread_goes_on() {
        let workers = Workers::new(1, 1);
        let panicking = {
            let workers = workers.clone();
            tokio::spawn(async move { workers.run(|| panic!("as the test wants")).await })
        };
        assert!(panicking.await.is_err_and(|error| error.is_panic()));
        assert_eq!(workers.run(|| 2).await, Ok(2));
    }
}
