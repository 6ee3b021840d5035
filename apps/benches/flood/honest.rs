//! The honest clients.

use crate::flooder::runtime;
use crate::server::Server;
use sealwire_backends::registry;
use sealwire_traits::{OsRandom, Provider, Transport};
use sealwire_transport::channel::{Channel, connect};
use sealwire_transport::message::MessageSender;
use sealwire_transport::pipe::Tcp;
use sealwire_transport::session::{ClientConfig, Settings};
use sealwire_transport::workers::Workers;
use sealwire_transport::{ChannelError, Clock};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// Sessions that carry messages.
const SESSIONS: usize = 4;
/// Bytes of a message.
const MESSAGE: usize = 64 * 1024 - 4;
/// From the end of a handshake to the next one.
const PAUSE: Duration = Duration::from_millis(100);
/// From a refusal to the next try.
const RETRY: Duration = Duration::from_millis(50);

/// Clients at work, until they are stopped.
pub struct Honest {
    seen: Arc<Seen>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    stop: AtomicBool,
    bytes: AtomicU64,
    handshakes: Mutex<Vec<Duration>>,
}

impl Honest {
    /// Returns when all sessions are open.
    pub fn start(server: &Server) -> Honest {
        let seen = Arc::new(Seen::default());
        let client = Client::of(server);
        let runtime = runtime();
        let sessions: Vec<_> = (0..SESSIONS).map(|_| runtime.block_on(client.channel()).unwrap()).collect();
        let sending = {
            let seen = seen.clone();
            thread::spawn(move || {
                runtime.block_on(async {
                    let sending: Vec<_> =
                        sessions.into_iter().map(|channel| tokio::spawn(stream(channel, seen.clone()))).collect();
                    for session in sending {
                        session.await.unwrap();
                    }
                });
            })
        };
        let shaking = {
            let seen = seen.clone();
            thread::spawn(move || client.shake_hands(&seen))
        };
        Honest { seen, threads: vec![sending, shaking] }
    }

    /// Bytes sent and handshakes made since the last time.
    pub fn take(&self) -> (u64, Vec<Duration>) {
        (self.seen.bytes.swap(0, Relaxed), std::mem::take(&mut self.seen.handshakes.lock().unwrap()))
    }

    pub fn stop(self) {
        self.seen.stop.store(true, Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
    }
}

/// Sends messages as fast as they are taken.
async fn stream(channel: Channel, seen: Arc<Seen>) {
    let Channel { sender, receiver: _open, .. } = channel;
    let mut sender = MessageSender::new(sender, MESSAGE);
    let message = vec![b'x'; MESSAGE];
    while !seen.stop.load(Relaxed) {
        sender.send(&message).await.unwrap();
        seen.bytes.fetch_add(MESSAGE as u64, Relaxed);
    }
    sender.channel().close().await.unwrap();
}

#[derive(Clone)]
struct Client {
    server: SocketAddr,
    config: Arc<ClientConfig>,
    workers: Workers,
}

impl Client {
    fn of(server: &Server) -> Client {
        let provider = Provider {
            aeads: vec![registry::aead("aes-256-gcm", "auto").unwrap()].leak(),
            key_transport: registry::key_transport("rsa-oaep-sha256", "auto").unwrap(),
            signature: registry::signature("rsa-pss-sha256", "auto").unwrap(),
            random: &OsRandom,
        };
        let config = ClientConfig {
            provider,
            pins: vec![server.identity],
            announce_pin: false,
            service: "print".to_owned(),
            identity: None,
            want_server_auth: false,
            settings: Settings::default(),
        };
        Client { server: server.address, config: Arc::new(config), workers: Workers::new(1, 16) }
    }

    async fn channel(&self) -> Result<Channel, ChannelError> {
        let pipe = Tcp.connect(&self.server.to_string()).await.unwrap();
        connect(pipe, self.config.clone(), &self.workers, Clock::start()).await
    }

    /// Handshakes one after another, each with as many tries as it takes.
    fn shake_hands(&self, seen: &Seen) {
        let runtime = runtime();
        while !seen.stop.load(Relaxed) {
            let began = Instant::now();
            let mut channel = loop {
                match runtime.block_on(self.channel()) {
                    Ok(channel) => break channel,
                    Err(_) => thread::sleep(RETRY),
                }
                if seen.stop.load(Relaxed) {
                    return;
                }
            };
            seen.handshakes.lock().unwrap().push(began.elapsed());
            runtime.block_on(channel.sender.close()).unwrap();
            thread::sleep(PAUSE);
        }
    }
}
