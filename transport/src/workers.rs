//! The pool for RSA work: a handshake costs up to milliseconds of processor time, for which the threads that move bytes must not stop.
//! Either others do it, or they do it themselves, in slices.

use crate::blocking::run_blocking;
use sealwire_traits::{Slices, pause};
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use tokio::sync::oneshot;
use tokio::task::yield_now;

/// Does work for the tasks that wait for it: a few pieces at a time, a bounded number waiting.
#[derive(Clone, Debug)]
pub struct Workers(Arc<Shared>);

/// The queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

type Work = Slices<'static, ()>;

struct Shared {
    threads: usize,
    queue: usize,
    /// Whether tasks take the place of the threads.
    in_slices: bool,
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

    /// As [`new`](Self::new), but the caller's runtime does the pieces, and has its other tasks and its sockets have their turn between the
    /// slices. No thread has to be woken for a piece, wakes the runtime in turn, and is interrupted by whatever comes meanwhile; but all that
    /// comes to the runtime's thread waits for the slice.
    pub fn in_slices(pieces: usize, queue: usize) -> Workers {
        Workers::build(pieces, queue, true)
    }

    fn build(threads: usize, queue: usize, in_slices: bool) -> Workers {
        Workers(Arc::new(Shared { threads: threads.max(1), queue, in_slices, state: Mutex::default() }))
    }

    /// Does `work` when its turn has come. If the caller stops waiting, what is left of it is dropped undone.
    ///
    /// # Errors
    /// [`Busy`] at once when the queue is full.
    ///
    /// # Panics
    /// When `work` panics.
    pub async fn run<T: Send + 'static>(&self, work: Slices<'static, T>) -> Result<T, Busy> {
        let (done, result) = oneshot::channel();
        self.0.submit(Slices::new(give_back(work, done)))?;
        match result.await {
            Ok(outcome) => outcome.map_or_else(|panic| resume_unwind(panic), Ok),
            // The runtime is shutting down and takes no more work.
            Err(_) => Err(Busy),
        }
    }
}

/// Does `work`, as long as somebody waits for what comes of it: the result, or a panic.
async fn give_back<T>(mut work: Slices<'_, T>, done: oneshot::Sender<thread::Result<T>>) {
    while !done.is_closed() {
        if let Some(outcome) = catch_unwind(AssertUnwindSafe(|| work.advance())).transpose() {
            let _ = done.send(outcome);
            return;
        }
        pause().await;
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
            if self.in_slices {
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
            work.complete();
            next = self.next();
        }
    }

    /// The same as a task. All others have their turn behind each slice.
    async fn work_between_tasks(self: Arc<Shared>, first: Work) {
        let mut next = Some(first);
        while let Some(mut work) = next {
            while work.advance().is_none() {
                yield_now().await;
            }
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
        let (kind, waiting) = (if self.in_slices { "tasks" } else { "threads" }, waiting.len());
        write!(f, "{running} of {} {kind} at work, {waiting} of {} pieces waiting", self.threads, self.queue)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use tokio::io::AsyncReadExt;

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
                workers.run(Slices::one(work)).await
            }
        });
        has_started.await.expect("started");
        let second = {
            let workers = workers.clone();
            tokio::spawn(async move { workers.run(Slices::one(|| 2)).await })
        };
        while workers.0.state().waiting.is_empty() {
            tokio::task::yield_now().await;
        }
        assert_eq!(workers.run(Slices::one(|| 3)).await, Err(Busy));
        drop(release);
        assert_eq!(first.await.expect("joined"), Ok(true));
        assert_eq!(second.await.expect("joined"), Ok(2));
        assert_eq!(workers.run(Slices::one(|| 4)).await, Ok(4));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_not_done() {
        let workers = Workers::new(1, 2);
        let (release, gate) = mpsc::channel::<()>();
        let first = {
            let workers = workers.clone();
            tokio::spawn(async move { workers.run(Slices::one(move || gate.recv().is_err())).await })
        };
        let done = Arc::new(Mutex::new(false));
        let second = {
            let (workers, done) = (workers.clone(), done.clone());
            tokio::spawn(
                async move { workers.run(Slices::one(move || *done.lock().expect("unpoisoned") = true)).await },
            )
        };
        while workers.0.state().waiting.is_empty() {
            tokio::task::yield_now().await;
        }
        second.abort();
        assert!(second.await.is_err_and(|error| error.is_cancelled()));
        drop(release);
        assert_eq!(first.await.expect("joined"), Ok(true));
        assert_eq!(workers.run(Slices::one(|| 3)).await, Ok(3), "behind the second");
        assert!(!*done.lock().expect("unpoisoned"));
    }

    /// Where what happens is noted, and on which thread.
    type Notes = Arc<Mutex<Vec<(&'static str, thread::ThreadId)>>>;

    fn note(notes: &Notes, what: &'static str) {
        notes.lock().expect("unpoisoned").push((what, thread::current().id()));
    }

    fn noting(
        notes: &Notes,
        slices: [&'static str; 2],
        at_the_end_of_the_first: impl FnOnce() + Send + 'static,
    ) -> Slices<'static, ()> {
        let notes = notes.clone();
        Slices::new(async move {
            note(&notes, slices[0]);
            at_the_end_of_the_first();
            pause().await;
            note(&notes, slices[1]);
        })
    }

    #[tokio::test]
    async fn in_slices_the_runtime_does_it_and_what_comes_has_its_turn_between() {
        let (workers, notes) = (Workers::in_slices(1, 1), Notes::default());
        let (mut near, far) = tokio::io::duplex(1);
        let send = move || drop(far);
        let first = workers.run(noting(&notes, ["first", "second"], send));
        let reading = async {
            let end = near.read_u8().await;
            note(&notes, "what came");
            end.is_err()
        };
        let other = workers.run(noting(&notes, ["third", "fourth"], || ()));
        assert_eq!(tokio::join!(first, reading, other), (Ok(()), true, Ok(())));
        let own = thread::current().id();
        let order = ["first", "what came", "second", "third", "fourth"].map(|what| (what, own));
        assert_eq!(*notes.lock().expect("unpoisoned"), order);
        assert_ne!(Workers::new(1, 1).run(Slices::one(|| thread::current().id())).await, Ok(own));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn in_slices_the_runtime_looks_at_its_sockets_between() {
        let (workers, notes) = (Workers::in_slices(1, 1), Notes::default());
        let (near, mut far) = std::os::unix::net::UnixStream::pair().expect("sockets");
        near.set_nonblocking(true).expect("a socket");
        let mut near = tokio::net::UnixStream::from_std(near).expect("a runtime");
        let send = move || std::io::Write::write_all(&mut far, &[1]).expect("room for a byte");
        let reading = async {
            assert_eq!(near.read_u8().await.expect("a byte"), 1);
            note(&notes, "what came");
        };
        // What asks first has looked at its socket before.
        let ((), done) = tokio::join!(reading, workers.run(noting(&notes, ["first", "second"], send)));
        assert_eq!(done, Ok(()));
        let order = ["first", "what came", "second"].map(|what| (what, thread::current().id()));
        assert_eq!(*notes.lock().expect("unpoisoned"), order);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_ends_with_its_slice() {
        // A thread would go on at once; between tasks, the one that waits has its turn anyway.
        for (workers, until_gone) in [(Workers::new(1, 1), true), (Workers::in_slices(1, 1), false)] {
            let notes = Notes::default();
            let (give_up, given_up) = oneshot::channel();
            let (gone, is_gone) = mpsc::channel::<()>();
            let work = noting(&notes, ["first", "second"], move || {
                let _ = give_up.send(());
                let _ = until_gone.then(|| is_gone.recv());
            });
            let waiting = tokio::spawn({
                let workers = workers.clone();
                async move {
                    tokio::select! {
                        biased;
                        _ = given_up => {}
                        _ = workers.run(work) => {}
                    }
                    drop(gone);
                }
            });
            waiting.await.expect("joined");
            assert_eq!(workers.run(Slices::one(|| 2)).await, Ok(2));
            assert_eq!(notes.lock().expect("unpoisoned").iter().map(|(what, _)| *what).collect::<Vec<_>>(), ["first"]);
        }
    }

    #[tokio::test]
    async fn in_slices_a_full_queue_is_said_at_once_and_empties_again() {
        let workers = Workers::in_slices(1, 1);
        let one = |result: u8| workers.run(Slices::one(move || result));
        assert_eq!(tokio::join!(one(1), one(2), one(3)), (Ok(1), Ok(2), Err(Busy)));
        assert_eq!(one(4).await, Ok(4));
    }

    #[tokio::test]
    async fn a_panic_is_the_callers_and_the_work_goes_on() {
        for workers in [Workers::new(1, 1), Workers::in_slices(1, 1)] {
            let panicking = noting(&Notes::default(), ["", ""], || panic!("as the test wants"));
            let panicking = {
                let workers = workers.clone();
                tokio::spawn(async move { workers.run(panicking).await })
            };
            assert!(panicking.await.is_err_and(|error| error.is_panic()));
            assert_eq!(workers.run(Slices::one(|| 2)).await, Ok(2));
        }
    }
}
