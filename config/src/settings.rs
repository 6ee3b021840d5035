//! The settings, typed. One struct a section of `config.toml`, which says in full what each key is for.

use crate::kind::is_forward;
use crate::locate::Source;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Everything that was configured, each value within the bounds that [`SCHEMA`](crate::SCHEMA) states.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where it came from, to be shown.
    #[serde(skip)]
    pub source: Source,
    /// `[transport]`
    pub transport: Transport,
    /// `[cipher]`
    pub cipher: Cipher,
    /// `[key_transport]`
    pub key_transport: KeyTransport,
    /// `[server]`
    pub server: Server,
    /// `[client]`
    pub client: Client,
    /// `[session]`
    pub session: Session,
    /// `[limits]`
    pub limits: Limits,
    /// `[workers]`
    pub workers: Workers,
    /// `[log]`
    pub log: Log,
}

/// The pipe under the session.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transport {
    /// Name of the transport.
    pub kind: String,
    /// Where the server listens and the client connects, as that transport writes it.
    pub address: String,
    /// How long to try to connect.
    #[serde(deserialize_with = "seconds")]
    pub connect_timeout: Duration,
}

/// The cipher.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cipher {
    /// Names of the suites, at least one, most wanted first.
    pub suite: Vec<String>,
    /// Name of the backend, or `auto`.
    pub backend: String,
}

/// RSA.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyTransport {
    /// Name of the scheme.
    pub scheme: String,
    /// Name of the engine, or `auto`; signatures use it as well.
    pub engine: String,
    /// Bits of the rotating transport key.
    pub bits: usize,
    /// Primes of that key: two, or three, which only keys of 3072 and 4096 bits can have.
    pub primes: usize,
}

/// The server.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// File of the private identity key; `None` for the one in the state directory.
    #[serde(deserialize_with = "path_unless_empty")]
    pub identity: Option<PathBuf>,
    /// Bits of an identity that is made.
    pub identity_bits: usize,
    /// Names of the services on offer, at least one.
    pub services: Vec<String>,
    /// File or folder where received streams are stored; `None` for standard output.
    #[serde(deserialize_with = "path_unless_empty")]
    pub receive: Option<PathBuf>,
    /// Addresses that connections are forwarded to, by name.
    #[serde(default)]
    pub targets: BTreeMap<String, String>,
    /// When the transport key changes.
    pub rotation: Rotation,
    /// Transport keys made ahead at most, at least 1, when each connection has its own.
    pub pool: usize,
    /// Whether clients must prove who they are.
    pub client_auth: ClientAuth,
    /// File of the authorised clients; `None` for the one in the state directory.
    #[serde(deserialize_with = "path_unless_empty")]
    pub authorized_clients: Option<PathBuf>,
    /// How long those connected may finish when the server stops.
    #[serde(deserialize_with = "seconds")]
    pub drain_timeout: Duration,
}

/// The client.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// Name of the service to ask for.
    pub service: String,
    /// Connections to carry.
    pub forward: Vec<Forward>,
    /// Whether connections to the same target share a session.
    pub multiplex: bool,
    /// Fingerprints (`SHA256:...`) the server's identity must have one of; empty when `known_hosts` decides.
    pub pin: Vec<String>,
    /// What to do about an unknown server.
    pub trust: Trust,
    /// File of the known servers; `None` for the one in the state directory.
    #[serde(deserialize_with = "path_unless_empty")]
    pub known_hosts: Option<PathBuf>,
    /// File of the client's private key; `None` to stay anonymous.
    #[serde(deserialize_with = "path_unless_empty")]
    pub identity: Option<PathBuf>,
    /// Whether the server is to sign each handshake itself.
    pub want_server_auth: bool,
}

/// The session.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// How the length of messages is hidden.
    pub padding: Padding,
    /// How long a handshake may take.
    #[serde(deserialize_with = "seconds")]
    pub handshake_timeout: Duration,
    /// Something is sent at least this often. Less than [`dead_peer`](Self::dead_peer).
    #[serde(deserialize_with = "seconds")]
    pub keepalive: Duration,
    /// How long a peer may be silent.
    #[serde(deserialize_with = "seconds")]
    pub dead_peer: Duration,
    /// How long a session may go without data; `None` for ever.
    #[serde(deserialize_with = "seconds_unless_zero")]
    pub idle: Option<Duration>,
    /// How long to wait for the other end's close_notify after our own.
    #[serde(deserialize_with = "seconds")]
    pub close_timeout: Duration,
}

/// Caps.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Bytes in the longest message, at least 1.
    pub max_message: u32,
    /// Bytes that the messages of all sessions of a server share, beyond the first 64 KiB of each.
    pub message_memory: u64,
    /// Connections the server holds at once, at least 1.
    pub max_connections: usize,
    /// Those of one address, at least 1.
    pub max_connections_per_address: usize,
    /// Handshakes in progress at once, at least 1.
    pub max_handshakes: usize,
    /// Those of one address, at least 1.
    pub max_handshakes_per_address: usize,
    /// Connections that one session carries at once, at least 1.
    pub max_streams: usize,
    /// Those of all sessions of a server, at least 1.
    pub max_all_streams: usize,
    /// Bytes that may wait for the connections of all tunnels, beyond what each may have at first.
    pub stream_memory: usize,
}

/// Connections to carry to a target of the server, written `LISTEN=TARGET`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Forward {
    /// Where they arrive.
    pub listen: String,
    /// What the server connects them to.
    pub target: String,
}

impl TryFrom<String> for Forward {
    type Error = String;

    fn try_from(text: String) -> Result<Forward, String> {
        text.parse()
    }
}

impl FromStr for Forward {
    type Err = String;

    fn from_str(text: &str) -> Result<Forward, String> {
        match text.rsplit_once('=') {
            Some((listen, target)) if is_forward(text) => {
                Ok(Forward { listen: listen.to_owned(), target: target.to_owned() })
            }
            _ => Err(
                "expected LISTEN=TARGET, such as 127.0.0.1:5433=db, where TARGET has the characters a-z, 0-9, - and _"
                    .to_owned(),
            ),
        }
    }
}

/// Where RSA operations run.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workers {
    /// How many at once; `None` for one a processor core.
    #[serde(deserialize_with = "unless_zero")]
    pub rsa_threads: Option<NonZeroUsize>,
    /// Where those of a server do.
    pub rsa: RsaWork,
    /// Operations that may wait for their turn, at least 1.
    pub rsa_queue: usize,
}

/// Where a server's RSA operations run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RsaWork {
    /// In slices if the engine works in them, else on threads.
    Auto,
    /// On the threads that move bytes, in slices.
    Slices,
    /// On threads of their own.
    Threads,
}

/// The operational log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Its form.
    pub format: LogFormat,
    /// The least important events in it.
    pub level: LogLevel,
}

/// When the transport key changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "WrittenRotation")]
pub enum Rotation {
    /// After this long.
    Every(Duration),
    /// A key of its own for each connection.
    PerConnection,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenRotation {
    Seconds(u64),
    Word(RotationWord),
}

#[derive(Deserialize)]
enum RotationWord {
    #[serde(rename = "per-connection")]
    PerConnection,
}

impl From<WrittenRotation> for Rotation {
    fn from(written: WrittenRotation) -> Rotation {
        match written {
            WrittenRotation::Seconds(seconds) => Rotation::Every(Duration::from_secs(seconds)),
            WrittenRotation::Word(RotationWord::PerConnection) => Rotation::PerConnection,
        }
    }
}

/// Whether clients must prove who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientAuth {
    /// Anyone may connect.
    None,
    /// Only clients whose key is listed.
    Required,
}

/// What a client does about a server that is neither pinned nor known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Ask on a terminal; refuse without one.
    Ask,
    /// Remember it and go on.
    AcceptNew,
    /// Refuse it.
    PinnedOnly,
}

/// How the length of messages is hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Padding {
    /// Not at all.
    None,
    /// Each record is padded to the next power of two, from 256 bytes up.
    Buckets,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// The least important events in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something is odd.
    Warn,
    /// Who came and went.
    Info,
    /// What was decided.
    Debug,
    /// Every step.
    Trace,
}

impl LogLevel {
    /// The name in the config, which is also tracing's.
    pub fn name(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}

fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_secs)
}

fn seconds_unless_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    Ok(Some(seconds(deserializer)?).filter(|duration| !duration.is_zero()))
}

fn unless_zero<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NonZeroUsize>, D::Error> {
    usize::deserialize(deserializer).map(NonZeroUsize::new)
}

fn path_unless_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    Ok(Some(PathBuf::deserialize(deserializer)?).filter(|path| !path.as_os_str().is_empty()))
}
