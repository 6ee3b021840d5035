//! The measurement itself.

use crate::linux::{CLIENT_CORE, SERVER_CORE, pin, process_time, thread_time};
use crate::support::*;
use sealwire_traits::{Connection, OsRandom, PreMaster, Transport};
use sealwire_transport::Clock;
use sealwire_transport::channel::accept;
use sealwire_transport::pipe::{Memory, Tcp};
use sealwire_transport::session::{ClientConfig, Handshake, ServerConfig, Step};
use sealwire_transport::workers::Workers;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;

/// Operations of a batch: as many as one pair of blinding factors is used for, so that each batch pays for one.
const BATCH: u32 = 64;
const ROUNDS: usize = 41;

static MEMORY: Memory = Memory::new();

pub fn main() {
    let rounds = if std::env::args().any(|arg| arg == "--bench") { ROUNDS } else { 1 };
    pin(CLIENT_CORE);
    println!(
        "microseconds of the server's processor; medians of {rounds} batches of {BATCH}, with the quartiles of the difference"
    );
    println!("{:<24}{:>10} {:>14} {:>11}", "", "handshake", "private alone", "difference");
    for (name, transport, address) in [("memory", &MEMORY as &dyn Transport, "bench"), ("tcp", &Tcp, "127.0.0.1:0")] {
        for client_auth in [false, true] {
            let kind = if client_auth { "mutual" } else { "anonymous" };
            Server::start(transport, address, client_auth).report(&format!("{name}, {kind}"), rounds);
        }
    }
}

/// What the server is told to do, a batch of it.
enum Order {
    Handshakes,
    PrivateOperations,
}

/// The server's thread, as the client sees it.
struct Server {
    transport: &'static dyn Transport,
    client: Arc<ClientConfig>,
    address: String,
    orders: Sender<Order>,
    /// Processor time that an order took the server's first thread.
    done: Receiver<Duration>,
}

impl Server {
    fn start(transport: &'static dyn Transport, address: &'static str, client_auth: bool) -> Server {
        let mut client = client_config(&OsRandom);
        client.identity = client_auth.then(client_identity);
        let server = Arc::new(ServerConfig { client_auth, ..server_config(&OsRandom) });
        let ((orders, inbox), (reply, done)) = (channel(), channel());
        let (ready, address_found) = channel();
        std::thread::spawn(move || {
            pin(SERVER_CORE);
            let runtime = runtime();
            let mut listener = runtime.block_on(transport.listen(address)).unwrap();
            ready.send(listener.address()).unwrap();
            let (workers, clock) = (Workers::new(1, 16), Clock::start());
            for order in inbox {
                let before = thread_time();
                match order {
                    Order::Handshakes => runtime.block_on(async {
                        for _ in 0..BATCH {
                            let pipe = listener.accept().await.unwrap();
                            accept(pipe, server.clone(), async { Ok(epoch_today()) }, 0, &workers, clock)
                                .await
                                .unwrap();
                        }
                    }),
                    Order::PrivateOperations => private_operations(),
                }
                reply.send(thread_time() - before).unwrap();
            }
        });
        Server { transport, client: Arc::new(client), address: address_found.recv().unwrap(), orders, done }
    }

    fn report(&self, name: &str, rounds: usize) {
        let runtime = runtime();
        self.handshakes(&runtime);
        let (mut handshakes, mut operations, mut differences) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..rounds {
            let (handshake, operation) = (self.handshakes(&runtime), self.operations());
            handshakes.push(handshake);
            operations.push(operation);
            differences.push(handshake - operation);
        }
        let [low, middle, high] = quartiles(differences);
        let ([_, handshake, _], [_, operation, _]) = (quartiles(handshakes), quartiles(operations));
        println!("{name:<24}{handshake:>10.1} {operation:>14.1} {middle:>11.1}  ({low:.1} to {high:.1})");
    }

    /// Microseconds of the server's threads for a handshake.
    fn handshakes(&self, runtime: &Runtime) -> f64 {
        let before = (process_time(), thread_time());
        self.orders.send(Order::Handshakes).unwrap();
        runtime.block_on(async {
            for _ in 0..BATCH {
                shake(self.transport.connect(&self.address).await.unwrap(), self.client.clone()).await;
            }
        });
        self.done.recv().unwrap();
        each((process_time() - before.0) - (thread_time() - before.1))
    }

    /// Microseconds for a private operation.
    fn operations(&self) -> f64 {
        self.orders.send(Order::PrivateOperations).unwrap();
        each(self.done.recv().unwrap())
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// The client's side, on one thread.
async fn shake(mut pipe: Connection, config: Arc<ClientConfig>) {
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
            Step::Work(job) => job.run(),
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

fn each(batch: Duration) -> f64 {
    batch.as_secs_f64() * 1e6 / f64::from(BATCH)
}

fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[values.len() * quarter / 4])
}
