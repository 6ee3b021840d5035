//! The processor time of the server's session by itself: no pipe, no runtime, no other thread.

use crate::cost::{each, kind, quartiles, row};
use crate::linux::{SERVER_CORE, pin, thread_time};
use crate::support::*;
use crate::watched::{WatchedKey, operations_time};
use sealwire_traits::OsRandom;
use sealwire_transport::session::{ClientConfig, Epoch, Handshake, ServerConfig, Step};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

pub fn report(client_auth: bool, batch: u32, rounds: usize) {
    let client = ClientConfig { identity: client_auth.then(client_identity), ..client_config(&OsRandom) };
    let server = ServerConfig { client_auth, ..server_config(&OsRandom) };
    let epoch = certified(Box::new(WatchedKey(transport_key())), &*server_identity(), UNIX, 300);
    let (client, server) = (Arc::new(client), Arc::new(server));
    // A thread of its own, so that nothing else is tied to the server's core.
    let measuring = thread::spawn(move || {
        pin(SERVER_CORE);
        let one = || {
            let before = operations_time();
            let all = (0..batch).map(|_| handshake(&client, &server, &epoch)).sum();
            (each(all), each(all - (operations_time() - before)))
        };
        one();
        (0..rounds).map(|_| one()).unzip::<_, _, Vec<_>, Vec<_>>()
    });
    let (all, beside) = measuring.join().unwrap();
    row(&format!("session alone, {}", kind(client_auth)), quartiles(all)[1], quartiles(beside), None);
}

/// The server's processor time for a handshake.
fn handshake(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>, epoch: &Arc<Epoch>) -> Duration {
    let mut client = Handshake::client(client.clone(), start()).unwrap();
    let mut time = Duration::ZERO;
    let mut server = timed(&mut time, || Handshake::server(server.clone(), start()));
    loop {
        let bytes = client.take_output();
        let answer = match timed(&mut time, || settle(feed(server, &bytes), Some(epoch))) {
            Step::Read(mut waiting) => {
                let answer = timed(&mut time, || waiting.take_output());
                server = waiting;
                answer
            }
            // What is left of the handshake is dropped within the time.
            Step::Done(_) => return time,
            _ => panic!("it must succeed"),
        };
        match settle(feed(client, &answer), None) {
            Step::Read(waiting) => client = waiting,
            _ => panic!("it must wait for the server"),
        }
    }
}

fn timed<T>(time: &mut Duration, work: impl FnOnce() -> T) -> T {
    let before = thread_time();
    let result = work();
    *time += thread_time() - before;
    result
}

fn feed(mut handshake: Handshake, bytes: &[u8]) -> Step {
    handshake.space()[..bytes.len()].copy_from_slice(bytes);
    handshake.filled(bytes.len());
    handshake.advance(start())
}

/// Goes on until the handshake waits or is over.
fn settle(mut step: Step, epoch: Option<&Arc<Epoch>>) -> Step {
    loop {
        step = match step {
            Step::Key(wanted) => wanted.serve(epoch.unwrap().clone(), 0, start()),
            Step::Work(work) => work.complete(),
            step => return step,
        }
    }
}
