//! `sealwire client`: connects, sends messages, shows the answers.
//!
//! The life of a message: it is read in `client/input.rs`, sent by [`converse`] through a `MessageSender` into
//! `sealwire_transport::channel`, sealed by its session with an `Aead`, and shown at the other end by `services/messages.rs`.

mod connect;
mod input;
mod output;
mod terminal;

use crate::cli;
use crate::error::AppError;
use crate::passphrase::Passphrases;
use crate::wire::Wire;
pub use connect::client_config;
use input::Input;
use output::Output;
use sealwire_config::Config;
use sealwire_transport::ChannelError;
use sealwire_transport::channel::{Receiver, Sender, abandon, await_close};
use sealwire_transport::message::{MessageReceiver, MessageSender};
use sealwire_transport::session::{Alert, Settings, SessionError};
use std::time::Duration;

/// How long the peer may take to say why after sending to it has failed.
const LAST_WORD: Duration = Duration::from_secs(2);

/// Runs the client until its input ends or the server leaves.
///
/// # Errors
/// [`AppError`], whose exit status says what became of the messages.
pub async fn run(
    config: &Config,
    options: &cli::Client,
    passphrases: &mut Passphrases<'_>,
) -> Result<(), AppError> {
    let wire = Wire::new(config)?;
    let address = options.address.as_deref().unwrap_or(&config.transport.address);
    let channel = connect::connect(config, &wire, address, &options.pins, passphrases).await?;
    tracing::info!(address, suite = channel.peer.suite.name, service = channel.peer.service, "connected");
    let max = config.limits.max_message as usize;
    let (input, output) = open_ends(options, max)?;
    let outgoing = MessageSender::new(channel.sender, max);
    let incoming = MessageReceiver::new(channel.receiver, max);
    converse(outgoing, incoming, input, output, &wire.settings).await.map_err(|error| explain(error, config))
}

/// Where messages come from and where answers go.
fn open_ends(options: &cli::Client, max: usize) -> Result<(Input, Output), AppError> {
    if !options.messages.is_empty() {
        return Ok((Input::given(&options.messages), Output::stdout(options.raw)));
    }
    if options.raw {
        return Ok((Input::whole_stdin(max), Output::stdout(true)));
    }
    match terminal::open()? {
        Some((input, output)) => Ok((input, output)),
        None => Ok((Input::lines_of_stdin(max), Output::stdout(false))),
    }
}

/// Sends what `input` gives and shows what comes back, both at once, until both directions have ended.
async fn converse(
    mut outgoing: MessageSender,
    mut incoming: MessageReceiver,
    mut input: Input,
    mut output: Output,
    settings: &Settings,
) -> Result<(), AppError> {
    let first = {
        let receiving = std::pin::pin!(receive_all(&mut incoming, &mut output));
        let sending = std::pin::pin!(send_all(&mut outgoing, &mut input));
        tokio::select! {
            result = receiving => First::Received(result),
            result = sending => First::Sent(result),
        }
    };
    let result = match first {
        // The server has ended its direction before this end was done.
        First::Received(Ok(())) => leave(&mut outgoing, &mut input).await,
        First::Received(Err(error)) => Err(error),
        First::Sent(Ok(())) if input.interrupted() => {
            await_close(incoming.channel(), settings.close_timeout).await.map_err(AppError::from)
        }
        First::Sent(Ok(())) => receive_all(&mut incoming, &mut output).await,
        // What the server has to say about it is the better reason.
        First::Sent(Err(error)) => {
            let last_word = tokio::time::timeout(LAST_WORD, receive_all(&mut incoming, &mut output)).await;
            Err(match last_word {
                Ok(Err(why @ AppError::Channel(ChannelError::Session(_)))) => why,
                _ => error,
            })
        }
    };
    if let Err(AppError::Channel(error)) = &result {
        let (sender, receiver): (Sender, Receiver) = (outgoing.into_inner(), incoming.into_inner());
        abandon(sender, receiver, error).await;
    }
    result
}

/// Which direction ended first, and how.
enum First {
    Received(Result<(), AppError>),
    Sent(Result<(), AppError>),
}

/// Sends every message of the input, then closes this direction.
async fn send_all(outgoing: &mut MessageSender, input: &mut Input) -> Result<(), AppError> {
    while let Some(message) = outgoing.channel().while_idle(input.next()).await? {
        outgoing.send(&message?).await?;
    }
    Ok(outgoing.channel().close().await?)
}

/// Shows every message until the server closes its direction.
async fn receive_all(incoming: &mut MessageReceiver, output: &mut Output) -> Result<(), AppError> {
    while let Some(message) = incoming.receive().await? {
        output.show(&message).await?;
    }
    Ok(())
}

/// The server has left first: closes this direction too. A person typing is told; input from elsewhere was perhaps not sent.
async fn leave(outgoing: &mut MessageSender, input: &mut Input) -> Result<(), AppError> {
    outgoing.channel().close().await?;
    if input.is_interactive() {
        return input.say("the server has closed the conversation");
    }
    Err(AppError::Unfinished("the server closed the conversation before all of the input was sent".to_owned()))
}

/// A refusal that a person can act on.
fn explain(error: AppError, config: &Config) -> AppError {
    match error {
        AppError::Channel(ChannelError::Session(SessionError::Alert(Alert::Unsupported))) => AppError::Unfinished(
            format!(
                "the server does not offer the service {:?} to this client: see client.service here and server.services, \
                 or the services of this client's entry in authorized_clients, there",
                config.client.service
            ),
        ),
        error => error,
    }
}
