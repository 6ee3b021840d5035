//! A sample of what `middleman` does in full, over real TCP: a proxy cuts the connection or flips a bit at some place of either
//! direction. Both ends end with an error, what they have is a beginning of what was sent, and nobody hangs.
#![allow(clippy::unwrap_used, clippy::print_stdout, unreachable_pub)]

mod support;

use sealwire_traits::{Connection, OsRandom, PipeReader, PipeWriter};
use sealwire_transport::ChannelError;
use sealwire_transport::channel::{Channel, abandon};
use sealwire_transport::pipe::Tcp;
use sealwire_transport::session::Settings;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use support::channels::{accept_with, both_ends, connect_with};
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const ROUNDS: usize = 8;
/// A record with close_notify.
const CLOSE_LEN: usize = 25;

#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    /// Both directions end when this much has passed.
    Cut(usize),
    /// One bit of this byte is changed.
    Flip(usize),
}

/// Carries one direction, until its end or the cut; counts what passed.
async fn carry(mut reader: PipeReader, mut writer: PipeWriter, fault: Fault, passed: Arc<AtomicUsize>) {
    let mut buffer = [0; 2048];
    while let Ok(count @ 1..) = reader.read(&mut buffer).await {
        let start = passed.fetch_add(count, Ordering::Relaxed);
        let mut bytes = &mut buffer[..count];
        match fault {
            Fault::Cut(at) if start + count >= at => bytes = &mut bytes[..at - start],
            Fault::Flip(at) if (start..start + count).contains(&at) => bytes[at - start] ^= 0x10,
            _ => {}
        }
        let cut = bytes.len() < count || matches!(fault, Fault::Cut(at) if start + count == at);
        if writer.write_all(bytes).await.is_err() || cut {
            break;
        }
    }
}

/// Accepts one connection and carries it to `server`: the bytes that passed to the server and to the client.
async fn proxy(client: Connection, server: Connection, faults: [Fault; 2]) -> [usize; 2] {
    let counts = [(); 2].map(|()| Arc::new(AtomicUsize::new(0)));
    let up = carry(client.reader, server.writer, faults[0], counts[0].clone());
    let down = carry(server.reader, client.writer, faults[1], counts[1].clone());
    match faults {
        [Fault::Cut(_), _] => {
            tokio::select! { () = up => {}, () = async { down.await; std::future::pending().await } => {} }
        }
        [_, Fault::Cut(_)] => {
            tokio::select! { () = down => {}, () = async { up.await; std::future::pending().await } => {} }
        }
        _ => drop(tokio::join!(up, down)),
    }
    counts.map(|count| count.load(Ordering::Relaxed))
}

/// What an end received, and how it ended.
type Outcome = (Vec<u8>, Result<(), ChannelError>);

async fn end(channel: Channel, received: Vec<u8>, result: Result<(), ChannelError>) -> Outcome {
    if let Err(error) = &result {
        abandon(channel.sender, channel.receiver, error).await;
    }
    (received, result)
}

async fn client(pipe: Connection, settings: Settings) -> Outcome {
    let mut config = client_config(&OsRandom);
    config.settings = settings;
    let mut channel = match connect_with(pipe, config).await {
        Ok(channel) => channel,
        Err(error) => return (Vec::new(), Err(error)),
    };
    let mut received = Vec::new();
    let result = async {
        for round in 0..ROUNDS {
            channel.sender.send(&[round as u8; 50]).await?;
            while received.len() < (round + 1) * 50 {
                let Some(data) = channel.receiver.receive().await? else {
                    panic!("the server closes behind the client")
                };
                received.extend_from_slice(data);
            }
        }
        channel.sender.close().await?;
        assert_eq!(channel.receiver.receive().await?, None);
        Ok(())
    }
    .await;
    end(channel, received, result).await
}

async fn server(pipe: Connection, settings: Settings) -> Outcome {
    let mut config = server_config(&OsRandom);
    config.settings = settings;
    let mut channel = match accept_with(pipe, config).await {
        Ok(channel) => channel,
        Err(error) => return (Vec::new(), Err(error)),
    };
    let mut received = Vec::new();
    let result = async {
        while let Some(data) = channel.receiver.receive().await? {
            received.extend_from_slice(data);
            channel.sender.send(data).await?;
        }
        channel.sender.close().await
    }
    .await;
    end(channel, received, result).await
}

/// One conversation through the proxy: what each end has, and what passed.
async fn converse(faults: [Fault; 2], settings: Settings) -> (Outcome, Outcome, [usize; 2]) {
    let (to_proxy, from_client) = both_ends(&Tcp, "127.0.0.1:0").await;
    let (to_server, from_proxy) = both_ends(&Tcp, "127.0.0.1:0").await;
    let carrying = tokio::spawn(proxy(from_client, to_server, faults));
    let (at_client, at_server) = tokio::join!(client(to_proxy, settings), server(from_proxy, settings));
    (at_client, at_server, carrying.await.unwrap())
}

fn whole() -> Vec<u8> {
    (0..ROUNDS).flat_map(|round| [round as u8; 50]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn cuts_and_flips_over_tcp_end_in_errors_on_both_sides() {
    let (at_client, at_server, totals) = converse([Fault::None; 2], Settings::default()).await;
    for (received, result) in [at_client, at_server] {
        result.unwrap();
        assert_eq!(received, whole());
    }

    // A changed length may leave an end waiting for bytes that never come: it shall not wait long.
    let short = Duration::from_secs(2);
    let settings = Settings { handshake_timeout: short, dead_peer: short, ..Settings::default() };
    let mut cases = Vec::new();
    for (direction, total) in totals.into_iter().enumerate() {
        // All but the last word, whose sender cannot know whether it was heard.
        let last = total - CLOSE_LEN - 1;
        for at in (0..=15).map(|i| i * last / 15) {
            for fault in [Fault::Cut(at), Fault::Flip(at)] {
                let mut faults = [Fault::None; 2];
                faults[direction] = fault;
                cases.push(tokio::spawn(async move { (faults, converse(faults, settings).await) }));
            }
        }
    }
    println!("{} cases", cases.len());
    for case in cases {
        let (faults, (at_client, at_server, _)) = case.await.unwrap();
        for (received, result) in [at_client, at_server] {
            assert!(whole().starts_with(&received), "{faults:?}: {received:?}");
            let error = result.expect_err("something was lost");
            let named = matches!(error, ChannelError::Handshake(_) | ChannelError::Session(_) | ChannelError::Io(_));
            assert!(named, "{faults:?}: {error}");
        }
    }
}
