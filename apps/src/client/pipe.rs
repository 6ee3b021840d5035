//! `sealwire client --pipe`: standard input goes to the other end, what comes from there to standard output, byte for byte.

use super::connect::Dialer;
use super::explain;
use crate::error::AppError;
use crate::services::Request;
use crate::stdout;
use sealwire_traits::{Connection, PipeRead, PipeReader, PipeWrite};
use sealwire_transport::ChannelError;
use sealwire_transport::channel::{Channel, abandon, last_word};
use sealwire_transport::relay::{relay, send_all};
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, Stdin};

/// Carries standard input and output to a target of the server, or has the server store standard input.
///
/// # Errors
/// [`AppError`], whose exit status says what became of the bytes.
pub async fn run(dialer: &Dialer, target: Option<&str>) -> Result<(), AppError> {
    let request = target.map_or(Request::Receive, Request::Pipe).to_string();
    let channel = dialer.dial(&request).await?;
    let reader: PipeReader = Box::new(Input(tokio::io::stdin()));
    let result = match target {
        Some(_) => {
            let out = stdout::for_bytes().map_err(|source| AppError::Io { what: "opening standard output", source })?;
            let writer = Box::new(Output(out));
            let own = Connection { reader, writer, peer: "standard input and output".to_owned(), origin: None };
            relay(channel, own.into()).await.map(drop).map_err(AppError::from)
        }
        None => store(channel, reader).await,
    };
    result.map_err(|error| explain(error, &request))
}

/// Sends all of the input. The server closes its direction only when it has stored everything, which is what success means.
async fn store(channel: Channel, mut reader: PipeReader) -> Result<(), AppError> {
    let Channel { mut sender, mut receiver, peer: _ } = channel;
    let result = {
        let mut sending = pin!(send_all(&mut sender, &mut reader));
        let mut confirmed = pin!(async {
            match receiver.receive().await? {
                None => Ok(()),
                Some(_) => Err(ChannelError::Service(io::Error::other("a server that stores answers nothing").into())),
            }
        });
        tokio::select! {
            biased;
            ended = &mut confirmed => ended.and_then(|()| Err(early())),
            sent = &mut sending => match sent {
                Ok(_) => confirmed.await,
                Err(error) => Err(error),
            },
        }
    };
    let Err(error) = result else { return Ok(()) };
    let error = last_word(error, &mut receiver).await;
    abandon(sender, receiver, &error).await;
    Err(error.into())
}

fn early() -> ChannelError {
    ChannelError::Service(io::Error::other("the server ended the stream before it had all of it").into())
}

/// Standard input as a pipe, which cannot tell whether it broke.
struct Input(Stdin);

impl PipeRead for Input {}

impl AsyncRead for Input {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, room)
    }
}

/// Standard output as a pipe. It has no way to show that it was cut: the exit status tells.
struct Output(File);

impl PipeWrite for Output {
    fn reset(&mut self) {}
}

impl AsyncWrite for Output {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
