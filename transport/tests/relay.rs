//! A connection in a session of its own, whose other end takes nothing.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod support;

use sealwire_transport::ChannelError;
use sealwire_transport::pipe::Memory;
use sealwire_transport::relay::relay;
use support::channels::{PATIENCE, channel};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

/// Time stands still until nothing else can happen: then all is full that lies between the two ends.
#[tokio::test(start_paused = true)]
async fn a_reset_ends_a_session_that_takes_nothing() {
    let (at_client, at_server) = channel().await;
    let (mut near, carried) = Memory::pair();
    let (_takes_nothing, reached) = Memory::pair();
    let client = tokio::spawn(relay(at_client, carried.into()));
    let server = tokio::spawn(relay(at_server, reached.into()));
    let all = vec![1; 1 << 24];
    assert!(timeout(PATIENCE, near.writer.write_all(&all)).await.is_err(), "more than there is room for");
    assert!(!client.is_finished() && !server.is_finished(), "it waits");
    near.writer.reset();
    let error = timeout(PATIENCE, client).await.expect("it ends").unwrap().unwrap_err();
    assert!(matches!(error, ChannelError::Carried(_)), "{error}");
}
