//! `sealwire client`: connects, sends messages, shows the answers; or carries connections (`client/forward.rs`), or its standard input and
//! output (`client/pipe.rs`).
//!
//! The life of a message: it is read in `client/input.rs`, sent by [`converse`] through a `MessageSender` into
//! `sealwire_transport::channel`, sealed by its session with an `Aead`, and shown at the other end by `services/messages.rs`.

mod connect;
mod forward;
mod input;
mod output;
mod pipe;
mod terminal;

use crate::cli;
use crate::error::AppError;
use crate::passphrase::Passphrases;
use crate::server::signalled;
use crate::services::Request;
use crate::wire::Wire;
use connect::Dialer;
pub use connect::client_config;
use input::Input;
use output::Output;
use sealwire_config::Config;
use sealwire_transport::ChannelError;
use sealwire_transport::channel::{Receiver, Sender, abandon, await_close};
use sealwire_transport::message::{MessageReceiver, MessageSender};
use sealwire_transport::session::{Alert, SessionError, Settings};
use std::pin::pin;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::timeout;

/// How long the peer may take to say why after sending to it has failed.
const LAST_WORD: Duration = Duration::from_secs(2);

/// Runs the client until its input ends or the server leaves.
///
/// # Errors
/// [`AppError`], whose exit status says what became of the messages.
pub async fn run(config: &Config, options: &cli::Client, passphrases: &mut Passphrases<'_>) -> Result<(), AppError> {
    let wire = Wire::new(config)?;
    let address = options.address.as_deref().unwrap_or(&config.transport.address);
    let dialer = Dialer::new(config, &wire, address, &options.pins, passphrases)?;
    if let Some(target) = &options.pipe {
        return pipe::run(&dialer, target.as_deref()).await;
    }
    let forward = if options.forward.is_empty() { &config.client.forward } else { &options.forward };
    if !forward.is_empty() && options.messages.is_empty() && !options.raw {
        return forward::run(config, dialer, forward).await;
    }
    let channel = dialer.dial(&config.client.service).await?;
    tracing::info!(address, suite = channel.peer.suite.name, service = channel.peer.service, "connected");
    let max = config.limits.max_message as usize;
    let (input, output) = open_ends(options, max)?;
    let outgoing = MessageSender::new(channel.sender, max);
    let incoming = MessageReceiver::new(channel.receiver, max);
    let said = converse(outgoing, incoming, input, output, &wire.settings)
        .await
        .map_err(|error| explain(error, &channel.peer.service))?;
    match Request::parse(&channel.peer.service) {
        Some(Request::Echo) => said.all_answered(),
        _ => Ok(()),
    }
}

/// What went each way.
#[derive(Default)]
struct Said {
    sent: u64,
    received: u64,
}

impl Said {
    /// A server that stops takes what is still sent to it, and answers no more.
    fn all_answered(&self) -> Result<(), AppError> {
        let missing = self.sent.saturating_sub(self.received);
        if missing == 0 {
            return Ok(());
        }
        Err(AppError::Unfinished(format!("the server left before it had answered {missing} of {} messages", self.sent)))
    }
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

/// Talks until both directions have ended, or until the user wants to leave.
async fn converse(
    mut outgoing: MessageSender,
    mut incoming: MessageReceiver,
    mut input: Input,
    mut output: Output,
    settings: &Settings,
) -> Result<Said, AppError> {
    let ended = tokio::select! {
        result = exchange(&mut outgoing, &mut incoming, &mut input, &mut output) => Some(result),
        () = signalled() => None,
    };
    let result = match ended {
        Some(result) => result,
        None => depart(&mut outgoing, &mut incoming, settings.close_timeout).await.map(|()| Said::default()),
    };
    if let Err(AppError::Channel(error)) = &result {
        let (sender, receiver): (Sender, Receiver) = (outgoing.into_inner(), incoming.into_inner());
        abandon(sender, receiver, error).await;
    }
    result
}

/// Sends what `input` gives and shows what comes back, both at once. Neither is cancelled while the other goes on: half a message
/// would be sent, or shown.
async fn exchange(
    outgoing: &mut MessageSender,
    incoming: &mut MessageReceiver,
    input: &mut Input,
    output: &mut Output,
) -> Result<Said, AppError> {
    let server_left = Notify::new();
    let mut receiving = pin!(receive_all(incoming, output));
    let mut sending = pin!(send_all(outgoing, input, &server_left));
    tokio::select! {
        received = &mut receiving => {
            let received = received?;
            server_left.notify_one();
            Ok(Said { sent: sending.await?, received })
        }
        sent = &mut sending => match sent {
            Ok(sent) => Ok(Said { sent, received: receiving.await? }),
            // What the server has to say about it is the better reason.
            Err(error @ AppError::Channel(ChannelError::Io(_))) => match timeout(LAST_WORD, receiving).await {
                Ok(Err(why @ AppError::Channel(ChannelError::Session(_)))) => Err(why),
                _ => Err(error),
            },
            Err(error) => Err(error),
        },
    }
}

/// Sends every message of the input, then closes this direction. A server that has left takes the message that is on its way, and no
/// other: a person typing is told; input from elsewhere was perhaps not sent. Returns how many were sent.
async fn send_all(outgoing: &mut MessageSender, input: &mut Input, server_left: &Notify) -> Result<u64, AppError> {
    let mut sent = 0;
    let complete = loop {
        let next = async {
            tokio::select! {
                biased;
                () = server_left.notified() => None,
                message = input.next() => Some(message),
            }
        };
        match outgoing.channel().while_idle(next).await? {
            Some(Some(message)) => {
                outgoing.send(&message?).await?;
                sent += 1;
            }
            Some(None) => break true,
            None => break input.has_ended(),
        }
    };
    outgoing.channel().close().await?;
    if complete {
        return Ok(sent);
    }
    if input.is_interactive() {
        return input.say_last("the server has closed the conversation").map(|()| sent);
    }
    Err(AppError::Unfinished("the server closed the conversation before all of the input was sent".to_owned()))
}

/// Shows every message until the server closes its direction. Returns how many there were.
async fn receive_all(incoming: &mut MessageReceiver, output: &mut Output) -> Result<u64, AppError> {
    let mut received = 0;
    while let Some(message) = incoming.receive().await? {
        output.show(&message).await?;
        received += 1;
    }
    Ok(received)
}

/// The user wants to leave: closes this direction and waits for the server to agree, but not for long, and not if asked again.
async fn depart(
    outgoing: &mut MessageSender,
    incoming: &mut MessageReceiver,
    patience: Duration,
) -> Result<(), AppError> {
    let farewell = async {
        timeout(patience, outgoing.channel().close()).await.map_err(|_| SessionError::Truncated)??;
        await_close(incoming.channel(), patience).await
    };
    tokio::select! {
        result = farewell => Ok(result?),
        () = signalled() => Err(ChannelError::from(SessionError::Truncated).into()),
    }
}

/// A refusal that a person can act on.
fn explain(error: AppError, service: &str) -> AppError {
    match error {
        AppError::Channel(ChannelError::Session(SessionError::Alert(Alert::Unsupported))) => {
            AppError::Unfinished(format!(
                "the server does not offer the service {service:?} to this client: see client.service here and server.services \
                 (for forward and pipe server.targets as well), or the services of this client's entry in authorized_clients, there",
            ))
        }
        error => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_that_is_missing_is_said() {
        assert!(Said { sent: 3, received: 3 }.all_answered().is_ok());
        let missing = Said { sent: 3, received: 1 }.all_answered().expect_err("two are missing");
        assert_eq!(missing.to_string(), "the server left before it had answered 2 of 3 messages");
    }
}
