//! The puzzle of a server that fills up: asked of whoever is many, solved on the way, and in front of any RSA work.
#![allow(clippy::unwrap_used)]

mod support;

use sealwire_traits::{Connection, OsRandom, Slices};
use sealwire_transport::channel::{Channel, accept};
use sealwire_transport::pipe::Memory;
use sealwire_transport::server::{Admission, Admitted, Caps, Limits};
use sealwire_transport::session::{Alert, Handshake, HandshakeError, plain_alert};
use sealwire_transport::workers::Workers;
use sealwire_transport::{ChannelError, Clock};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use support::channels::{connect_with, workers};
use support::{client_config, epoch_today, server_config};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;

/// Where the difficulty stands in the record of ServerHello: behind the header, the suite, the random bytes and the flags.
const DIFFICULTY: usize = 4 + 2 + 32 + 1;

fn admission() -> Admission {
    let caps = Caps { total: 100, per_address: 4 };
    Admission::new(Limits { connections: caps, handshakes: caps, memory: Duration::from_secs(10) }, Clock::start())
}

fn ip(last: u8) -> Option<IpAddr> {
    Some([192, 0, 2, last].into())
}

/// The server's part, for a client that was let in.
async fn serve(pipe: Connection, place: &Admitted, workers: &Workers) -> Result<Channel, ChannelError> {
    let config = Arc::new(server_config(&OsRandom));
    accept(pipe, config, async { Ok(epoch_today()) }, || place.difficulty(workers), workers, Clock::start()).await
}

/// The difficulty that a client is asked for, which leaves then.
async fn look(mut client: Connection) -> u8 {
    let mut handshake = Handshake::client(Arc::new(client_config(&OsRandom)), Clock::start().now()).unwrap();
    client.writer.write_all(&handshake.take_output()).await.unwrap();
    let mut beginning = [0; DIFFICULTY + 1];
    client.reader.read_exact(&mut beginning).await.unwrap();
    beginning[DIFFICULTY]
}

/// The difficulty of the next client with this place.
async fn asked(place: &Admitted, workers: &Workers) -> u8 {
    let (client, server) = Memory::pair();
    tokio::join!(look(client), serve(server, place, workers)).0
}

#[tokio::test]
async fn the_difficulty_is_that_of_the_moment_in_which_the_client_is_answered() {
    let (client, server) = Memory::pair();
    let (difficulty, workers) = (AtomicU8::new(0), workers());
    let config = Arc::new(server_config(&OsRandom));
    let now = || difficulty.load(Ordering::Relaxed);
    let (_, asked) = tokio::join!(
        biased;
        accept(server, config, async { Ok(epoch_today()) }, now, &workers, Clock::start()),
        async {
            difficulty.store(13, Ordering::Relaxed);
            look(client).await
        }
    );
    assert_eq!(asked, 13);
}

#[tokio::test]
async fn an_address_with_many_handshakes_has_to_work_and_others_have_not() {
    let (admission, workers) = (admission(), workers());
    let first = admission.enter(ip(1)).unwrap();
    assert_eq!(asked(&first, &workers).await, 0);
    let _more = [1, 1, 1].map(|last| admission.enter(ip(last)).unwrap());
    assert_eq!(asked(&first, &workers).await, 16);
    assert_eq!(asked(&admission.enter(ip(2)).unwrap(), &workers).await, 0);

    let (client, server) = Memory::pair();
    let (at_client, at_server) =
        tokio::join!(connect_with(client, client_config(&OsRandom)), serve(server, &first, &workers));
    at_client.expect("it solves the puzzle");
    at_server.expect("it takes the solution");
}

#[tokio::test]
async fn without_a_solution_there_is_no_rsa_work() {
    let (admission, busy) = (admission(), Workers::new(1, 0));
    let place = admission.enter(ip(1)).unwrap();
    let more = [1, 1, 1].map(|last| admission.enter(ip(last)).unwrap());
    // Any work at all would be refused: the only thread has something to do, and nothing may wait.
    let (release, gate) = mpsc::channel::<()>();
    let (started, has_started) = oneshot::channel();
    let occupied = tokio::spawn({
        let busy = busy.clone();
        async move { busy.run(Slices::one(move || (started.send(()), gate.recv().is_err()).1)).await }
    });
    has_started.await.unwrap();
    let error = unsolved(&place, &busy).await;
    assert!(matches!(error, ChannelError::Handshake(HandshakeError::Puzzle)), "{error}");
    drop(more);
    let error = unsolved(&place, &busy).await;
    assert!(matches!(error, ChannelError::Overloaded), "without a puzzle it comes to that: {error}");
    drop(release);
    assert_eq!(occupied.await.unwrap(), Ok(true));
}

/// What the server says to messages 3 and 4 with the solution 0 and a secret that is as long as it has to be.
async fn unsolved(place: &Admitted, workers: &Workers) -> ChannelError {
    let (mut client, server) = Memory::pair();
    let attacking = async move {
        let mut handshake = Handshake::client(Arc::new(client_config(&OsRandom)), Clock::start().now()).unwrap();
        client.writer.write_all(&handshake.take_output()).await.unwrap();
        let keys = [&b"H\x00\x01\x0b"[..], &[0; 9], &[1, 0], &[0x5a; 256]].concat();
        let finish = [&b"S\x00\x04\x10"[..], &[0; 1040]].concat();
        client.writer.write_all(&[keys, finish].concat()).await.unwrap();
        client.writer.shutdown().await.unwrap();
        let mut answer = Vec::new();
        client.reader.read_to_end(&mut answer).await.unwrap();
        answer
    };
    let (answer, at_server) = tokio::join!(attacking, serve(server, place, workers));
    let error = at_server.err().unwrap();
    let alert = if matches!(error, ChannelError::Overloaded) { Alert::Overloaded } else { Alert::ProtocolError };
    assert!(answer.ends_with(&plain_alert(alert)), "the client hears it");
    error
}
