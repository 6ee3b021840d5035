//! `sealwire demo`: a server and a client in this process, over the in-memory transport, and what travels between them.

mod tap;

use crate::cli;
use crate::client::client_config;
use crate::error::AppError;
use crate::identity;
use crate::server::{self, Printer, Stop};
use crate::text::{escaped, shortened};
use crate::wire::{self, Wire};
use crate::{print, services::Service};
use sealwire_config::Config;
use sealwire_traits::{Fingerprint, KeySize, OsRandom};
use sealwire_transport::channel::{self, Channel};
use sealwire_transport::message::{MessageReceiver, MessageSender};
use sealwire_transport::pipe;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Read};
use std::sync::Arc;
use tap::Tap;

/// Name of the place in memory where the server listens.
const ADDRESS: &str = "demo";
/// Bits of the identity, which lives as long as the demo.
const IDENTITY_BITS: usize = 2048;
/// What is sent when the user gives nothing.
const MESSAGE: &str = "Hello from the other end of the channel.";
/// Characters of a message, and bytes of a record, that are shown.
const SHOWN_CHARS: usize = 600;
const SHOWN_BYTES: usize = 96;

/// Sends one message through a real session and explains what travelled.
///
/// # Errors
/// [`AppError`] when any part of the channel fails.
pub async fn run(config: &Config, options: &cli::Demo) -> Result<(), AppError> {
    let message = message(options, config.limits.max_message as usize)?;
    let mut config = config.clone();
    config.client.service = Service::Echo.name().to_owned();
    config.server.services = vec![config.client.service.clone()];
    let mut wire = Wire::new(&config)?;
    wire.transport = pipe::by_name("memory").ok_or_else(|| AppError::Usage("no memory transport".to_owned()))?;

    let identity = identity::generate("making an identity", wire.provider.signature, IDENTITY_BITS, &OsRandom)?;
    let fingerprint = identity.fingerprint();
    let listener = wire.transport.listen(ADDRESS).await?;
    let screen = tap::Screen::default();
    let context = server::context(&config, wire.clone(), identity.into(), Printer::new(screen.clone())).await?;
    let stop = Stop::new();
    let stopping = stop.watch();
    let serving = tokio::spawn(async move {
        server::serve(listener, Arc::new(context), stopping.stopped()).await;
    });

    let tap = Tap::default();
    let (suite, answer) = converse(&config, &wire, fingerprint, &message, &tap).await?;
    stop.now();
    let _ = serving.await;

    let aead = wire.provider.aeads.iter().find(|aead| aead.suite().name == suite);
    let story = Story {
        fingerprint,
        engine: wire.provider.key_transport.engine(),
        scheme: wire.provider.key_transport.scheme().name,
        size: wire::key_size(&config),
        suite,
        backend: aead.map_or("", |aead| aead.backend()),
        message: &message,
        arrived: screen.text(),
        answer: &answer,
    };
    print(&story.tell(&tap))
}

/// The message: the argument, else standard input if it is not a terminal, else one of the program's own.
fn message(options: &cli::Demo, max: usize) -> Result<Vec<u8>, AppError> {
    let mut message = Vec::new();
    if let Some(argument) = &options.message {
        message = argument.clone().into_bytes();
    } else if !io::stdin().is_terminal() {
        let read = io::stdin().lock().take(max as u64 + 1).read_to_end(&mut message);
        read.map_err(|source| AppError::Io { what: "reading standard input", source })?;
        if message.last() == Some(&b'\n') {
            message.pop();
        }
    }
    Ok(if message.is_empty() { MESSAGE.into() } else { message })
}

/// The client's part: connects through the tap, sends the message, takes the answer, and closes. The suite and the answer.
async fn converse(
    config: &Config,
    wire: &Wire,
    server: Fingerprint,
    message: &[u8],
    tap: &Tap,
) -> Result<(&'static str, Vec<u8>), AppError> {
    let pipe = tap.listen_in(wire.transport.connect(ADDRESS).await?);
    let session = Arc::new(client_config(config, wire, vec![server], None));
    let Channel { sender, receiver, peer } = channel::connect(pipe, session, &wire.workers, wire.clock).await?;
    let max = config.limits.max_message as usize;
    let (mut outgoing, mut incoming) = (MessageSender::new(sender, max), MessageReceiver::new(receiver, max));
    let sending = async {
        outgoing.send(message).await?;
        outgoing.channel().close().await
    };
    let receiving = async {
        let answer = incoming.receive().await?;
        // Nothing may follow it but the server's own close.
        Ok((answer, incoming.receive().await?))
    };
    match tokio::try_join!(sending, receiving)? {
        ((), (Some(answer), None)) => Ok((peer.suite.name, answer)),
        _ => Err(AppError::Unfinished("the echo did not come back alone".to_owned())),
    }
}

/// What the demo has to say.
struct Story<'a> {
    fingerprint: Fingerprint,
    scheme: &'static str,
    engine: &'static str,
    size: KeySize,
    suite: &'static str,
    backend: &'static str,
    message: &'a [u8],
    arrived: String,
    answer: &'a [u8],
}

impl Story<'_> {
    fn tell(&self, tap: &Tap) -> String {
        let records = tap.records();
        let wrapped = tap::wrapped_secret(&records).unwrap_or_default();
        let data: Vec<&[u8]> = tap::data_records(&records);
        let first = data.first().copied().unwrap_or_default();
        let mut out = String::new();
        let _ = write!(
            out,
            "\
One message through sealwire: a client and a server in this process, over the transport \"memory\".

1. The server is {fingerprint}.
   Its RSA identity only signs. It has signed a transport key (RSA, {size}) that lives a few minutes.

2. The client draws a secret, from which both ends derive the {suite} keys, and wraps it under the transport key
   ({scheme}, computed by {engine}; {wrapped_len} bytes):
{wrapped}
3. The message, {message_len} bytes: {message}

4. As it travels, sealed by {suite} ({backend}); {count} record(s), the first of {first_len} bytes:
{first}
5. As the server shows it: {arrived}

6. Its echo, opened by the client: {answer}
",
            fingerprint = self.fingerprint,
            size = self.size,
            suite = self.suite,
            scheme = self.scheme,
            engine = self.engine,
            wrapped_len = wrapped.len(),
            wrapped = hex(wrapped),
            message_len = self.message.len(),
            message = shortened(self.message, SHOWN_CHARS),
            backend = self.backend,
            count = data.len(),
            first_len = first.len(),
            first = hex(first),
            arrived = shortened_text(self.arrived.trim_end()),
            answer =
                if self.answer == self.message { "the same, byte for byte".to_owned() } else { escaped(self.answer) },
        );
        out
    }
}

fn shortened_text(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text.to_owned(),
    }
}

/// Lines of 32 bytes, as many as fit on a screen.
fn hex(bytes: &[u8]) -> String {
    let mut out = String::new();
    for line in bytes[..bytes.len().min(SHOWN_BYTES)].chunks(32) {
        let _ = writeln!(out, "   {}", line.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
    }
    if bytes.len() > SHOWN_BYTES {
        let _ = writeln!(out, "   ... and {} bytes more", bytes.len() - SHOWN_BYTES);
    }
    out
}
