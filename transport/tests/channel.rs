//! Channels over real pipes: conversations, half-close, cancellation, keepalives, deadlines, and endings that reach the other end. Where
//! time matters the pipes are in memory and tokio's clock is paused: it jumps to the next timer when nothing else can happen.
#![allow(clippy::unwrap_used, unreachable_pub)]

mod support;

use sealwire_traits::{Connection, OsRandom, Slices};
use sealwire_transport::channel::{Channel, abandon, accept, await_close, connect, turn_away};
use sealwire_transport::pipe::{MEMORY_CAPACITY, Memory, Tcp};
use sealwire_transport::session::{Alert, Handshake, HandshakeError, SessionError, Settings, plain_alert};
use sealwire_transport::workers::Workers;
use sealwire_transport::{ChannelError, Clock};
use std::future::pending;
use std::sync::{Arc, mpsc};
use std::time::Duration;
use support::channels::{accept_with, both_ends, channel, channel_over, connect_with, receive_len, workers};
use support::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

/// A few words in turn, then one end closes and the other one goes on.
async fn converse(client: Connection, server: Connection) {
    let (mut client, mut server) = channel_over(client, server, Default::default()).await;
    for round in 0..20_u8 {
        let (question, answer) = (vec![round; 1 + usize::from(round) * 400], vec![!round; 3]);
        client.sender.send(&question).await.unwrap();
        assert_eq!(receive_len(&mut server, question.len()).await, question);
        server.sender.send(&answer).await.unwrap();
        assert_eq!(receive_len(&mut client, 3).await, answer);
    }
    client.sender.close().await.unwrap();
    assert_eq!(server.receiver.receive().await.unwrap(), None);
    assert_eq!(server.receiver.receive().await.unwrap(), None, "an end stays one");
    server.sender.send(b"one more thing").await.unwrap();
    server.sender.close().await.unwrap();
    assert_eq!(receive_len(&mut client, 14).await, b"one more thing");
    assert_eq!(client.receiver.receive().await.unwrap(), None);
    let after = client.sender.send(b"too late").await;
    assert!(matches!(after, Err(ChannelError::Session(SessionError::Closed))));
}

#[tokio::test]
async fn a_conversation_over_memory() {
    let (client, server) = both_ends(&Memory::new(), "here").await;
    converse(client, server).await;
}

#[tokio::test]
async fn a_conversation_over_tcp() {
    for address in ["127.0.0.1:0", "localhost:0"] {
        let (client, server) = both_ends(&Tcp, address).await;
        converse(client, server).await;
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_conversation_over_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let (client, server) = both_ends(&sealwire_transport::pipe::Unix, path.to_str().unwrap()).await;
    converse(client, server).await;
}

#[tokio::test(start_paused = true)]
async fn a_silent_client_is_dropped_at_the_deadline() {
    let (_silent, server) = Memory::pair();
    let began = Instant::now();
    let error = accept_with(server, server_config(&OsRandom)).await.err().unwrap();
    assert!(matches!(error, ChannelError::Handshake(HandshakeError::Timeout)), "{error}");
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_drips_a_byte_a_second_is_dropped_at_the_deadline() {
    let (client, mut slow) = Memory::pair();
    let dripping = tokio::spawn(async move {
        for byte in b"H\0\x02\0".iter().chain(std::iter::repeat(&0)) {
            if slow.writer.write_all(&[*byte]).await.is_err() {
                return;
            }
            sleep(SECOND).await;
        }
    });
    let began = Instant::now();
    let error = connect_with(client, client_config(&OsRandom)).await.err().unwrap();
    assert!(matches!(error, ChannelError::Handshake(HandshakeError::Timeout)), "{error}");
    assert_eq!(began.elapsed().as_secs(), 10);
    dripping.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn five_hundred_silent_clients_do_not_stop_an_honest_one() {
    let began = Instant::now();
    let (mut silent, mut open) = (JoinSet::new(), Vec::new());
    for _ in 0..500 {
        let (client, server) = Memory::pair();
        open.push(client);
        silent.spawn(accept_with(server, server_config(&OsRandom)));
    }
    tokio::task::yield_now().await;
    let (mut client, mut server) = channel().await;
    client.sender.send(b"honest").await.unwrap();
    assert_eq!(receive_len(&mut server, 6).await, b"honest");
    assert!(began.elapsed() < 10 * SECOND);
    while let Some(outcome) = silent.join_next().await {
        assert!(matches!(outcome.unwrap(), Err(ChannelError::Handshake(HandshakeError::Timeout))));
    }
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test]
async fn a_server_with_too_much_to_do_says_so() {
    let (client, server) = Memory::pair();
    let busy = Workers::new(1, 0);
    let (release, gate) = mpsc::channel::<()>();
    let (started, has_started) = tokio::sync::oneshot::channel();
    let occupied = tokio::spawn({
        let busy = busy.clone();
        async move { busy.run(Slices::one(move || (started.send(()), gate.recv().is_err()).1)).await }
    });
    has_started.await.unwrap();
    let config = Arc::new(server_config(&OsRandom));
    let (at_client, at_server) = tokio::join!(
        connect_with(client, client_config(&OsRandom)),
        accept(server, config, async { Ok(epoch_today()) }, || 0, &busy, Clock::start()),
    );
    assert!(matches!(at_server, Err(ChannelError::Overloaded)));
    let refused = HandshakeError::Refused { alert: Alert::Overloaded, authentic: false };
    assert_eq!(at_client.err().unwrap().to_string(), refused.to_string());
    drop(release);
    assert_eq!(occupied.await.unwrap(), Ok(true));

    let (client, server) = Memory::pair();
    let (at_client, ()) = tokio::join!(connect_with(client, client_config(&OsRandom)), turn_away(server));
    assert_eq!(at_client.err().unwrap().to_string(), refused.to_string());
}

/// The server's view of a handshake that begins with `hello`, and whether a transport key was asked for.
async fn key_wanted_behind(hello: &[u8]) -> (ChannelError, bool) {
    let (mut client, server) = Memory::pair();
    client.writer.write_all(hello).await.unwrap();
    let (config, mut asked) = (Arc::new(server_config(&OsRandom)), false);
    let epoch = async {
        asked = true;
        Ok(epoch_today())
    };
    let workers = workers();
    let error = accept(server, config, epoch, || 0, &workers, Clock::start()).await.err().unwrap();
    (error, asked)
}

#[tokio::test(start_paused = true)]
async fn only_a_sound_hello_is_given_a_transport_key() {
    let hello = Handshake::client(Arc::new(client_config(&OsRandom)), Clock::start().now()).unwrap().take_output();
    for (said, asked) in [(&b""[..], false), (b"GET / HTTP/1.1\r\n\r\n", false), (&hello[..40], false), (&hello, true)]
    {
        let (error, was_asked) = key_wanted_behind(said).await;
        assert_eq!(was_asked, asked, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_without_a_transport_key_says_so_in_the_end() {
    let (client, server) = Memory::pair();
    let patient = client_config(&OsRandom);
    let (config, workers) = (Arc::new(server_config(&OsRandom)), workers());
    let began = Instant::now();
    let (at_client, at_server) =
        tokio::join!(connect_with(client, patient), accept(server, config, pending(), || 0, &workers, Clock::start()),);
    assert!(matches!(at_server, Err(ChannelError::Overloaded)));
    let refused = HandshakeError::Refused { alert: Alert::Overloaded, authentic: false };
    assert_eq!(at_client.err().unwrap().to_string(), refused.to_string());
    assert_eq!(
        began.elapsed().as_secs(),
        5,
        "with half of the time for a handshake left, the client is still there to hear it"
    );
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_does_not_wait_for_a_key() {
    for (last_words, expected, told) in
        [(&b""[..], "Cut", vec![]), (b"?", "Unexpected", plain_alert(Alert::ProtocolError))]
    {
        let (client, server) = Memory::pair();
        let (config, workers, clock) = (Arc::new(server_config(&OsRandom)), workers(), Clock::start());
        let mut hello = Handshake::client(Arc::new(client_config(&OsRandom)), clock.now()).unwrap();
        let leaving = async move {
            let mut writer = client.writer;
            writer.write_all(&hello.take_output()).await.unwrap();
            sleep(SECOND).await;
            writer.write_all(last_words).await.unwrap();
            writer.shutdown().await.unwrap();
            client.reader
        };
        let began = Instant::now();
        let (at_server, answer) = tokio::join!(accept(server, config, pending(), || 0, &workers, clock), async {
            let mut answer = Vec::new();
            leaving.await.read_to_end(&mut answer).await.unwrap();
            answer
        });
        assert_eq!(answer, told);
        let error = format!("{:?}", at_server.err().unwrap());
        assert!(error.contains(expected), "{error}");
        assert_eq!(began.elapsed().as_secs(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_peer_is_noticed_and_a_living_one_is_not() {
    let (mut client, mut server) = channel().await;
    let began = Instant::now();
    let living = tokio::spawn(async move {
        client.sender.while_idle(sleep(1000 * SECOND)).await.unwrap();
        client.sender.send(b"still here").await.unwrap();
        pending::<()>().await;
    });
    assert_eq!(receive_len(&mut server, 10).await, b"still here");
    assert_eq!(began.elapsed().as_secs(), 1000);
    let error = server.receiver.receive().await.unwrap_err();
    assert!(matches!(error, ChannelError::Session(SessionError::DeadPeer(90))), "{error}");
    assert_eq!(began.elapsed().as_secs(), 1090);
    living.abort();
}

#[tokio::test(start_paused = true)]
async fn a_peer_is_not_dead_because_its_reader_was_slow() {
    let (mut client, mut server) = channel().await;
    let text = vec![7; 10 * MEMORY_CAPACITY];
    let sent = text.clone();
    let sending = tokio::spawn(async move {
        client.sender.send(&sent).await.unwrap();
        client.sender.close().await.unwrap();
    });
    let mut all = Vec::new();
    while let Some(data) = server.receiver.receive().await.unwrap() {
        all.extend_from_slice(data);
        sleep(200 * SECOND).await;
    }
    assert!(all == text);
    sending.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn keepalives_that_nobody_read_for_a_while_are_not_too_many() {
    let (client, server) = Memory::pair();
    let settings = Settings { keepalive: 2 * SECOND, ..Settings::default() };
    let (mut client, mut server) = channel_over(client, server, settings).await;
    client.sender.while_idle(sleep(130 * SECOND)).await.unwrap();
    client.sender.send(b"still here").await.unwrap();
    assert_eq!(receive_len(&mut server, 10).await, b"still here");
}

#[tokio::test(start_paused = true)]
async fn long_data_goes_in_records_as_long_as_can_be() {
    let (mut client, mut server) = channel().await;
    let text: Vec<u8> = (0..131_073).map(|i| i as u8).collect();
    let sent = text.clone();
    let sending = tokio::spawn(async move { client.sender.send(&sent).await.unwrap() });
    for expected in text.chunks(65_536) {
        assert!(server.receiver.receive().await.unwrap().unwrap() == expected);
    }
    sending.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_keepalive_that_finds_no_room_does_not_stop_the_reader() {
    let (mut client, mut server) = channel().await;
    let full = vec![1; MEMORY_CAPACITY - 24];
    client.sender.send(&full).await.unwrap();
    // The server writes before it reads, and the client has a keepalive to write before that.
    let answering = tokio::spawn(async move {
        sleep(60 * SECOND).await;
        server.sender.send(&[2; 3 * MEMORY_CAPACITY]).await.unwrap();
        let question = receive_len(&mut server, MEMORY_CAPACITY - 24).await;
        (server, question)
    });
    let mut answer = Vec::new();
    while answer.len() < 3 * MEMORY_CAPACITY {
        let Channel { sender, receiver, .. } = &mut client;
        let data = timeout(1000 * SECOND, sender.while_idle(receiver.receive())).await.expect("it goes on");
        answer.extend_from_slice(data.unwrap().unwrap().unwrap());
    }
    let (mut server, question) = answering.await.unwrap();
    assert!(question == full);
    client.sender.send(b"the stream is whole").await.unwrap();
    assert_eq!(receive_len(&mut server, 19).await, b"the stream is whole");
}

#[tokio::test(start_paused = true)]
async fn cancelled_calls_neither_lose_nor_garble() {
    let (mut client, mut server) = channel().await;
    let long: Vec<u8> = (0..4 * MEMORY_CAPACITY).map(|i| (i / 251) as u8).collect();
    assert!(timeout(SECOND, client.sender.send(&long)).await.is_err(), "nobody reads");
    let sending = tokio::spawn(async move {
        client.sender.send(b"the end").await.unwrap();
        client.sender.close().await.unwrap();
    });
    let mut all = Vec::new();
    loop {
        // Half of the calls are dropped before they are ready.
        let mut receiving = Box::pin(server.receiver.receive());
        let at_once = std::future::poll_fn(|cx| std::task::Poll::Ready(receiving.as_mut().poll(cx))).await;
        let data = match at_once {
            std::task::Poll::Ready(data) => data.unwrap(),
            std::task::Poll::Pending => {
                drop(receiving);
                tokio::task::yield_now().await;
                continue;
            }
        };
        match data {
            Some(data) => all.extend_from_slice(data),
            None => break,
        }
    }
    sending.await.unwrap();
    let sent = all.strip_suffix(b"the end").expect("what was sent last arrived last");
    assert!(!sent.is_empty() && long.starts_with(sent));
}

#[tokio::test]
async fn an_abandoned_session_tells_the_other_end_why() {
    let (client, mut ours) = Memory::pair();
    let (mut theirs, server) = Memory::pair();
    // Everything passes but for one bit, in the first record behind the handshake.
    let meddling = tokio::spawn(async move {
        let (mut buffer, mut passed) = ([0; 4096], 0);
        let to_client = tokio::io::copy(&mut theirs.reader, &mut ours.writer);
        let to_server = async {
            loop {
                let count = ours.reader.read(&mut buffer).await.unwrap();
                passed += 1;
                if passed == 3 {
                    buffer[count - 1] ^= 1;
                }
                if count == 0 || theirs.writer.write_all(&buffer[..count]).await.is_err() {
                    break;
                }
            }
        };
        let _ = tokio::join!(to_client, to_server);
    });
    let (mut client, mut server) = channel_over(client, server, Default::default()).await;
    client.sender.send(b"changed on the way").await.unwrap();
    let error = server.receiver.receive().await.unwrap_err();
    assert!(matches!(error, ChannelError::Session(SessionError::BadRecord)), "{error}");
    let Channel { sender, receiver, .. } = server;
    let (heard, ()) = tokio::join!(
        async {
            let heard = client.receiver.receive().await.unwrap_err();
            drop(client);
            heard
        },
        abandon(sender, receiver, &error)
    );
    assert!(matches!(heard, ChannelError::Session(SessionError::Alert(Alert::BadRecord))), "{heard}");
    meddling.abort();
}

#[tokio::test(start_paused = true)]
async fn an_end_that_leaves_waits_for_a_while_only() {
    let (mut client, mut server) = channel().await;
    client.sender.close().await.unwrap();
    server.sender.send(b"data that comes late is dropped").await.unwrap();
    let began = Instant::now();
    let error = await_close(&mut client.receiver, 10 * SECOND).await.unwrap_err();
    assert!(matches!(error, ChannelError::Session(SessionError::Truncated)), "{error}");
    assert_eq!(began.elapsed().as_secs(), 10);
    server.sender.close().await.unwrap();
    await_close(&mut client.receiver, 10 * SECOND).await.unwrap();
}

#[tokio::test]
async fn an_end_that_vanishes_leaves_a_truncation() {
    let (mut client, server) = channel().await;
    drop(server);
    let error = client.receiver.receive().await.unwrap_err();
    assert!(matches!(error, ChannelError::Session(SessionError::Truncated)), "{error}");
}

#[tokio::test]
async fn the_wrong_server_hears_a_refusal() {
    let (client, server) = Memory::pair();
    let mut config = client_config(&OsRandom);
    config.pins = vec![other_identity().fingerprint()];
    let config = Arc::new(config);
    let workers = workers();
    let (at_client, at_server) =
        tokio::join!(connect(client, config, &workers, Clock::start()), accept_with(server, server_config(&OsRandom)),);
    assert!(matches!(at_client, Err(ChannelError::Handshake(HandshakeError::WrongServer { .. }))));
    assert!(matches!(
        at_server,
        Err(ChannelError::Handshake(HandshakeError::Refused { alert: Alert::HandshakeFailure, authentic: false }))
    ));
}

#[tokio::test]
async fn the_room_of_a_handshake_is_no_part_of_its_task() {
    let (client, server) = Memory::pair();
    let futures = (connect_with(client, client_config(&OsRandom)), accept_with(server, server_config(&OsRandom)));
    assert!(size_of_val(&futures.0) < 1536 && size_of_val(&futures.1) < 1536);
}
