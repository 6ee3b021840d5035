//! The processor time of the server.
//!
//! The client is on one thread, so the processor time of the process less that of the client's thread is the server's. What it is beside
//! the private operation is given twice: without the processor time that the private operations of these very handshakes took, and as the
//! difference to as many private operations on their own, which take turns with the handshakes. In the difference is what a private
//! operation loses when its thread has just been asleep.
//!
//! Whoever writes to a client that sleeps has to wake its core, which on a virtual machine may cost more than all else: so each row is
//! measured with clients that stay awake as well.

use crate::alone;
use crate::linux::{CLIENT_CORE, SERVER_CORE, pin, process_time, thread_time};
use crate::runtime;
use crate::support::*;
use crate::waking;
use crate::watched::{WatchedKey, operations_time};
use sealwire_traits::{Connection, OsRandom, PreMaster, Transport};
use sealwire_transport::Clock;
use sealwire_transport::channel::accept;
use sealwire_transport::pipe::{Memory, Tcp};
use sealwire_transport::session::{ClientConfig, Handshake, ServerConfig, Step};
use sealwire_transport::workers::Workers;
use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;
use tokio::task::{JoinSet, yield_now};

/// Operations of a batch: as many as one pair of blinding factors is used for, so that each batch pays for one.
const BATCH: u32 = 64;
const ROUNDS: usize = 15;

static MEMORY: Memory = Memory::new();

pub fn rounds(is_bench: bool) -> usize {
    if is_bench { ROUNDS } else { 1 }
}

pub fn main(rounds: usize) {
    pin(CLIENT_CORE);
    println!(
        "microseconds of the server's processor for a handshake; medians of {rounds} batches of {BATCH}, with quartiles"
    );
    println!(
        "{:<48}{:>8} {:>24} {:>14} {:>24} {:>8}",
        "", "all", "beside its private op.", "private alone", "difference", "closing"
    );
    for client_auth in [false, true] {
        alone::report(client_auth, BATCH, rounds);
    }
    for transport in [&MEMORY as &dyn Transport, &Tcp] {
        for (client_auth, in_slices) in [(false, false), (true, false), (false, true)] {
            for clients in [(1, false), (8, false), (1, true), (8, true)].map(|(count, awake)| Clients { count, awake })
            {
                let slices_too = if in_slices { ", in slices" } else { "" };
                let name = format!("{}, {}, {clients}{slices_too}", transport.name(), kind(client_auth));
                // In memory any text is an address.
                let address = if transport.name() == "tcp" { "127.0.0.1:0".to_owned() } else { name.clone() };
                let workers = if in_slices { Workers::in_slices } else { Workers::new };
                Server::start(transport, address, client_auth, clients, workers(1, 16)).report(&name, rounds);
            }
        }
    }
    waking::report(BATCH * u32::try_from(rounds).unwrap());
}

pub fn kind(client_auth: bool) -> &'static str {
    if client_auth { "mutual" } else { "anonymous" }
}

/// The clients of a row.
#[derive(Clone, Copy)]
struct Clients {
    /// At a time.
    count: u32,
    /// Whether their thread never sleeps.
    awake: bool,
}

impl fmt::Display for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at a time{}", self.count, if self.awake { ", awake" } else { "" })
    }
}

/// What the server is told to do, a batch of it.
enum Order {
    /// Which leaves the connections open.
    Handshakes,
    /// Of the connections that are open.
    Ends,
    PrivateOperations,
}

/// The server's thread, as the client sees it.
struct Server {
    transport: &'static dyn Transport,
    clients: Clients,
    client: Arc<ClientConfig>,
    address: String,
    orders: Sender<Order>,
    /// Processor time that an order took the server's first thread.
    done: Receiver<Duration>,
}

impl Server {
    fn start(
        transport: &'static dyn Transport,
        address: String,
        client_auth: bool,
        clients: Clients,
        workers: Workers,
    ) -> Server {
        let mut client = client_config(&OsRandom);
        client.identity = client_auth.then(client_identity);
        let server = Arc::new(ServerConfig { client_auth, ..server_config(&OsRandom) });
        let ((orders, inbox), (reply, done)) = (channel(), channel());
        let (ready, address_found) = channel();
        std::thread::spawn(move || {
            pin(SERVER_CORE);
            let runtime = runtime();
            let mut listener = runtime.block_on(transport.listen(&address)).unwrap();
            ready.send(listener.address()).unwrap();
            let clock = Clock::start();
            let key = Box::new(WatchedKey(transport_key()));
            let epoch = certified(key, &*server_identity(), clock.now().unix, 300);
            let mut channels = vec![];
            for order in inbox {
                let before = thread_time();
                match order {
                    Order::Handshakes => {
                        channels = runtime.block_on(async {
                            let mut open = JoinSet::new();
                            for _ in 0..BATCH {
                                let pipe = listener.accept().await.unwrap();
                                let (server, epoch, workers) = (server.clone(), epoch.clone(), workers.clone());
                                open.spawn(async move {
                                    accept(pipe, server, async { Ok(epoch) }, || 0, &workers, clock).await.unwrap()
                                });
                            }
                            open.join_all().await
                        })
                    }
                    Order::Ends => runtime.block_on(async { channels.clear() }),
                    Order::PrivateOperations => private_operations(),
                }
                reply.send(thread_time() - before).unwrap();
            }
        });
        Server { transport, clients, client: Arc::new(client), address: address_found.recv().unwrap(), orders, done }
    }

    fn report(&self, name: &str, rounds: usize) {
        let runtime = runtime();
        self.handshakes(&runtime);
        let (mut all, mut beside, mut alone, mut differences, mut ends) = (vec![], vec![], vec![], vec![], vec![]);
        for _ in 0..rounds {
            let ((whole, without), end) = (self.handshakes(&runtime), self.order(Order::Ends));
            let operation = self.order(Order::PrivateOperations);
            all.push(whole);
            beside.push(without);
            ends.push(end);
            alone.push(operation);
            differences.push(whole - operation);
        }
        let [[_, all, _], [_, alone, _], [_, end, _]] = [all, alone, ends].map(quartiles);
        row(name, all, quartiles(beside), Some((alone, quartiles(differences), end)));
    }

    /// Microseconds of the server's threads for a handshake: all, and without the private operation. The client's ends are closed behind
    /// them.
    fn handshakes(&self, runtime: &Runtime) -> (f64, f64) {
        let before = (process_time(), thread_time(), operations_time());
        self.orders.send(Order::Handshakes).unwrap();
        let _open = runtime.block_on(async {
            let (mut open, mut awake) = (JoinSet::new(), JoinSet::new());
            if self.clients.awake {
                awake.spawn(async {
                    loop {
                        yield_now().await;
                    }
                });
            }
            for _ in 0..self.clients.count {
                let (transport, address, client) = (self.transport, self.address.clone(), self.client.clone());
                let handshakes = BATCH / self.clients.count;
                open.spawn(async move {
                    let mut pipes = vec![];
                    for _ in 0..handshakes {
                        let mut pipe = transport.connect(&address).await.unwrap();
                        shake(&mut pipe, client.clone()).await;
                        pipes.push(pipe);
                    }
                    pipes
                });
            }
            open.join_all().await
        });
        self.done.recv().unwrap();
        let all = (process_time() - before.0) - (thread_time() - before.1);
        (each(all), each(all - (operations_time() - before.2)))
    }

    /// Microseconds of the server's first thread for one of a batch.
    fn order(&self, order: Order) -> f64 {
        self.orders.send(order).unwrap();
        each(self.done.recv().unwrap())
    }
}

/// The client's side, on one thread.
pub async fn shake(pipe: &mut Connection, config: Arc<ClientConfig>) {
    let clock = Clock::start();
    let mut step = Step::Read(Handshake::client(config, clock.now()).unwrap());
    loop {
        step = match step {
            Step::Read(mut handshake) => {
                pipe.writer.write_all(&handshake.take_output()).await.unwrap();
                let count = pipe.reader.read(handshake.space()).await.unwrap();
                handshake.filled(count);
                handshake.advance(clock.now())
            }
            Step::Key(_) => unreachable!("a client has no transport key"),
            Step::Work(work) => work.complete(),
            Step::Done(_) => return,
            Step::Failed(failure) => panic!("{}", failure.error),
        }
    }
}

/// A batch of private operations, on a key of their own.
fn private_operations() {
    thread_local! {
        static KEY: Box<dyn sealwire_traits::UnwrapKey> = transport_key();
    }
    KEY.with(|key| {
        let public = provider(&OsRandom).key_transport.public_key(key.public_key()).unwrap();
        let wrapped = public.wrap_secret(&PreMaster::random(&OsRandom).unwrap(), b"bench", &OsRandom).unwrap();
        for _ in 0..BATCH {
            key.unwrap_secret(&wrapped, b"bench", &OsRandom).unwrap();
        }
    });
}

/// A line of the table; `others` are what private operations on their own took, the difference to them, and closing a connection.
pub fn row(name: &str, all: f64, beside: [f64; 3], others: Option<(f64, [f64; 3], f64)>) {
    let range = |[low, middle, high]: [f64; 3]| format!("{middle:.1} ({low:.1} to {high:.1})");
    let [alone, difference, end] = others.map_or_else(Default::default, |(alone, differences, end)| {
        [format!("{alone:.1}"), range(differences), format!("{end:.1}")]
    });
    println!("{name:<48}{all:>8.1} {:>24} {alone:>14} {difference:>24} {end:>8}", range(beside));
}

/// Microseconds of one of a batch.
pub fn each(batch: Duration) -> f64 {
    batch.as_secs_f64() * 1e6 / f64::from(BATCH)
}

pub fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[values.len() * quarter / 4])
}
