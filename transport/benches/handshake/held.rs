//! The memory of a session that a server holds and nobody uses.
//!
//! Sessions run over TCP within this process. Of the client's ends only the sockets are kept, so that what grows is the server: the task
//! that waits for data, with its session and its socket, and what the allocator adds.

use crate::cost::shake;
use crate::runtime;
use crate::support::*;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use sealwire_traits::{Connection, OsRandom, Transport};
use sealwire_transport::Clock;
use sealwire_transport::channel::accept;
use sealwire_transport::pipe::Tcp;
use sealwire_transport::workers::Workers;
use std::fs;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

const SESSIONS: usize = 5000;
/// What other sessions have left to be used again is not counted.
const BEFORE: usize = 100;

pub fn sessions(is_bench: bool) -> usize {
    if is_bench { SESSIONS } else { 10 }
}

pub fn main(sessions: usize) {
    // Each session has two sockets here.
    let files = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files }).unwrap();
    runtime().block_on(async {
        let mut listener = Tcp.listen("127.0.0.1:0").await.unwrap();
        let address = listener.address();
        let (ready, mut is_ready) = mpsc::unbounded_channel();
        let serving = tokio::spawn(async move {
            let (config, workers, clock) = (Arc::new(server_config(&OsRandom)), Workers::new(1, 16), Clock::start());
            let mut open = JoinSet::new();
            loop {
                let pipe = listener.accept().await.unwrap();
                let (config, workers, ready) = (config.clone(), workers.clone(), ready.clone());
                open.spawn(async move {
                    let key = async { Ok(epoch_today()) };
                    let mut channel = accept(pipe, config, key, || 0, &workers, clock).await.unwrap();
                    ready.send(()).unwrap();
                    drop((ready, workers));
                    let ended = channel.sender.while_idle(channel.receiver.receive()).await;
                    assert!(ended.unwrap().is_err(), "the client leaves without a word");
                });
            }
        });
        let mut held = Vec::with_capacity(BEFORE + sessions);
        for _ in 0..BEFORE {
            held.push(client(&address, &mut is_ready).await);
        }
        let before = resident();
        for _ in 0..sessions {
            held.push(client(&address, &mut is_ready).await);
        }
        let fresh = resident();
        // By then the sessions have let go of what they can make again.
        sleep(Duration::from_secs(2)).await;
        let [fresh, idle] = [fresh, resident()].map(|now| now.saturating_sub(before) * 1024 / sessions);
        println!(
            "bytes of resident memory for each of {sessions} sessions: {fresh} when made, {idle} after two seconds"
        );
        serving.abort();
    });
}

/// A session of a client of which only the pipe is left.
async fn client(address: &str, is_ready: &mut mpsc::UnboundedReceiver<()>) -> Connection {
    let mut pipe = Tcp.connect(address).await.unwrap();
    shake(&mut pipe, Arc::new(client_config(&OsRandom))).await;
    is_ready.recv().await.unwrap();
    pipe
}

/// KiB.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix("kB")).unwrap();
    line.trim().parse().unwrap()
}
