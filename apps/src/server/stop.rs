//! Stopping: the signal from outside, and the word that reaches every session.

use tokio::sync::watch;

/// Says once that the server stops.
pub struct Stop(watch::Sender<bool>);

/// Hears of it.
#[derive(Clone)]
pub struct Stopping(watch::Receiver<bool>);

impl Stop {
    /// Not yet.
    pub fn new() -> Stop {
        Stop(watch::Sender::new(false))
    }

    /// Now.
    pub fn now(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was said.
    pub fn is_now(&self) -> bool {
        *self.0.borrow()
    }

    /// Somebody more who hears of it.
    pub fn watch(&self) -> Stopping {
        Stopping(self.0.subscribe())
    }
}

impl Stopping {
    /// Whether it was said.
    pub fn is_now(&self) -> bool {
        *self.0.borrow()
    }

    /// Ready once the server stops. May be cancelled and called again.
    pub async fn stopped(&self) {
        // An error means that the server is gone altogether.
        let _ = self.0.clone().wait_for(|stopped| *stopped).await;
    }
}

/// Ready when the user or the system asks the program to end: Ctrl-C, or SIGTERM. It is listened for from this call on, and not only
/// from the first time that somebody waits.
pub fn signalled() -> impl Future<Output = ()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        // A signal that cannot be listened for ends the program, as it does by default.
        let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok());
        async move {
            let [interrupt, terminate] = signals.map(async |listening| match listening {
                Some(mut signal) => drop(signal.recv().await),
                None => std::future::pending().await,
            });
            tokio::select! {
                () = interrupt => {}
                () = terminate => {}
            }
        }
    }
    #[cfg(not(unix))]
    async {
        drop(tokio::signal::ctrl_c().await);
    }
}
