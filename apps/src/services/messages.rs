//! The services that carry messages: `print` shows each one, `echo` sends it back as well.

use super::Served;
use crate::server::Context;
use sealwire_transport::ChannelError;
use sealwire_transport::channel::{Channel, abandon};
use sealwire_transport::message::{MessageReceiver, MessageSender};
use std::future::pending;
use std::sync::Arc;
use tokio::time::{Instant, sleep_until};

/// Serves one client; `answer` tells whether messages go back.
pub(super) async fn serve(
    channel: Channel,
    who: &str,
    answer: bool,
    context: Arc<Context>,
) -> Result<Served, ChannelError> {
    let mut outgoing = MessageSender::new(channel.sender, context.max_message);
    let incoming = MessageReceiver::new(channel.receiver, context.max_message);
    let mut incoming = incoming.sharing(context.message_memory.clone());
    let result = converse(&mut outgoing, &mut incoming, who, answer, &context).await;
    if let Err(error) = &result {
        abandon(outgoing.into_inner(), incoming.into_inner(), error).await;
    }
    result
}

/// Takes messages until the client is done. When the server stops, it closes its own direction, and the client has the drain time to
/// finish what it is sending.
async fn converse(
    outgoing: &mut MessageSender,
    incoming: &mut MessageReceiver,
    who: &str,
    answer: bool,
    context: &Context,
) -> Result<Served, ChannelError> {
    let mut messages = 0;
    let mut served = Served { messages: Some(messages), ..Served::default() };
    let stopping = context.stopping();
    let mut leave_at: Option<Instant> = None;
    loop {
        let next = async {
            tokio::select! {
                message = incoming.receive() => Next::Message(message),
                () = stopping.stopped(), if leave_at.is_none() => Next::Stop,
                () = at(leave_at), if leave_at.is_some() => Next::Leave,
            }
        };
        match outgoing.channel().while_idle(next).await? {
            Next::Message(message) => {
                let Some(message) = message? else { break };
                let message = context.printer.message(who, message).await?;
                messages += 1;
                served = Served { messages: Some(messages), bytes: served.bytes + message.len() as u64, ..served };
                if answer && leave_at.is_none() {
                    outgoing.send(&message).await?;
                }
            }
            Next::Stop => {
                outgoing.channel().close().await?;
                leave_at = Some(Instant::now() + context.drain_timeout);
            }
            Next::Leave => return Ok(served),
        }
    }
    outgoing.channel().close().await?;
    Ok(served)
}

/// What happened first.
enum Next {
    Message(Result<Option<Vec<u8>>, ChannelError>),
    Stop,
    Leave,
}

async fn at(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}
