//! Where names from the config meet code: backends, engines, transports and services are looked up here and nowhere else.

use crate::error::AppError;
use crate::services;
use sealwire_backends::{registry, rsa};
use sealwire_config::{Choices, Config, Padding, RsaWork};
use sealwire_traits::{AeadAlgorithm, KeySize, KeyTransport, OsRandom, Provider, SignatureScheme, Transport};
use sealwire_transport::Clock;
use sealwire_transport::pipe;
use sealwire_transport::server::{self, Caps};
use sealwire_transport::session::{self, Settings};
use sealwire_transport::workers::Workers;
use std::thread;
use std::time::Duration;

/// How identities sign. The one scheme of the protocol, so not a setting.
pub const SIGNATURE_SCHEME: &str = "rsa-pss-sha256";

/// The names that this build knows, for the config to choose from.
pub fn choices() -> Choices {
    Choices {
        transports: pipe::TRANSPORTS.iter().map(|transport| transport.name()).collect(),
        suites: registry::suites(),
        backends: registry::cipher_backends(),
        schemes: registry::key_transport_schemes(),
        engines: registry::engines(),
        services: services::names(),
        requests: services::conversations(),
    }
}

/// The RSA engines of this build, for `--version`.
pub fn built_in_engines() -> Vec<&'static str> {
    let engines = rsa::KEY_TRANSPORTS.iter().filter(|scheme| scheme.available().is_ok());
    // Without the kernel, which is a matter of the machine.
    let mut engines: Vec<_> = engines.map(|scheme| registry::library(scheme.engine())).collect();
    engines.dedup();
    engines
}

/// What a config comes to: everything a session needs but keys and trust.
#[derive(Clone)]
pub struct Wire {
    /// The algorithms.
    pub provider: Provider,
    /// The network.
    pub transport: &'static dyn Transport,
    /// Where RSA work runs.
    pub workers: Workers,
    /// The time.
    pub clock: Clock,
    /// Padding and timers.
    pub settings: Settings,
}

impl Wire {
    /// Looks everything up, and lets each backend pass its self-test.
    ///
    /// # Errors
    /// [`AppError::Registry`] for a backend that cannot be used here.
    pub fn new(config: &Config) -> Result<Wire, AppError> {
        let name = &config.transport.kind;
        Ok(Wire {
            provider: provider(config)?,
            transport: pipe::by_name(name)
                .ok_or_else(|| AppError::Usage(format!("transport.kind: no transport is called {name:?}")))?,
            workers: Workers::new(rsa_at_once(config), config.workers.rsa_queue),
            clock: Clock::start(),
            settings: settings(config),
        })
    }

    /// As [`new`](Self::new), for a server, which may do RSA in slices. A client has threads in any case: it may have a puzzle to solve, for
    /// seconds.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_server(config: &Config) -> Result<Wire, AppError> {
        let wire = Wire::new(config)?;
        let in_slices = match config.workers.rsa {
            RsaWork::Auto => wire.provider.key_transport.is_sliced(),
            RsaWork::Slices => true,
            RsaWork::Threads => false,
        };
        if !in_slices {
            return Ok(wire);
        }
        Ok(Wire { workers: Workers::in_slices(rsa_at_once(config), config.workers.rsa_queue), ..wire })
    }
}

fn rsa_at_once(config: &Config) -> usize {
    let cores = || thread::available_parallelism().ok();
    config.workers.rsa_threads.or_else(cores).map_or(1, usize::from)
}

/// The transport of an address that a tunnel begins or ends at: what contains a / is the path of a unix socket.
pub fn transport_of(address: &str) -> &'static dyn Transport {
    #[cfg(unix)]
    if address.contains('/') {
        return &pipe::Unix;
    }
    let _ = address;
    &pipe::Tcp
}

fn provider(config: &Config) -> Result<Provider, AppError> {
    let suites = config.cipher.suite.iter();
    let aeads: Result<Vec<&'static dyn AeadAlgorithm>, _> =
        suites.map(|suite| registry::aead(suite, &config.cipher.backend)).collect();
    Ok(Provider {
        // Made once a process, and used until its end.
        aeads: aeads?.leak(),
        key_transport: key_transport(config)?,
        signature: signature(config)?,
        random: &OsRandom,
    })
}

/// The key transport that the config names.
pub fn key_transport(config: &Config) -> Result<&'static dyn KeyTransport, AppError> {
    Ok(registry::key_transport(&config.key_transport.scheme, &config.key_transport.engine)?)
}

/// What transport keys are made.
pub fn key_size(config: &Config) -> KeySize {
    KeySize { bits: config.key_transport.bits, primes: config.key_transport.primes }
}

/// The signature scheme, on the engine that the config names.
pub fn signature(config: &Config) -> Result<&'static dyn SignatureScheme, AppError> {
    Ok(registry::signature(SIGNATURE_SCHEME, &config.key_transport.engine)?)
}

/// The caps of a server. Failed handshakes count for as long as one that says nothing may take.
pub fn admission_limits(config: &Config) -> server::Limits {
    let limits = &config.limits;
    server::Limits {
        connections: Caps { total: limits.max_connections, per_address: limits.max_connections_per_address },
        handshakes: Caps { total: limits.max_handshakes, per_address: limits.max_handshakes_per_address },
        memory: config.session.handshake_timeout,
    }
}

fn settings(config: &Config) -> Settings {
    let session = &config.session;
    Settings {
        padding: match session.padding {
            Padding::None => session::Padding::None,
            Padding::Buckets => session::Padding::Buckets,
        },
        handshake_timeout: session.handshake_timeout,
        keepalive: session.keepalive,
        dead_peer: session.dead_peer,
        idle: session.idle.unwrap_or(Duration::ZERO),
        close_timeout: session.close_timeout,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwire_config::Loader;

    #[test]
    fn a_server_does_rsa_where_it_is_told_and_a_client_on_threads() {
        let workers = |wire: Result<Wire, AppError>| format!("{:?}", wire.expect("a wire").workers);
        let all = |kind| format!("Workers(0 of 3 {kind} at work, 0 of 256 pieces waiting)");
        for (engine, told, server) in [
            ("num-bigint/portable", "auto", "tasks"),
            ("num-bigint/portable", "threads", "threads"),
            ("gmp", "auto", "threads"),
            ("gmp", "slices", "tasks"),
        ] {
            if !built_in_engines().contains(&registry::library(engine)) {
                continue;
            }
            let [engine, told] = [format!("key_transport.engine={engine}"), format!("workers.rsa={told}")];
            let settings = ["workers.rsa_threads=3", &engine, &told];
            let config = Loader::new(choices()).sets(settings).load().expect("good settings");
            assert_eq!(workers(Wire::of_server(&config)), all(server), "{settings:?}");
            assert_eq!(workers(Wire::new(&config)), all("threads"), "{settings:?}");
        }
    }
}
