//! `sealwire client --forward`: listens, and carries the connections that come to targets of the server. With a session for each target
//! that is made anew when it is lost, or with a session for each connection.

use super::connect::Dialer;
use super::explain;
use crate::error::AppError;
#[cfg(unix)]
use crate::open_files;
use crate::server::{Stop, Stopping, signalled};
use crate::services::{self, Request};
use crate::wire::transport_of;
use sealwire_config::{Config, Forward};
use sealwire_traits::Listener;
use sealwire_transport::Ends;
use sealwire_transport::channel::Channel;
use sealwire_transport::mux::{self, Limits};
use sealwire_transport::relay::relay;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// Connections that wait for a session; the system keeps more.
const WAITING: usize = 16;
/// Rest after an accept that failed, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Rest before a lost session is made again: the first, and the longest, to which it doubles.
const FIRST_REST: Duration = Duration::from_millis(250);
const LONGEST_REST: Duration = Duration::from_secs(30);
/// A session that lasted so long was a good one: the next rest is a short one.
const GOOD: Duration = Duration::from_secs(10);
/// Sessions that are being made at a time, where each connection has one: as many more would only wait for the same processors, and for
/// the server's patience.
const DIALS: usize = 32;
/// How long the reset of what is cut may take.
const FAREWELL: Duration = Duration::from_secs(3);

/// Carries connections until the user wants to leave.
///
/// # Errors
/// [`AppError`]: an address that cannot be listened at, a server that is not to be trusted, or one that does not have a target; connections
/// that did not end in time.
pub async fn run(config: &Config, dialer: Dialer, forwards: &[Forward]) -> Result<(), AppError> {
    #[cfg(unix)]
    open_files::raise_limit(2 * config.limits.max_streams * forwards.len(), "client.forward and limits.max_streams");
    // Before anybody is told where to connect to.
    let mut leave = pin!(signalled());
    let (stop, cut) = (Stop::new(), Stop::new());
    let shared = Tunnel {
        dialer: Arc::new(dialer),
        limits: services::limits(config),
        dials: Arc::new(Semaphore::new(DIALS)),
        stop: stop.watch(),
        cut: cut.watch(),
    };
    let mut tunnels = JoinSet::new();
    for forward in forwards {
        let listener = transport_of(&forward.listen).listen(&forward.listen).await?;
        // Asks about an unknown server before anything is carried, and finds a target that is missing.
        let request = Request::Forward(&forward.target).to_string();
        let channel = shared.dialer.dial(&request).await?;
        announce(&*listener, &forward.target);
        let tunnel = shared.clone();
        if config.client.multiplex {
            tunnels.spawn(tunnel.in_one_session(listener, request, channel));
        } else {
            let pipe = Request::Pipe(&forward.target).to_string();
            tunnel.check(channel).await.map_err(|error| explain(error, &request))?;
            tunnels.spawn(tunnel.in_a_session_each(listener, pipe));
        }
    }
    let ended = tokio::select! {
        ended = first_error(&mut tunnels) => ended,
        () = &mut leave => {
            stop.now();
            // Those that are open may end; not for ever, and not if the user asks again.
            tokio::select! {
                ended = first_error(&mut tunnels) => ended,
                () = sleep(config.session.close_timeout) => Err(unfinished()),
                () = signalled() => Err(unfinished()),
            }
        }
    };
    // What is open now is reset, which takes a moment: at the end of the program it would look like a proper end.
    cut.now();
    let _ = timeout(FAREWELL, async { while tunnels.join_next().await.is_some() {} }).await;
    ended
}

fn unfinished() -> AppError {
    AppError::Unfinished("connections that had not ended were cut".to_owned())
}

/// Where connections are taken, for people.
#[expect(clippy::print_stderr, reason = "what the user starts the program to read")]
fn announce(listener: &dyn Listener, target: &str) {
    eprintln!("sealwire forwards {} to {target}", listener.address());
}

/// Ready with the first error, or when all have ended.
async fn first_error(tunnels: &mut JoinSet<Result<(), AppError>>) -> Result<(), AppError> {
    while let Some(ended) = tunnels.join_next().await {
        match ended {
            Ok(result) => result?,
            Err(error) if error.is_cancelled() => {}
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    Ok(())
}

/// What the tunnels of a client share.
#[derive(Clone)]
struct Tunnel {
    dialer: Arc<Dialer>,
    limits: Limits,
    dials: Arc<Semaphore>,
    /// No new connections are taken any more.
    stop: Stopping,
    /// Nobody waits for those that are open.
    cut: Stopping,
}

impl Tunnel {
    /// The next connection; none when it is time to stop.
    async fn accept(&self, listener: &mut dyn Listener) -> Option<Ends> {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.stop.stopped() => return None,
            };
            match accepted {
                Ok(connection) => return Some(connection.into()),
                Err(error) => {
                    tracing::error!(%error, "accept failed");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// All connections in one session after the other.
    async fn in_one_session(
        self,
        listener: Box<dyn Listener>,
        request: String,
        first: Channel,
    ) -> Result<(), AppError> {
        let (connections, mut coming) = mpsc::channel(WAITING);
        // A task of its own, so that nobody looks for connections each time that a byte comes. It ends with the set.
        let mut accepting = JoinSet::new();
        accepting.spawn(self.clone().accept_all(listener, connections));
        self.carry(first, &request, &mut coming).await
    }

    /// Takes connections until it is time to stop, or nobody carries them.
    async fn accept_all(self, mut listener: Box<dyn Listener>, connections: mpsc::Sender<Ends>) {
        while let Some(connection) = self.accept(&mut *listener).await {
            tokio::select! {
                sent = connections.send(connection) => if sent.is_err() { break },
                () = self.stop.stopped() => break,
            }
        }
    }

    /// Carries what comes, in a session that is made again when it is lost.
    async fn carry(&self, first: Channel, request: &str, coming: &mut mpsc::Receiver<Ends>) -> Result<(), AppError> {
        let (mut channel, mut rest) = (first, FIRST_REST);
        loop {
            let began = Instant::now();
            match mux::carry(channel, coming, self.cut.stopped(), &self.limits).await {
                Ok(_) if coming.is_closed() || self.stop.is_now() => return Ok(()),
                Ok(_) => tracing::warn!(service = request, "the server has closed the session"),
                Err(error) => fatal(error.into(), request, "the session was lost")?,
            }
            rest = if began.elapsed() >= GOOD { FIRST_REST } else { longer(rest) };
            match self.dial_again(request, coming, &mut rest).await? {
                Some(made) => channel = made,
                None => return Ok(()),
            }
        }
    }

    /// A new session; none when it is time to stop. Connections that come before the first try wait for it, those that come while the
    /// server cannot be reached are reset.
    async fn dial_again(
        &self,
        request: &str,
        coming: &mut mpsc::Receiver<Ends>,
        rest: &mut Duration,
    ) -> Result<Option<Channel>, AppError> {
        tokio::select! {
            () = sleep(*rest) => {}
            () = self.stop.stopped() => return Ok(None),
        }
        loop {
            match self.dialer.dial(request).await {
                Ok(channel) => {
                    tracing::info!(service = request, "the session stands again");
                    return Ok(Some(channel));
                }
                Err(error) => fatal(error, request, "the server cannot be reached")?,
            }
            *rest = longer(*rest);
            let turn_away = async { while coming.recv().await.is_some() {} };
            tokio::select! {
                () = sleep(*rest) => {}
                () = turn_away => return Ok(None),
            }
        }
    }

    /// A session for each connection.
    async fn in_a_session_each(self, mut listener: Box<dyn Listener>, request: String) -> Result<(), AppError> {
        let mut open = JoinSet::new();
        let ended = loop {
            tokio::select! {
                connection = self.accept(&mut *listener) => match connection {
                    Some(connection) => {
                        let (tunnel, request) = (self.clone(), request.clone());
                        open.spawn(async move { tunnel.carry_one(connection, &request).await });
                    }
                    None => break tokio::select! {
                        ended = first_error(&mut open) => ended,
                        () = self.cut.stopped() => Ok(()),
                    },
                },
                Some(ended) = open.join_next() => match ended {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => break Err(error),
                    Err(error) => std::panic::resume_unwind(error.into_panic()),
                },
            }
        };
        open.shutdown().await;
        ended
    }

    async fn carry_one(&self, connection: Ends, request: &str) -> Result<(), AppError> {
        let turn = self.dials.acquire().await;
        let dialled = self.dialer.dial(request).await;
        drop(turn);
        let carried = match dialled {
            Ok(channel) => relay(channel, connection).await.map(drop).map_err(AppError::from),
            Err(error) => Err(error),
        };
        carried.or_else(|error| fatal(error, request, "a connection was lost"))
    }

    /// Ends a session that was made to see whether the server has the target.
    async fn check(&self, channel: Channel) -> Result<(), AppError> {
        let (connections, mut none) = mpsc::channel(1);
        drop(connections);
        mux::carry(channel, &mut none, self.cut.stopped(), &self.limits).await?;
        Ok(())
    }
}

/// The rest behind one that was not enough.
fn longer(rest: Duration) -> Duration {
    (2 * rest).min(LONGEST_REST)
}

/// What trying again cannot mend ends the program; the rest is logged.
fn fatal(error: AppError, request: &str, what: &str) -> Result<(), AppError> {
    match explain(error, request) {
        error @ (AppError::Untrusted(_) | AppError::Unfinished(_) | AppError::Trust(_)) => Err(error),
        error if error.exit_status() == 3 => Err(error),
        error => {
            tracing::warn!(%error, service = request, "{what}");
            Ok(())
        }
    }
}
