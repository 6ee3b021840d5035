//! The handshake over the network: a server of the product behind TCP on this machine, and a client that sends wrapped secrets of every
//! class. Message 4 is random bytes, so that every handshake fails, and in the same way: what is timed is how long the server takes from
//! messages 3 and 4 to its alert.
//!
//! The server keeps one transport key for all rounds (it is handed to `channel::accept` directly): the rotation of
//! `server::TransportKeys`, which would replace it after 512 failures, is not part of what is studied.

use crate::classes::{ALL, FEW};
use crate::key::Key;
use crate::random;
use crate::sample::{Times, interleave, time};
use sealwire_backends::registry;
use sealwire_traits::{Fingerprint, KeyTransport, OsRandom, Provider, Transport, UnwrapKey};
use sealwire_transport::Clock;
use sealwire_transport::channel::accept;
use sealwire_transport::pipe::Tcp;
use sealwire_transport::session::{Alert, Epoch, ServerConfig, Settings, TrustPolicy, plain_alert};
use sealwire_transport::workers::Workers;
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

/// Kinds of records (PROTOCOL.md, section 3).
const HANDSHAKE: u8 = b'H';
const SEALED: u8 = b'S';
/// Bytes of a sealed message 4: an inner of 1024 and the tag.
const FINISH_LEN: usize = 1040;
/// AES-256-GCM.
const SUITE: u16 = 0x0101;
/// From message 2 to messages 3 and 4: longer than it takes to make them.
const PAUSE: Duration = Duration::from_millis(1);
/// What the certificate says, which nobody looks at here.
const SECONDS: u64 = 300;

/// Times of the classes in [`FEW`].
///
/// # Panics
/// When the network fails, or the server answers anything but its one refusal.
pub fn measure(transport: &'static dyn KeyTransport, rounds: usize, bits: usize) -> Times {
    let (key, numbers) = Key::generate(transport, bits);
    let (_runtime, address) = serve(transport, key);
    interleave(FEW.len(), rounds, |plan| plan.iter().map(|&class| handshake(&address, &numbers, FEW[class])).collect())
}

/// Starts a server on a port of its own; where it is.
fn serve(transport: &'static dyn KeyTransport, key: Box<dyn UnwrapKey>) -> (Runtime, String) {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let suite = registry::aead("aes-256-gcm", "auto").expect("a suite");
    let signature = registry::signature("rsa-pss-sha256", "auto").expect("a scheme");
    let provider = Provider { aeads: vec![suite].leak(), key_transport: transport, signature, random: &OsRandom };
    let identity = signature.signing_key(&key.to_pkcs8()).expect("a key");
    let clock = Clock::start();
    let epoch = Epoch::certify(key, transport.scheme().id, &*identity, clock.now().unix, SECONDS, &OsRandom);
    let epoch = epoch.expect("a certificate");
    let (identity, settings) = (Arc::from(identity), Settings::default());
    let config = Arc::new(ServerConfig { provider, identity, client_auth: false, policy: Arc::new(Nobody), settings });
    let mut listener = runtime.block_on(Tcp.listen("127.0.0.1:0")).expect("a port");
    let address = listener.address();
    runtime.spawn(async move {
        // As a server does by default.
        let workers = if transport.is_sliced() { Workers::in_slices } else { Workers::new }(1, 1);
        while let Ok(pipe) = listener.accept().await {
            let same_key = std::future::ready(Ok(epoch.clone()));
            let refused = accept(pipe, config.clone(), same_key, || 0, &workers, clock).await;
            assert!(refused.is_err(), "random bytes opened");
        }
    });
    (runtime, address)
}

/// It is never asked.
#[derive(Debug)]
struct Nobody;

impl TrustPolicy for Nobody {
    fn client_allowed(&self, _: &Fingerprint) -> bool {
        false
    }

    fn service_allowed(&self, _: &str, _: Option<&Fingerprint>) -> bool {
        false
    }
}

/// One handshake (PROTOCOL.md, section 6) with a wrapped secret of this class; from messages 3 and 4 to the answer.
fn handshake(address: &str, key: &Key, class: usize) -> f64 {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("a socket");
    let hello = client_hello();
    stream.write_all(&record(HANDSHAKE, &hello)).expect("message 1");
    let answer = read_record(&mut stream);
    let received = Instant::now();
    let th1 = Sha256::new().chain_update(&hello).chain_update(&answer).finalize();
    let wrapped = ALL[class].1.ciphertext(key, &[b"sealwire/1 kt\0".as_slice(), &th1].concat());
    let finish: [u8; FINISH_LEN] = random::bytes();
    let flight = [record(HANDSHAKE, &client_keys(&wrapped)), record(SEALED, &finish)].concat();
    // The server sleeps meanwhile, and wakes more slowly the longer it has slept: for every class as long as for the others.
    while received.elapsed() < PAUSE {}
    let mut refusal = [0; 5];
    let elapsed = time(|| {
        stream.write_all(&flight).expect("messages 3 and 4");
        stream.read_exact(&mut refusal).expect("an answer");
    });
    assert_eq!(refusal, *plain_alert(Alert::HandshakeFailure), "the one refusal");
    // The server ends its direction first, so that the port of this end is free again at once.
    assert_eq!(stream.read(&mut refusal).expect("an end"), 0);
    elapsed
}

fn client_hello() -> Vec<u8> {
    let nonce: [u8; 32] = random::bytes();
    // Version 1, one suite; no wanted fingerprint, nothing reserved.
    [b"SEALWIRE\x01\x02".as_slice(), &SUITE.to_be_bytes(), &nonce, &[0, 0, 0]].concat()
}

fn client_keys(wrapped: &[u8]) -> Vec<u8> {
    let len = (wrapped.len() as u16).to_be_bytes();
    // No flags, no puzzle.
    [&[0; 9], len.as_slice(), wrapped].concat()
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let [_, len @ ..] = (body.len() as u32).to_be_bytes();
    [&[kind], len.as_slice(), body].concat()
}

/// The body of the next record.
fn read_record(stream: &mut TcpStream) -> Vec<u8> {
    let mut header = [0; 4];
    stream.read_exact(&mut header).expect("message 2");
    header[0] = 0;
    let mut body = vec![0; u32::from_be_bytes(header) as usize];
    stream.read_exact(&mut body).expect("message 2");
    body
}
