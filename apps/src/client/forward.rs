//! `sealwire client --forward`: listens, and carries the connections that come to targets of the server. With a session for each target
//! that is made anew when it is lost, or with a session for each connection.

use super::connect::Dialer;
use super::explain;
use crate::error::AppError;
use crate::server::signalled;
use crate::services::{self, Request};
use crate::wire::transport_of;
use sealwire_config::{Config, Forward};
use sealwire_traits::{Connection, Listener};
use sealwire_transport::channel::Channel;
use sealwire_transport::mux::{self, Limits};
use sealwire_transport::relay::relay;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
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

/// Carries connections until the user wants to leave.
///
/// # Errors
/// [`AppError`]: an address that cannot be listened at, a server that is not to be trusted, or one that does not have a target.
pub async fn run(config: &Config, dialer: Dialer, forwards: &[Forward]) -> Result<(), AppError> {
    let (dialer, limits) = (Arc::new(dialer), services::limits(config));
    let mut tunnels = JoinSet::new();
    let mut stops = Vec::new();
    for forward in forwards {
        let listener = transport_of(&forward.listen).listen(&forward.listen).await?;
        // Asks about an unknown server before anything is carried, and finds a target that is missing.
        let request = Request::Forward(&forward.target).to_string();
        let channel = dialer.dial(&request).await?;
        announce(&*listener, &forward.target);
        let (stop, stopping) = mpsc::channel::<()>(1);
        stops.push(stop);
        let (dialer, limits) = (dialer.clone(), limits.clone());
        if config.client.multiplex {
            tunnels.spawn(shared(listener, stopping, dialer, request, channel, limits));
        } else {
            let pipe = Request::Pipe(&forward.target).to_string();
            check(channel, &limits).await.map_err(|error| explain(error, &request))?;
            tunnels.spawn(single(listener, stopping, dialer, pipe));
        }
    }
    tokio::select! {
        ended = first_error(&mut tunnels) => return ended,
        () = signalled() => drop(stops),
    }
    // Those that are open may end; not for ever, and not if the user asks again.
    tokio::select! {
        _ = timeout(config.session.close_timeout, first_error(&mut tunnels)) => {}
        () = signalled() => {}
    }
    Ok(())
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
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    Ok(())
}

/// The next connection; none when it is time to stop.
async fn accept(listener: &mut dyn Listener, stopping: &mut mpsc::Receiver<()>) -> Option<Connection> {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.recv() => return None,
        };
        match accepted {
            Ok(connection) => return Some(connection),
            Err(error) => {
                tracing::error!(%error, "accept failed");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// All connections in one session after the other.
async fn shared(
    mut listener: Box<dyn Listener>,
    mut stopping: mpsc::Receiver<()>,
    dialer: Arc<Dialer>,
    request: String,
    first: Channel,
    limits: Limits,
) -> Result<(), AppError> {
    let (connections, mut coming) = mpsc::channel(WAITING);
    let accepting = async move {
        while let Some(connection) = accept(&mut *listener, &mut stopping).await {
            if connections.send(connection).await.is_err() {
                return;
            }
        }
    };
    let carrying = async {
        let mut channel = first;
        loop {
            let began = Instant::now();
            match mux::carry(channel, &mut coming, &limits).await {
                Ok(_) if coming.is_closed() => return Ok(()),
                Ok(_) => tracing::warn!("the server has closed the session"),
                Err(error) => fatal(error.into(), &request, "the session was lost")?,
            }
            let rest = if began.elapsed() >= GOOD { FIRST_REST } else { 2 * FIRST_REST };
            match again(&dialer, &request, &mut coming, rest).await? {
                Some(made) => channel = made,
                None => return Ok(()),
            }
        }
    };
    let ended = {
        let mut carrying = pin!(carrying);
        tokio::select! {
            ended = &mut carrying => ended,
            () = accepting => carrying.await,
        }
    };
    turn_away(&mut coming);
    ended
}

/// A new session; none when no more connections can come. While the server cannot be reached, connections are reset.
async fn again(
    dialer: &Dialer,
    request: &str,
    coming: &mut mpsc::Receiver<Connection>,
    mut rest: Duration,
) -> Result<Option<Channel>, AppError> {
    loop {
        sleep(rest).await;
        if coming.is_closed() {
            return Ok(None);
        }
        match dialer.dial(request).await {
            Ok(channel) => {
                tracing::info!(service = request, "the session stands again");
                return Ok(Some(channel));
            }
            Err(error) => fatal(error, request, "the server cannot be reached")?,
        }
        turn_away(coming);
        rest = (2 * rest).min(LONGEST_REST);
    }
}

/// Connections for which there is no session are reset.
fn turn_away(coming: &mut mpsc::Receiver<Connection>) {
    while let Ok(mut connection) = coming.try_recv() {
        connection.writer.reset();
    }
}

/// A session for each connection.
async fn single(
    mut listener: Box<dyn Listener>,
    mut stopping: mpsc::Receiver<()>,
    dialer: Arc<Dialer>,
    request: String,
) -> Result<(), AppError> {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            connection = accept(&mut *listener, &mut stopping) => match connection {
                Some(connection) => {
                    let (dialer, request) = (dialer.clone(), request.clone());
                    open.spawn(async move { carry_one(connection, &dialer, &request).await });
                }
                None => break,
            },
            Some(ended) = open.join_next() => match ended {
                Ok(result) => result?,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            },
        }
    }
    first_error(&mut open).await
}

async fn carry_one(mut connection: Connection, dialer: &Dialer, request: &str) -> Result<(), AppError> {
    let carried = match dialer.dial(request).await {
        Ok(channel) => relay(channel, connection).await.map(drop).map_err(AppError::from),
        Err(error) => {
            connection.writer.reset();
            Err(error)
        }
    };
    carried.or_else(|error| fatal(error, request, "a connection was lost"))
}

/// Ends a session that was made to see whether the server has the target.
async fn check(channel: Channel, limits: &Limits) -> Result<(), AppError> {
    let (connections, mut none) = mpsc::channel(1);
    drop(connections);
    mux::carry(channel, &mut none, limits).await?;
    Ok(())
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
