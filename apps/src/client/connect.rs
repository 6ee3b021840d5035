//! Reaching the server, and deciding whether it is the right one: pins, known servers, first contact.

use crate::error::AppError;
use crate::identity;
use crate::passphrase::Passphrases;
use crate::trust::{KnownHost, TrustFile, pins};
use crate::trust_command::known_hosts;
use crate::wire::Wire;
use sealwire_config::{Config, Trust};
use sealwire_traits::{Fingerprint, SigningKey, TransportError};
use sealwire_transport::ChannelError;
use sealwire_transport::channel::{self, Channel};
use sealwire_transport::session::{ClientConfig, HandshakeError};
use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;
use tokio::time::timeout;

/// Connects to `address` and makes sure that the server is one of the pins, a known one, or one that the user accepts now.
///
/// # Errors
/// [`AppError::Untrusted`] says which server or client is not trusted, and what to do about it.
pub async fn connect(
    config: &Config,
    wire: &Wire,
    address: &str,
    given: &[Fingerprint],
    passphrases: &mut Passphrases<'_>,
) -> Result<Channel, AppError> {
    let identity = match &config.client.identity {
        Some(path) => Some(identity::load(path, wire.provider.signature, passphrases)?),
        None => None,
    };
    let trust = Servers::new(config, address, given)?;
    let pins = trust.expected()?;
    let result = attempt(config, wire, address, pins.clone(), identity.clone()).await;
    let result = match result {
        Err(AppError::Channel(ChannelError::Handshake(HandshakeError::UnknownServer(found)))) => {
            trust.meet(found)?;
            attempt(config, wire, address, vec![found], identity.clone()).await
        }
        result => result,
    };
    result.map_err(|error| trust.explain(error, identity.as_deref()))
}

/// One connection and one handshake.
async fn attempt(
    config: &Config,
    wire: &Wire,
    address: &str,
    pins: Vec<Fingerprint>,
    identity: Option<Arc<dyn SigningKey>>,
) -> Result<Channel, AppError> {
    let limit = config.transport.connect_timeout;
    let pipe = timeout(limit, wire.transport.connect(address)).await.map_err(|_| {
        let source = io::Error::new(
            io::ErrorKind::TimedOut,
            format!("no answer within {} seconds (transport.connect_timeout)", limit.as_secs()),
        );
        TransportError::Connect { address: address.to_owned(), source }
    })??;
    let session = Arc::new(client_config(config, wire, pins, identity));
    Ok(channel::connect(pipe, session, &wire.workers, wire.clock).await?)
}

/// The client's side of a session.
pub fn client_config(
    config: &Config,
    wire: &Wire,
    pins: Vec<Fingerprint>,
    identity: Option<Arc<dyn SigningKey>>,
) -> ClientConfig {
    ClientConfig {
        provider: wire.provider,
        pins,
        announce_pin: false,
        service: config.client.service.clone(),
        identity,
        want_server_auth: config.client.want_server_auth,
        settings: wire.settings,
    }
}

/// What is known of the server at one address.
struct Servers<'a> {
    address: &'a str,
    /// From the command line or the config: they alone count then.
    pins: Vec<Fingerprint>,
    known_hosts: TrustFile<KnownHost>,
    policy: Trust,
}

impl<'a> Servers<'a> {
    fn new(config: &Config, address: &'a str, given: &[Fingerprint]) -> Result<Servers<'a>, AppError> {
        let pins = if given.is_empty() { configured_pins(config)? } else { given.to_vec() };
        Ok(Servers { address, pins, known_hosts: known_hosts(config)?, policy: config.client.trust })
    }

    /// The fingerprints the server must have one of; none when it has never been met.
    fn expected(&self) -> Result<Vec<Fingerprint>, AppError> {
        Ok(if self.pins.is_empty() { pins(&self.known_hosts, self.address)? } else { self.pins.clone() })
    }

    /// A server that was never met: asks, accepts or refuses, as the config says, and remembers it.
    fn meet(&self, found: Fingerprint) -> Result<(), AppError> {
        let accepted = match self.policy {
            Trust::AcceptNew => true,
            Trust::PinnedOnly => false,
            Trust::Ask => self.ask(found)?,
        };
        if !accepted {
            return Err(AppError::Untrusted(format!(
                "the server at {address} is not known. It says it is {found}. Compare that with what the server printed when it started; \
                 if it is the same, run `sealwire trust add --server {address} {found}`, or give `--pin {found}`",
                address = self.address
            )));
        }
        let host = KnownHost::new(self.address, found).map_err(AppError::Usage)?;
        Ok(self.known_hosts.add(&host)?)
    }

    /// Asks on the terminal; without one the answer is no.
    #[expect(clippy::print_stderr, reason = "a question to the user")]
    fn ask(&self, found: Fingerprint) -> Result<bool, AppError> {
        if !io::stdin().is_terminal() {
            return Ok(false);
        }
        eprintln!("The server at {} is not known. It says it is\n  {found}", self.address);
        eprint!("Is that what the server printed when it started? (yes/no) ");
        let failed = |source| AppError::Io { what: "reading the answer", source };
        io::stderr().flush().map_err(failed)?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer).map_err(failed)?;
        Ok(matches!(answer.trim(), "yes" | "y"))
    }

    /// A failure of authentication in words that a person can act on.
    fn explain(&self, error: AppError, identity: Option<&dyn SigningKey>) -> AppError {
        let AppError::Channel(ChannelError::Handshake(reason)) = &error else { return error };
        match reason {
            HandshakeError::WrongServer { found, .. } if self.pins.is_empty() => AppError::Untrusted(format!(
                "THE SERVER'S KEY HAS CHANGED. {address} is now {found}, which is not the key in {file}. Either the server has a new \
                 identity, or somebody stands between. Ask its owner; if the new key is right: `sealwire trust remove --server \
                 {address}`, then `sealwire trust add --server {address} {found}`",
                address = self.address,
                file = self.known_hosts.path().display()
            )),
            HandshakeError::WrongServer { .. } => AppError::Untrusted(format!(
                "{reason}: the pin (--pin or client.pin) is wrong, or somebody else answers at {}",
                self.address
            )),
            HandshakeError::Refused { .. } | HandshakeError::ClientKeyNeeded if reason.is_authentication() => {
                AppError::Untrusted(match identity {
                    Some(key) => format!(
                        "{reason}. If the server takes known clients only, its owner has to run `sealwire trust add {}` there",
                        key.fingerprint()
                    ),
                    None => format!(
                        "{reason}. Make a key with `sealwire keygen --out FILE`, and name it in client.identity"
                    ),
                })
            }
            _ => error,
        }
    }
}

fn configured_pins(config: &Config) -> Result<Vec<Fingerprint>, AppError> {
    let pins = config.client.pin.iter().map(|pin| pin.parse());
    pins.collect::<Result<_, _>>().map_err(|error| AppError::Usage(format!("client.pin: {error}")))
}
