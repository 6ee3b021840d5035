//! `sealwire server`: accepts clients, gives each a session and a service, and leaves cleanly.

mod policy;
mod printer;
mod stop;

use crate::error::AppError;
use crate::identity;
use crate::passphrase::Passphrases;
use crate::services::Service;
use crate::wire::{self, Wire};
use policy::Policy;
pub use printer::Printer;
use sealwire_config::{ClientAuth, Config, Rotation};
use sealwire_traits::{Connection, Listener, SigningKey};
use sealwire_transport::ChannelError;
use sealwire_transport::channel::{self, Channel};
use sealwire_transport::server::{self, Admission, TransportKeys};
use sealwire_transport::session::{HandshakeError, ServerConfig};
use std::sync::Arc;
use std::time::Duration;
pub use stop::{Stop, Stopping, signalled};
use tokio::task::JoinSet;

/// Connections beyond the cap that are told so at a time; more are just closed.
const LOBBY: usize = 64;
/// Rest after an accept that failed, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What every session of a server shares.
pub struct Context {
    wire: Wire,
    session: Arc<ServerConfig>,
    keys: TransportKeys,
    stop: Stop,
    /// Where messages are shown.
    pub printer: Printer,
    /// The longest message, in bytes.
    pub max_message: usize,
    /// How long a client may finish when the server stops.
    pub drain_timeout: Duration,
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
    let wire = Wire::new(config)?;
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
    announce(&*listener, &*identity);
    let context = Arc::new(context(config, wire, identity, Printer::stdout()).await?);
    serve(listener, context, Admission::new(config.limits.max_connections), stop).await;
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
    let size = wire::key_size(config);
    let keys = TransportKeys::start(&session, size, rotation, wire.clock).await?;
    Ok(Context {
        wire,
        session,
        keys,
        stop: Stop::new(),
        printer,
        max_message: config.limits.max_message as usize,
        drain_timeout: config.server.drain_timeout,
    })
}

/// Accepts until `stop` is ready; then tells those connected, and waits for them for as long as they may take.
pub async fn serve(
    mut listener: Box<dyn Listener>,
    context: Arc<Context>,
    admission: Admission,
    stop: impl Future<Output = ()>,
) {
    let mut sessions = JoinSet::new();
    let lobby = Admission::new(LOBBY);
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = sessions.join_next() => continue,
            () = &mut stop => break,
        };
        match accepted {
            Ok(pipe) => match admission.enter() {
                Some(place) => {
                    let context = context.clone();
                    sessions.spawn(async move {
                        attend(pipe, context).await;
                        drop(place);
                    });
                }
                None => {
                    tracing::warn!(peer = pipe.peer, "turned away: limits.max_connections are open");
                    // Saying why takes a while with a peer that does not listen: only so many are told at a time.
                    if let Some(place) = lobby.enter() {
                        sessions.spawn(async move {
                            channel::turn_away(pipe).await;
                            drop(place);
                        });
                    }
                }
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
    }
    tracing::info!("stopped");
}

/// One client, from its first byte to its last.
async fn attend(pipe: Connection, context: Arc<Context>) {
    let peer = pipe.peer.clone();
    let stopping = context.stopping();
    let channel = tokio::select! {
        channel = handshake(pipe, &context) => channel,
        () = stopping.stopped() => return,
    };
    let channel = match channel {
        Ok(channel) => channel,
        Err(error) => return log_failure(&peer, &error),
    };
    let Some(service) = Service::by_name(&channel.peer.service) else { return };
    let client = channel.peer.identity.map_or_else(|| "anonymous".to_owned(), |print| print.to_string());
    tracing::info!(peer, client, service = service.name(), suite = channel.peer.suite.name, "connected");
    let who = match channel.peer.identity {
        Some(print) => format!("{print} at {peer}"),
        None => peer.clone(),
    };
    match service.serve(channel, &who, context).await {
        Ok(served) => tracing::info!(peer, client, served.messages, served.bytes, "closed"),
        Err(error) => tracing::warn!(peer, client, %error, "session failed"),
    }
}

async fn handshake(pipe: Connection, context: &Context) -> Result<Channel, ChannelError> {
    let (wire, session) = (&context.wire, context.session.clone());
    channel::accept(pipe, session, context.keys.epoch(), || 0, &wire.workers, wire.clock).await
}

/// A connection that was opened and closed without a byte is nobody's fault, and too common to warn of.
fn log_failure(peer: &str, error: &ChannelError) {
    match error {
        ChannelError::Handshake(HandshakeError::Cut) => tracing::info!(peer, %error, "handshake failed"),
        _ => tracing::warn!(peer, %error, "handshake failed"),
    }
}
