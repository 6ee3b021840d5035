//! Flow control: how much of a stream may be under way. The receiver grants credit, the sender uses it up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;

/// Bytes that each direction of a stream may carry before anything was granted: what TCP sends at first, too (RFC 6928), so a short answer
/// waits for nobody, and ten thousand connections that stand still hold 160 MB of data.
pub(super) const INITIAL: u32 = 16 * 1024;
/// The most that one direction may have under way: 2 MiB in 20 ms are 100 MB/s.
const MAX: u32 = 2 * 1024 * 1024;
/// Bytes that are granted at the latest: the peer goes on beside this end, rather than in turns with it.
const MAX_GRANT: u32 = 256 * 1024;
/// What a peer may grant in all at a time. Ours grants less; a counter must not overflow.
const MAX_GRANTED: usize =
    if Semaphore::MAX_PERMITS < u32::MAX as usize { Semaphore::MAX_PERMITS } else { u32::MAX as usize };

/// Memory that windows beyond their beginnings may come to: of one session, and of all sessions of a process.
#[derive(Debug)]
pub struct Budget {
    left: AtomicUsize,
    of_all: Option<Arc<Budget>>,
}

impl Budget {
    /// `bytes` for all sessions.
    pub fn new(bytes: usize) -> Arc<Budget> {
        Arc::new(Budget { left: AtomicUsize::new(bytes), of_all: None })
    }

    /// The share of one session: at most `bytes`, out of what all have.
    pub(super) fn share(self: &Arc<Budget>, bytes: usize) -> Budget {
        Budget { left: AtomicUsize::new(bytes), of_all: Some(self.clone()) }
    }

    fn take(&self, bytes: usize) -> bool {
        let own = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok();
        let all = own && self.of_all.as_ref().is_none_or(|all| all.take(bytes));
        if own && !all {
            self.left.fetch_add(bytes, Ordering::Relaxed);
        }
        all
    }

    fn give_back(&self, bytes: usize) {
        self.left.fetch_add(bytes, Ordering::Relaxed);
        if let Some(all) = &self.of_all {
            all.give_back(bytes);
        }
    }
}

/// What the peer may send on one stream. Begins at [`INITIAL`], and doubles each time that as much as is granted at once went through without
/// waiting here, as far as the budget goes: a connection that takes what it gets is not held up, and one that does not is not stored for.
#[derive(Debug)]
pub(super) struct Window {
    size: u32,
    /// Of it, what the peer may still send.
    credit: u32,
    /// Taken by the connection, and not granted again yet.
    taken: u32,
    /// Nothing had to wait since the last grant.
    prompt: bool,
    budget: Arc<Budget>,
}

impl Window {
    pub(super) fn new(budget: Arc<Budget>) -> Window {
        Window { size: INITIAL, credit: INITIAL, taken: 0, prompt: true, budget }
    }

    /// The peer has sent `bytes`.
    ///
    /// # Errors
    /// What it did wrong: it had no credit for them.
    pub(super) fn received(&mut self, bytes: usize) -> Result<(), &'static str> {
        let bytes = u32::try_from(bytes).ok();
        self.credit =
            bytes.and_then(|bytes| self.credit.checked_sub(bytes)).ok_or("more data than it had credit for")?;
        Ok(())
    }

    /// Some of what came could not be handed on at once.
    pub(super) fn waited(&mut self) {
        self.prompt = false;
    }

    /// The connection has taken `bytes`, while more `waits` or not: what is to be granted for them, if it is time.
    pub(super) fn taken(&mut self, bytes: usize, waits: bool) -> Option<u32> {
        self.taken += bytes as u32;
        if self.taken < (self.size / 2).min(MAX_GRANT) {
            return None;
        }
        let mut grant = std::mem::take(&mut self.taken);
        if std::mem::replace(&mut self.prompt, !waits)
            && !waits
            && self.size < MAX
            && self.budget.take(self.size as usize)
        {
            grant += self.size;
            self.size *= 2;
        }
        self.credit += grant;
        Some(grant)
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        self.budget.give_back((self.size - INITIAL) as usize);
    }
}

/// What this end may send on one stream.
#[derive(Debug)]
pub(super) struct Credit(Semaphore);

impl Credit {
    pub(super) fn new() -> Credit {
        Credit(Semaphore::new(INITIAL as usize))
    }

    /// The peer has granted more.
    ///
    /// # Errors
    /// What it did wrong: nobody can have so much.
    pub(super) fn granted(&self, bytes: u32) -> Result<(), &'static str> {
        let all = self.0.available_permits().checked_add(bytes as usize);
        if all.is_none_or(|all| all > MAX_GRANTED) {
            return Err("more credit than a stream can have");
        }
        self.0.add_permits(bytes as usize);
        Ok(())
    }

    /// How much may be sent.
    pub(super) fn now(&self) -> usize {
        self.0.available_permits()
    }

    /// How much may be sent, once that is something. Safe to cancel.
    pub(super) async fn available(&self) -> usize {
        // The only one who takes any is the caller. Nobody closes it.
        drop(self.0.acquire().await);
        self.now()
    }

    /// `bytes` were sent.
    pub(super) fn used(&self, bytes: usize) {
        self.0.forget_permits(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(bytes: usize) -> Window {
        Window::new(Arc::new(Budget::new(1 << 30).share(bytes)))
    }

    #[test]
    fn no_more_is_taken_than_was_granted() {
        let mut window = window(0);
        assert_eq!(window.received(INITIAL as usize), Ok(()));
        assert!(window.received(1).is_err());
        assert_eq!(window.taken(INITIAL as usize / 2 - 1, false), None);
        assert_eq!(window.taken(1, false), Some(INITIAL / 2));
        assert_eq!(window.received(INITIAL as usize / 2), Ok(()));
        assert!(window.received(1).is_err());
    }

    #[test]
    fn a_window_grows_while_nothing_waits_and_stays_while_something_does() {
        let mut window = window(MAX as usize);
        let half = INITIAL as usize / 2;
        window.received(half).expect("within");
        window.waited();
        assert_eq!(window.taken(half, true), Some(INITIAL / 2), "as before");
        window.received(half).expect("within");
        assert_eq!(window.taken(half, false), Some(INITIAL / 2), "something waited until now");
        window.received(half).expect("within");
        assert_eq!(window.taken(half, false), Some(INITIAL / 2 + INITIAL), "twice as large");
        let mut size = 2 * INITIAL;
        while size < MAX {
            window.received(size as usize / 2).expect("within");
            assert_eq!(window.taken(size as usize / 2, false), Some(size / 2 + size));
            size *= 2;
        }
        window.received(MAX as usize).expect("within");
        assert_eq!(window.taken(MAX as usize, false), Some(MAX), "and no larger");
    }

    #[test]
    fn what_a_window_took_from_the_budgets_comes_back() {
        let all = Budget::new(3 * INITIAL as usize);
        let session = Arc::new(all.share(2 * INITIAL as usize));
        let grow = |window: &mut Window| {
            window.received(INITIAL as usize).expect("within");
            window.taken(INITIAL as usize, false) == Some(2 * INITIAL)
        };
        let mut windows = [(); 3].map(|()| Window::new(session.clone()));
        assert_eq!(windows.each_mut().map(grow), [true, true, false], "the session has no more");
        let mut other = Window::new(Arc::new(all.share(1 << 30)));
        assert!(grow(&mut other));
        let mut another = Window::new(Arc::new(all.share(1 << 30)));
        assert!(!grow(&mut another), "all have no more");
        drop(windows);
        assert!(grow(&mut Window::new(session.clone())));
        drop((other, another, session));
        assert_eq!(all.left.load(Ordering::Relaxed), 3 * INITIAL as usize);
    }

    #[tokio::test]
    async fn credit_is_counted() {
        let credit = Credit::new();
        assert_eq!(credit.available().await, INITIAL as usize);
        credit.used(INITIAL as usize);
        assert!(tokio::time::timeout(std::time::Duration::ZERO, credit.available()).await.is_err());
        credit.granted(5).expect("little");
        assert_eq!(credit.available().await, 5);
        assert!(credit.granted(u32::MAX).is_err());
    }
}
