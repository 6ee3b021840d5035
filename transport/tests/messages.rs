//! Messages over channels: whole, in order, of any length up to the limit, and refused beyond it at both ends.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod support;

use sealwire_transport::channel::{Channel, abandon};
use sealwire_transport::message::{MessageMemory, MessageReceiver, MessageSender};
use sealwire_transport::session::{Alert, SessionError};
use sealwire_transport::{ChannelError, pipe::Memory};
use support::channels::{channel, channel_over};

const MAX: usize = 64 << 20;

#[tokio::test]
async fn ten_mebibytes_and_ten_thousand_short_ones_arrive_in_order() {
    let (client, mut server) = channel().await;
    let long: Vec<u8> = (0..10_u32 << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let expected = long.clone();
    let sending = tokio::spawn(async move {
        let mut sender = MessageSender::new(client.sender, MAX);
        sender.send(&long).await.unwrap();
        for i in 0..10_000_u32 {
            sender.send(&i.to_be_bytes()[..(i % 5) as usize]).await.unwrap();
        }
        sender.into_inner().close().await.unwrap();
    });
    let mut receiver = MessageReceiver::new(server.receiver, MAX);
    assert!(receiver.receive().await.unwrap().unwrap() == expected);
    for i in 0..10_000_u32 {
        assert_eq!(receiver.receive().await.unwrap().unwrap(), i.to_be_bytes()[..(i % 5) as usize]);
    }
    assert_eq!(receiver.receive().await.unwrap(), None);
    sending.await.unwrap();
    server.sender.close().await.unwrap();
}

#[tokio::test]
async fn messages_around_the_length_of_a_record_arrive() {
    let (client, server) = channel().await;
    let (mut sender, mut receiver) =
        (MessageSender::new(client.sender, MAX), MessageReceiver::new(server.receiver, MAX));
    for len in [0, 1, 65_531, 65_532, 65_533, 65_536, 131_068] {
        let message = vec![len as u8; len];
        let (sent, received) = tokio::join!(sender.send(&message), receiver.receive());
        sent.unwrap();
        assert!(received.unwrap().unwrap() == message, "{len} bytes");
    }
}

#[tokio::test]
async fn a_message_over_the_limit_is_not_sent() {
    let (client, server) = channel().await;
    let (mut sender, mut receiver) = (MessageSender::new(client.sender, 10), MessageReceiver::new(server.receiver, 10));
    let error = sender.send(&[0; 11]).await.unwrap_err();
    assert!(matches!(error, ChannelError::MessageTooLong { len: 11, max: 10 }), "{error}");
    sender.send(&[1; 10]).await.unwrap();
    assert_eq!(receiver.receive().await.unwrap().unwrap(), [1; 10], "and nothing of the other");
}

#[tokio::test]
async fn a_message_over_the_limit_is_refused_by_its_length_alone() {
    let (mut client, server) = channel().await;
    client.sender.send(&u32::MAX.to_be_bytes()).await.unwrap();
    let mut receiver = MessageReceiver::new(server.receiver, MAX);
    let error = receiver.receive().await.unwrap_err();
    assert!(matches!(error, ChannelError::MessageTooLong { max: MAX, .. }), "{error}");
    assert!(receiver.receive().await.is_err(), "for ever");
    let telling = abandon(server.sender, receiver.into_inner(), &error);
    let listening = async move {
        let Channel { sender, mut receiver, .. } = client;
        let heard = receiver.receive().await.unwrap_err();
        drop((sender, receiver));
        heard
    };
    let ((), heard) = tokio::join!(telling, listening);
    assert!(matches!(heard, ChannelError::Session(SessionError::Alert(Alert::ProtocolError))), "{heard}");
}

#[tokio::test]
async fn an_end_within_a_message_is_an_error_and_between_messages_none() {
    for (bytes, whole) in
        [(&b""[..], true), (b"\0\0\0\x02ab", true), (b"\0", false), (b"\0\0\0\x02", false), (b"\0\0\0\x02a", false)]
    {
        let (mut client, server) = channel().await;
        client.sender.send(bytes).await.unwrap();
        client.sender.close().await.unwrap();
        let mut receiver = MessageReceiver::new(server.receiver, MAX);
        if bytes.len() == 6 {
            assert_eq!(receiver.receive().await.unwrap().unwrap(), b"ab");
        }
        match receiver.receive().await {
            Ok(None) => assert!(whole, "{bytes:?}"),
            Err(ChannelError::PartialMessage) => assert!(!whole, "{bytes:?}"),
            other => panic!("{bytes:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_message_in_pieces_and_messages_in_one_record_are_told_apart() {
    let (client, server) = Memory::pair();
    let (mut client, server) = channel_over(client, server, Default::default()).await;
    for piece in [&b"\0\0"[..], b"\0\x03", b"on", b"e\0\0\0\x03two\0\0\0\0\0\0\0\x05th", b"ree"] {
        client.sender.send(piece).await.unwrap();
    }
    let mut receiver = MessageReceiver::new(server.receiver, 5);
    for expected in [&b"one"[..], b"two", b"", b"three"] {
        assert_eq!(receiver.receive().await.unwrap().unwrap(), expected);
    }
}

/// Both ends of messages, the receiving one with a part of `memory`.
async fn sharing(memory: &MessageMemory) -> (MessageSender, MessageReceiver, impl Sized) {
    let (client, server) = channel().await;
    let receiver = MessageReceiver::new(server.receiver, MAX).sharing(memory.clone());
    (MessageSender::new(client.sender, MAX), receiver, (client.receiver, server.sender))
}

#[tokio::test]
async fn long_messages_share_their_memory_and_short_ones_have_their_own() {
    let (long, short) = (vec![1; 300 << 10], vec![2; 64 << 10]);
    let memory = MessageMemory::new(236 << 10);
    let (mut first, mut at_first, _open) = sharing(&memory).await;
    let (mut second, mut at_second, _open_too) = sharing(&memory).await;
    let (sent, received) = tokio::join!(first.send(&long), at_first.receive());
    sent.unwrap();
    assert!(received.unwrap().unwrap() == long, "it has all that there is beyond its first 64 KiB");

    // It is being dealt with as long as nobody asks for the next one.
    let (sent, received) = tokio::join!(second.send(&short), at_second.receive());
    sent.unwrap();
    assert!(received.unwrap().unwrap() == short);
    let sending = second.send(&long);
    let error = tokio::select! {
        received = at_second.receive() => received.unwrap_err(),
        _ = sending => unreachable!("it is not received"),
    };
    assert!(matches!(error, ChannelError::MessageMemory), "{error}");
    assert_eq!(error.alert(), Some(Alert::Overloaded));

    // The next message gives it back, and so does the end of the session.
    let (sent, received) = tokio::join!(first.send(&short), at_first.receive());
    sent.unwrap();
    assert!(received.unwrap().unwrap() == short);
    for _ in 0..2 {
        let (mut another, mut at_another, _open_as_well) = sharing(&memory).await;
        let (sent, received) = tokio::join!(another.send(&long), at_another.receive());
        sent.unwrap();
        assert!(received.unwrap().unwrap() == long);
    }
}
