//! `sealwire server`: accepts clients, gives each a session and a service, and leaves cleanly.

mod policy;
mod printer;
mod reports;
mod stop;

use crate::error::AppError;
use crate::identity;
#[cfg(unix)]
use crate::open_files;
use crate::passphrase::Passphrases;
use crate::services::{self, Receiving, Request, Served, Service, Targets};
use crate::wire::{self, Wire};
use policy::Policy;
pub use printer::Printer;
use reports::{Attended, Reports};
use sealwire_config::{ClientAuth, Config, Rotation};
use sealwire_traits::{Connection, Listener, SigningKey};
use sealwire_transport::ChannelError;
use sealwire_transport::channel::{self, Channel};
use sealwire_transport::message::MessageMemory;
use sealwire_transport::mux::Limits;
use sealwire_transport::server::{self, Admission, Admitted, Ending, Full, TransportKeys, TurnedAway};
use sealwire_transport::session::ServerConfig;
use std::sync::Arc;
use std::time::Duration;
pub use stop::{Stop, Stopping, signalled};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// Rest after an accept that failed, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often the log says of how many connections it did not speak.
const SUMMARY: Duration = Duration::from_secs(1);

/// What every session of a server shares.
pub struct Context {
    wire: Wire,
    session: Arc<ServerConfig>,
    keys: TransportKeys,
    stop: Stop,
    admission: Admission,
    reports: Reports,
    /// Where messages are shown.
    pub printer: Printer,
    /// The longest message, in bytes.
    pub max_message: usize,
    /// What the long ones of all sessions share.
    pub message_memory: MessageMemory,
    /// How long a client may finish when the server stops.
    pub drain_timeout: Duration,
    /// Where streams are stored.
    pub receiving: Receiving,
    /// What connections are forwarded to, and what that may use.
    pub targets: Targets,
    pub streams: Limits,
}

impl Context {
    /// Tells when the server stops.
    pub fn stopping(&self) -> Stopping {
        self.stop.watch()
    }
}

/// Runs the server until it is told to stop.
///
/// # Errors
/// [`AppError`] when it cannot start.
pub async fn run(config: &Config, passphrases: &mut Passphrases<'_>) -> Result<(), AppError> {
    let wire = Wire::of_server(config)?;
    if wire.transport.name() == "memory" {
        return Err(AppError::Usage(
            "transport.kind = \"memory\" stays inside one process, so no client can reach this server: \
             use tcp or unix, or try `sealwire demo`"
                .to_owned(),
        ));
    }
    // A signal that comes while somebody is asked for a passphrase ends the program at once, and leaves nothing behind.
    let identity = identity::of_server(config, wire.provider.signature, wire.provider.random, passphrases)?;
    let stop = signalled();
    let listener = wire.transport.listen(&config.transport.address).await?;
    #[cfg(unix)]
    {
        let forwards = config.server.services.iter().any(|service| service == Service::Forward.name());
        let streams = if forwards { config.limits.max_all_streams } else { 0 };
        open_files::raise_limit(
            config.limits.max_connections + streams,
            "limits.max_connections and limits.max_all_streams",
        );
        if forwards && config.server.targets.is_empty() {
            tracing::warn!("nothing can be connected to: server.services has forward, and server.targets is empty");
        } else if forwards && config.server.client_auth == ClientAuth::None {
            tracing::warn!("whoever reaches this server may connect to its targets: server.client_auth is none");
        }
    }
    let context = Arc::new(context(config, wire, identity.clone(), Printer::stdout()).await?);
    let counts = context.reports.tell_when_asked();
    announce(&*listener, &*identity);
    tokio::select! {
        () = serve(listener, context.clone(), stop) => {}
        () = counts => {}
    }
    Ok(())
}

/// Where the server is and who it is, for people; on standard error, since standard output is for messages.
#[expect(clippy::print_stderr, reason = "what the user starts the program to read")]
fn announce(listener: &dyn Listener, identity: &dyn SigningKey) {
    eprintln!("sealwire server at {}", listener.address());
    eprintln!("identity {}", identity.fingerprint());
    eprintln!("a client that knows it: sealwire client --pin {}", identity.fingerprint());
}

/// Everything the sessions share; makes the first transport key.
pub async fn context(
    config: &Config,
    wire: Wire,
    identity: Arc<dyn SigningKey>,
    printer: Printer,
) -> Result<Context, AppError> {
    let session = Arc::new(ServerConfig {
        provider: wire.provider,
        identity,
        client_auth: config.server.client_auth == ClientAuth::Required,
        policy: Arc::new(Policy::new(config)?),
        settings: wire.settings,
    });
    let rotation = match config.server.rotation {
        Rotation::Every(period) => server::Rotation::Every(period),
        Rotation::PerConnection => server::Rotation::PerConnection { pool: config.server.pool },
    };
    let admission = Admission::new(wire::admission_limits(config), wire.clock);
    let size = wire::key_size(config);
    let keys = TransportKeys::start(&session, size, rotation, wire.clock).await?;
    Ok(Context {
        wire,
        session,
        keys,
        stop: Stop::new(),
        admission,
        reports: Reports::default(),
        printer,
        max_message: config.limits.max_message as usize,
        message_memory: MessageMemory::new(config.limits.message_memory as usize),
        drain_timeout: config.server.drain_timeout,
        receiving: Receiving::new(config),
        targets: Targets::new(config),
        streams: services::limits(config),
    })
}

/// Accepts until `stop` is ready; then tells those connected, and waits for them for as long as they may take.
pub async fn serve(mut listener: Box<dyn Listener>, context: Arc<Context>, stop: impl Future<Output = ()>) {
    let mut sessions = JoinSet::new();
    let mut summary = tokio::time::interval(SUMMARY);
    summary.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = sessions.join_next() => continue,
            _ = summary.tick() => {
                context.reports.summarise();
                continue;
            }
            () = &mut stop => break,
        };
        match accepted {
            Ok(pipe) => match context.admission.enter(pipe.origin) {
                Ok(place) => drop(sessions.spawn(attend(pipe, place, context.clone()))),
                Err(reason) => turn_away(pipe, reason, &context, &mut sessions),
            },
            Err(error) => {
                tracing::error!(%error, "accept failed");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    tracing::info!(sessions = sessions.len(), "stopping");
    context.stop.now();
    let patience = context.drain_timeout + context.wire.settings.close_timeout;
    let drained = tokio::time::timeout(patience, async { while sessions.join_next().await.is_some() {} }).await;
    if drained.is_err() {
        tracing::warn!(sessions = sessions.len(), "cut off: they did not finish in time");
        sessions.shutdown().await;
    }
    context.reports.summarise();
    context.reports.tell("stopped");
}

/// There is no place for this connection. Saying why takes a while with a peer that does not listen: only so many are told at a time.
fn turn_away(pipe: Connection, reason: TurnedAway, context: &Context, sessions: &mut JoinSet<()>) {
    let ending = Ending::from(reason);
    if context.reports.ended(ending) {
        tracing::warn!(peer = pipe.peer, reason = ending.name(), "turned away: {} reached", setting(reason));
    }
    if let Some(place) = context.admission.lobby(pipe.origin) {
        sessions.spawn(async move {
            channel::turn_away(pipe).await;
            drop(place);
        });
    }
}

/// The setting that turned somebody away.
fn setting(reason: TurnedAway) -> &'static str {
    match reason {
        TurnedAway::Connections(Full::Total) => "limits.max_connections",
        TurnedAway::Connections(Full::Address) => "limits.max_connections_per_address",
        TurnedAway::HandshakesOfAddress => "limits.max_handshakes_per_address",
    }
}

/// One client, from its first byte to its last.
async fn attend(pipe: Connection, mut place: Admitted, context: Arc<Context>) {
    let peer = pipe.peer.clone();
    let attended = context.reports.attend(&peer);
    let stopping = context.stopping();
    let channel = tokio::select! {
        channel = handshake(pipe, &place, &context) => channel,
        () = stopping.stopped() => return,
        () = place.gave_way() => return give_way(&peer, attended),
    };
    let channel = match channel {
        Ok(channel) => channel,
        Err(error) => {
            place.failed();
            return log_failure(&peer, &error, attended);
        }
    };
    place.complete();
    let service = channel.peer.service.clone();
    let Some(request) = Request::parse(&service) else { return };
    let client = channel.peer.identity.map_or_else(|| "anonymous".to_owned(), |print| print.to_string());
    tracing::info!(peer, client, service, suite = channel.peer.suite.name, "connected");
    let who = match channel.peer.identity {
        Some(print) => format!("{print} at {peer}"),
        None => peer.clone(),
    };
    let served = request.serve(channel, &who, context.clone()).await;
    let ending = match &served {
        Ok(_) if context.stop.is_now() => Ending::Stopped,
        Ok(_) => Ending::Complete,
        Err(error) => error.into(),
    };
    let reason = ending.name();
    match (attended.ended(ending), served) {
        (false, _) => {}
        (true, Ok(Served { messages, connections, broken, bytes })) => {
            tracing::info!(peer, client, reason, messages, connections, broken, bytes, "closed");
        }
        (true, Err(error)) => tracing::warn!(peer, client, reason, %error, "session failed"),
    }
}

async fn handshake(pipe: Connection, place: &Admitted, context: &Context) -> Result<Channel, ChannelError> {
    let (wire, session) = (&context.wire, context.session.clone());
    let difficulty = || place.difficulty(&wire.workers);
    channel::accept(pipe, session, context.keys.epoch(), difficulty, &wire.workers, wire.clock).await
}

fn give_way(peer: &str, attended: Attended<'_>) {
    if attended.ended(Ending::GaveWay) {
        tracing::warn!(peer, reason = Ending::GaveWay.name(), "handshake gave way: limits.max_handshakes reached");
    }
}

/// A connection that was opened and closed without a byte is nobody's fault, and too common to warn of.
fn log_failure(peer: &str, error: &ChannelError, attended: Attended<'_>) {
    let ending = Ending::from(error);
    let reason = ending.name();
    match (attended.ended(ending), ending) {
        (false, _) => {}
        (true, Ending::Left) => tracing::info!(peer, reason, %error, "handshake failed"),
        (true, _) => tracing::warn!(peer, reason, %error, "handshake failed"),
    }
}
