//! What the tests of this crate share: fixed RSA keys, a provider over the real backends, a generator that can be repeated, and
//! configurations to start from. `channels` and `drive` run handshakes with and without a pipe, `wire` is a second implementation of what is on the wire.
//!
//! The keys in `keys/` are PKCS#8 DER of 2048 bits, made by `openssl genpkey` and `openssl pkcs8 -topk8`. They protect nothing.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test crate uses a part of this")]

pub mod channels;
pub mod drive;
pub mod wire;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use sealwire_backends::registry;
use sealwire_traits::{
    AeadAlgorithm, Fingerprint, Provider, RandomError, SecretBytes, SecureRandom, SigningKey, UnwrapKey,
};
use sealwire_transport::session::{ClientConfig, Epoch, Now, ServerConfig, Settings, TrustPolicy};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, SystemTime};

const SERVER: &[u8] = include_bytes!("keys/server.der");
const CLIENT: &[u8] = include_bytes!("keys/client.der");
const TRANSPORT: &[u8] = include_bytes!("keys/transport.der");
const OTHER: &[u8] = include_bytes!("keys/other.der");

/// The moment at which the tests of the session take place.
pub const UNIX: u64 = 1_800_000_000;

/// `seconds` behind the start of the clock.
pub fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The same moment with its date, as handshakes need it.
pub fn date(elapsed: Duration) -> Now {
    Now { elapsed, unix: UNIX + elapsed.as_secs() }
}

/// The start of the clock.
pub fn start() -> Now {
    date(at(0))
}

/// A generator that gives the same bytes for the same seed, and remembers what it gave.
pub struct Seeded(Mutex<(StdRng, Vec<Vec<u8>>)>);

impl Seeded {
    /// One for a test, which lives for ever as a `Provider` wants it.
    pub fn leaked(seed: u64) -> &'static Seeded {
        Box::leak(Box::new(Seeded(Mutex::new((StdRng::seed_from_u64(seed), Vec::new())))))
    }

    /// Begins again.
    pub fn reseed(&self, seed: u64) {
        *self.0.lock().unwrap() = (StdRng::seed_from_u64(seed), Vec::new());
    }

    /// What it gave, a piece a call.
    pub fn drawn(&self) -> Vec<Vec<u8>> {
        self.0.lock().unwrap().1.clone()
    }
}

impl std::fmt::Debug for Seeded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seeded")
    }
}

impl SecureRandom for Seeded {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        let (generator, drawn) = &mut *self.0.lock().unwrap();
        generator.fill_bytes(bytes);
        drawn.push(bytes.to_vec());
        Ok(())
    }
}

/// A generator that is broken.
#[derive(Debug)]
pub struct NoRandom;

impl SecureRandom for NoRandom {
    fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
        Err(RandomError("broken for a test".to_owned()))
    }
}

/// The real backends over `random`: AES-256-GCM, then AES-128-GCM.
pub fn provider(random: &'static dyn SecureRandom) -> Provider {
    Provider {
        aeads: both_suites(),
        key_transport: registry::key_transport("rsa-oaep-sha256", "auto").unwrap(),
        signature: registry::signature("rsa-pss-sha256", "auto").unwrap(),
        random,
    }
}

fn both_suites() -> &'static [&'static dyn AeadAlgorithm] {
    static BOTH: LazyLock<Vec<&'static dyn AeadAlgorithm>> =
        LazyLock::new(|| ["aes-256-gcm", "aes-128-gcm"].map(|suite| registry::aead(suite, "auto").unwrap()).to_vec());
    &BOTH
}

/// A list of the AEADs with these indices: 0 is AES-256-GCM, 1 AES-128-GCM.
pub fn suites(indices: &[usize]) -> &'static [&'static dyn AeadAlgorithm] {
    indices.iter().map(|i| both_suites()[*i]).collect::<Vec<_>>().leak()
}

fn signing_key(pkcs8: &[u8]) -> Arc<dyn SigningKey> {
    let signature = registry::signature("rsa-pss-sha256", "auto").unwrap();
    signature.signing_key(&SecretBytes::new(pkcs8.to_vec())).unwrap().into()
}

fn unwrap_key(pkcs8: &[u8]) -> Box<dyn UnwrapKey> {
    let key_transport = registry::key_transport("rsa-oaep-sha256", "auto").unwrap();
    key_transport.private_key(&SecretBytes::new(pkcs8.to_vec())).unwrap()
}

macro_rules! identities {
    ($($(#[$doc:meta])* $name:ident = $key:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name() -> Arc<dyn SigningKey> {
            static KEY: LazyLock<Arc<dyn SigningKey>> = LazyLock::new(|| signing_key($key));
            KEY.clone()
        }
    )*};
}
identities! {
    /// The identity of the server.
    server_identity = SERVER;
    /// The identity of the client.
    client_identity = CLIENT;
    /// An identity that nobody expects.
    other_identity = OTHER;
}

/// The server's transport key.
pub fn transport_key() -> Box<dyn UnwrapKey> {
    unwrap_key(TRANSPORT)
}

/// The server's identity in the place of its transport key.
pub fn identity_as_transport_key() -> Box<dyn UnwrapKey> {
    unwrap_key(SERVER)
}

/// A transport key certified by `identity` at `now` for `seconds`.
pub fn certified(key: Box<dyn UnwrapKey>, identity: &dyn SigningKey, now: u64, seconds: u64) -> Arc<Epoch> {
    Epoch::certify(key, 1, identity, now, seconds, Seeded::leaked(now)).unwrap()
}

/// The server's transport key, certified at the start of the clock.
pub fn epoch() -> Arc<Epoch> {
    static EPOCH: LazyLock<Arc<Epoch>> = LazyLock::new(|| certified(transport_key(), &*server_identity(), UNIX, 300));
    EPOCH.clone()
}

/// The server's transport key, certified now, for tests over real pipes.
pub fn epoch_today() -> Arc<Epoch> {
    static EPOCH: LazyLock<Arc<Epoch>> = LazyLock::new(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        certified(transport_key(), &*server_identity(), now, 300)
    });
    EPOCH.clone()
}

/// Lists of whom and what a server accepts.
#[derive(Debug)]
pub struct Lists {
    pub clients: Vec<Fingerprint>,
    pub services: Vec<&'static str>,
}

impl TrustPolicy for Lists {
    fn client_allowed(&self, client: &Fingerprint) -> bool {
        self.clients.contains(client)
    }

    fn service_allowed(&self, service: &str, _: Option<&Fingerprint>) -> bool {
        self.services.contains(&service)
    }
}

/// An anonymous client that expects the right server and asks for `print`.
pub fn client_config(random: &'static dyn SecureRandom) -> ClientConfig {
    ClientConfig {
        provider: provider(random),
        pins: vec![server_identity().fingerprint()],
        announce_pin: false,
        service: "print".to_owned(),
        identity: None,
        want_server_auth: false,
        settings: Settings::default(),
    }
}

/// A server that takes anybody and offers `print`.
pub fn server_config(random: &'static dyn SecureRandom) -> ServerConfig {
    ServerConfig {
        provider: provider(random),
        identity: server_identity(),
        client_auth: false,
        policy: Arc::new(Lists { clients: vec![client_identity().fingerprint()], services: vec!["print"] }),
        settings: Settings::default(),
    }
}
