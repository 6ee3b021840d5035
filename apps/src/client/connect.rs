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
use std::time::Duration;
use tokio::time::timeout;

/// Reaches one server, as often as is wanted, and makes sure each time that it is one of the pins, a known one, or one that the user
/// accepts.
pub struct Dialer {
    wire: Wire,
    session: ClientConfig,
    servers: Servers,
    limit: Duration,
}

impl Dialer {
    /// For the server at `address`. Opens the client's own key, and so may ask for its passphrase.
    ///
    /// # Errors
    /// [`AppError`]: a key or a list of servers that cannot be read.
    pub fn new(
        config: &Config,
        wire: &Wire,
        address: &str,
        given: &[Fingerprint],
        passphrases: &mut Passphrases<'_>,
    ) -> Result<Dialer, AppError> {
        let identity = match &config.client.identity {
            Some(path) => Some(identity::load(path, wire.provider.signature, passphrases)?),
            None => None,
        };
        Ok(Dialer {
            wire: wire.clone(),
            session: client_config(config, wire, Vec::new(), identity),
            servers: Servers::new(config, address, given)?,
            limit: config.transport.connect_timeout,
        })
    }

    /// A channel to the server, for `service`.
    ///
    /// # Errors
    /// [`AppError::Untrusted`] says which server or client is not trusted, and what to do about it.
    pub async fn dial(&self, service: &str) -> Result<Channel, AppError> {
        let pins = self.servers.expected()?;
        let result = match self.attempt(service, pins).await {
            Err(AppError::Channel(ChannelError::Handshake(HandshakeError::UnknownServer(found)))) => {
                self.servers.meet(found)?;
                self.attempt(service, vec![found]).await
            }
            result => result,
        };
        result.map_err(|error| self.servers.explain(error, self.session.identity.as_deref()))
    }

    /// One connection and one handshake.
    async fn attempt(&self, service: &str, pins: Vec<Fingerprint>) -> Result<Channel, AppError> {
        let address = &self.servers.address;
        let pipe = timeout(self.limit, self.wire.transport.connect(address)).await.map_err(|_| {
            let seconds = self.limit.as_secs();
            let text = format!("no answer within {seconds} seconds (transport.connect_timeout)");
            let source = io::Error::new(io::ErrorKind::TimedOut, text);
            TransportError::Connect { address: address.clone(), source }
        })??;
        let session = ClientConfig { pins, service: service.to_owned(), ..self.session.clone() };
        Ok(channel::connect(pipe, Arc::new(session), &self.wire.workers, self.wire.clock).await?)
    }
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
struct Servers {
    address: String,
    /// From the command line or the config: they alone count then.
    pins: Vec<Fingerprint>,
    known_hosts: TrustFile<KnownHost>,
    policy: Trust,
}

impl Servers {
    fn new(config: &Config, address: &str, given: &[Fingerprint]) -> Result<Servers, AppError> {
        let pins = if given.is_empty() { configured_pins(config)? } else { given.to_vec() };
        let address = address.to_owned();
        Ok(Servers { address, pins, known_hosts: known_hosts(config)?, policy: config.client.trust })
    }

    /// The fingerprints the server must have one of; none when it has never been met.
    fn expected(&self) -> Result<Vec<Fingerprint>, AppError> {
        Ok(if self.pins.is_empty() { pins(&self.known_hosts, &self.address)? } else { self.pins.clone() })
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
        let host = KnownHost::new(&self.address, found).map_err(AppError::Usage)?;
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
