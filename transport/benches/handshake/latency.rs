//! How long a handshake takes for a client: with one key for all, with one for each connection, and while keys are made beside it.

use crate::linux::{CLIENT_CORE, SERVER_CORE, pin};
use crate::runtime;
use crate::support::*;
use crate::watched::{MADE, Watched};
use rustix::process::setpriority_process;
use sealwire_traits::{KeygenObserver, OsRandom, Transport};
use sealwire_transport::Clock;
use sealwire_transport::channel::{accept, connect};
use sealwire_transport::pipe::Memory;
use sealwire_transport::server::{Rotation, TransportKeys};
use sealwire_transport::session::ServerConfig;
use sealwire_transport::workers::Workers;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

const HANDSHAKES: usize = 400;
/// Connections on a pool of this size before it is filled again.
const POOL: usize = 32;

const ALL: Rotation = Rotation::Every(Duration::from_secs(300));

pub fn main(handshakes: usize) {
    pin(CLIENT_CORE);
    println!("milliseconds until a client's handshake is complete, {handshakes} handshakes one after the other");
    println!("{:<62}{:>7} {:>7} {:>7}", "", "p50", "p95", "p99");
    report("one key for all", one_after_the_other(ALL, handshakes));
    report("a key each, from a full pool that is filled up meanwhile", full_pool(handshakes));
    let empty = one_after_the_other(Rotation::PerConnection { pool: 1 }, handshakes.div_ceil(4));
    report("a key each, from a pool of 1 that is always empty", empty);
    for (name, nice) in [("usual", 0), ("lowest", 19)] {
        let beside = Beside::start(nice);
        let times = one_after_the_other(ALL, handshakes);
        beside.stop();
        report(&format!("one key for all, beside a thread of {name} priority making keys"), times);
    }
}

pub fn handshakes(is_bench: bool) -> usize {
    if is_bench { HANDSHAKES } else { 4 }
}

fn report(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let [p50, p95, p99] = [50, 95, 99].map(|percent| times[times.len() * percent / 100].as_secs_f64() * 1e3);
    println!("{name:<62}{p50:>7.2} {p95:>7.2} {p99:>7.2}");
}

fn one_after_the_other(rotation: Rotation, handshakes: usize) -> Vec<Duration> {
    let server = Server::start(rotation);
    (0..handshakes).map(|_| server.handshake()).collect()
}

/// The pool is full, then half of its keys are taken, one after the other, and again.
fn full_pool(handshakes: usize) -> Vec<Duration> {
    let made = MADE.load(Relaxed);
    let server = Server::start(Rotation::PerConnection { pool: POOL });
    (0..handshakes)
        .map(|taken| {
            while taken % (POOL / 2) == 0 && MADE.load(Relaxed) - made < POOL + taken {
                thread::sleep(Duration::from_millis(1));
            }
            server.handshake()
        })
        .collect()
}

/// A server on its core, until it is dropped.
struct Server {
    network: &'static Memory,
    client: tokio::runtime::Runtime,
    workers: Workers,
    _running: oneshot::Sender<()>,
}

impl Server {
    fn start(rotation: Rotation) -> Server {
        let network: &'static Memory = Box::leak(Box::default());
        let (running, mut stop) = oneshot::channel();
        let (ready, is_ready) = oneshot::channel();
        thread::spawn(move || {
            pin(SERVER_CORE);
            runtime().block_on(async {
                let mut config = server_config(&OsRandom);
                config.provider.key_transport = &Watched;
                let config: Arc<ServerConfig> = Arc::new(config);
                let (clock, workers) = (Clock::start(), Workers::new(1, 64));
                let keys = Arc::new(TransportKeys::start(&config, 2048, rotation, clock).await.unwrap());
                let mut listener = network.listen("bench").await.unwrap();
                ready.send(()).unwrap();
                loop {
                    let pipe = tokio::select! {
                        pipe = listener.accept() => pipe.unwrap(),
                        _ = &mut stop => return,
                    };
                    let (config, keys, workers) = (config.clone(), keys.clone(), workers.clone());
                    tokio::spawn(
                        async move { accept(pipe, config, keys.epoch(), || 0, &workers, clock).await.unwrap() },
                    );
                }
            });
        });
        let client = runtime();
        client.block_on(is_ready).unwrap();
        Server { network, client, workers: Workers::new(1, 1), _running: running }
    }

    fn handshake(&self) -> Duration {
        let config = Arc::new(client_config(&OsRandom));
        self.client.block_on(async {
            let began = Instant::now();
            let pipe = self.network.connect("bench").await.unwrap();
            connect(pipe, config, &self.workers, Clock::start()).await.unwrap();
            began.elapsed()
        })
    }
}

/// A thread on the server's core that makes keys all the time.
struct Beside(Arc<Stop>, JoinHandle<()>);

#[derive(Default)]
struct Stop(AtomicBool);

impl KeygenObserver for Stop {
    fn cancelled(&self) -> bool {
        self.0.load(Relaxed)
    }
}

impl Beside {
    fn start(nice: i32) -> Beside {
        let stop = Arc::new(Stop::default());
        let seen = stop.clone();
        let thread = thread::spawn(move || {
            pin(SERVER_CORE);
            setpriority_process(None, nice.max(rustix::process::getpriority_process(None).unwrap())).unwrap();
            while provider(&OsRandom).key_transport.generate(2048.into(), &OsRandom, &*seen).is_ok() {}
        });
        Beside(stop, thread)
    }

    fn stop(self) {
        self.0.0.store(true, Relaxed);
        self.1.join().unwrap();
    }
}
