//! Work that keeps a processor busy for long, in slices: so that a thread which has other things to do as well can do them in between, and
//! nobody has to wake a second thread.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Work that whoever holds it does, slice by slice. It is written as `async` code that awaits [`pause`] between the slices, and nothing else
/// but other slices. Dropped before its end, it is not done, and what it holds is dropped: secrets belong in types that keep them in one place
/// and wipe it, such as [`Secret`](crate::Secret).
///
/// ```
/// use sealwire_traits::{Slices, pause};
///
/// let mut sum = Slices::new(async {
///     let mut sum = 0;
///     for number in [1, 2, 3] {
///         pause().await;
///         sum += number;
///     }
///     sum
/// });
/// assert_eq!(sum.advance(), None);
/// assert_eq!(sum.complete(), 6);
/// ```
#[must_use = "it is done by whoever advances it"]
pub struct Slices<'a, T>(Pin<Box<dyn Future<Output = T> + Send + 'a>>);

impl<'a, T> Slices<'a, T> {
    /// Work of which nothing is done yet.
    pub fn new(work: impl Future<Output = T> + Send + 'a) -> Slices<'a, T> {
        Slices(Box::pin(work))
    }

    /// Work in one slice.
    pub fn one(work: impl FnOnce() -> T + Send + 'a) -> Slices<'a, T> {
        Slices::new(async move { work() })
    }

    /// Does the next slice. The result, if it was the last one.
    ///
    /// # Panics
    /// After the last slice, and when the work panics.
    pub fn advance(&mut self) -> Option<T> {
        match self.0.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => Some(result),
            Poll::Pending => None,
        }
    }

    /// Does all that is left.
    ///
    /// # Panics
    /// After the last slice, and when the work panics.
    pub fn complete(mut self) -> T {
        loop {
            if let Some(result) = self.advance() {
                return result;
            }
        }
    }
}

/// As a part of other work in slices.
impl<T> Future for Slices<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        self.0.as_mut().poll(context)
    }
}

impl<T> fmt::Debug for Slices<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slices")
    }
}

/// The end of a slice, where nothing waits for anything.
pub async fn pause() {
    let mut has_paused = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_paused, true) {
            return Poll::Ready(());
        }
        // For whoever awaits the work like any other future.
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
