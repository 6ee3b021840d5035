//! The one table of everything that may be configured. The loader checks each value against it before anything else
//! sees it.
//!
//! A new setting is a line here, a field in [`settings`](crate::settings) and a commented default in `config.toml`; the
//! tests fail while one of the three is missing.

use crate::kind::Names::{Backends, Engines, Fixed, Requests, Schemes, Services, Suites, Transports};
use crate::kind::{Kind, bits, number, seconds};

/// One setting: where it stands, what it may be, what it is for.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// `section.key`.
    pub key: &'static str,
    /// The values it may have.
    pub kind: Kind,
    /// What it is, in a few words for error messages.
    pub help: &'static str,
}

const fn setting(key: &'static str, kind: Kind, help: &'static str) -> Setting {
    Setting { key, kind, help }
}

/// The one setting that is a table.
pub(crate) const TARGETS: &str = "server.targets";

/// What stands in that table, under any name.
static TARGET: Setting = setting("server.targets.NAME", Kind::Address, "what a forwarded connection leads to");

/// Every setting, in the order of `config.toml`.
pub static SCHEMA: &[Setting] = &[
    setting("transport.kind", Kind::OneOf(Transports), "what carries the bytes"),
    setting("transport.address", Kind::Address, "where the server listens"),
    setting("transport.connect_timeout", seconds(1, 600), "how long to try to connect"),
    setting("cipher.suite", Kind::ListOf(Suites), "the ciphers this end offers or accepts"),
    setting("cipher.backend", Kind::OneOf(Backends), "the code that computes the cipher"),
    setting("key_transport.scheme", Kind::OneOf(Schemes), "how the secret travels"),
    setting("key_transport.engine", Kind::OneOf(Engines), "the big-integer arithmetic under RSA"),
    setting("key_transport.bits", bits(), "size of the rotating transport key"),
    setting("key_transport.primes", number(2, 3, "primes"), "how many primes that key has"),
    setting("server.identity", Kind::Path, "the server's private key"),
    setting("server.identity_bits", bits(), "size of a new identity"),
    setting("server.services", Kind::ListOf(Services), "what clients may ask for"),
    setting("server.receive", Kind::Path, "where received streams are stored"),
    setting(TARGETS, Kind::Targets, "what forwarded connections lead to"),
    setting("server.rotation", seconds(1, 300).or("per-connection"), "how long a transport key is used"),
    setting("server.pool", number(1, 256, "keys"), "transport keys made ahead"),
    setting("server.client_auth", Kind::OneOf(Fixed(&["none", "required"])), "whether clients must prove who they are"),
    setting("server.authorized_clients", Kind::Path, "the clients that are let in"),
    setting("server.drain_timeout", seconds(0, 3600), "how long the connected may finish at the end"),
    setting("client.service", Kind::OneOf(Requests), "what to ask the server for"),
    setting("client.forward", Kind::Forwards, "connections to carry to the server's targets"),
    setting("client.multiplex", Kind::Bool, "whether they share a session"),
    setting("client.pin", Kind::Fingerprints, "fingerprints the server must have one of"),
    setting(
        "client.trust",
        Kind::OneOf(Fixed(&["ask", "accept-new", "pinned-only"])),
        "what to do about an unknown server",
    ),
    setting("client.known_hosts", Kind::Path, "the servers met before"),
    setting("client.identity", Kind::Path, "the client's private key"),
    setting("client.want_server_auth", Kind::Bool, "whether the server signs each handshake"),
    setting("session.padding", Kind::OneOf(Fixed(&["none", "buckets"])), "hiding the length of messages"),
    setting("session.handshake_timeout", seconds(1, 120), "how long a handshake may take"),
    setting("session.keepalive", seconds(2, 3600), "how often to send at least"),
    setting("session.dead_peer", seconds(3, 86_400), "how long a peer may be silent"),
    setting("session.idle", seconds(0, 604_800), "how long a session may go without data; 0 is for ever"),
    setting("session.close_timeout", seconds(1, 300), "how long to wait for the other end's farewell"),
    setting("limits.max_message", number(1, u32::MAX as i64, "bytes"), "the longest message"),
    setting("limits.message_memory", number(0, 1 << 40, "bytes"), "what long messages of all sessions share"),
    setting("limits.max_connections", number(1, 1_000_000, "connections"), "how many connections the server holds"),
    setting("limits.max_connections_per_address", number(1, 1_000_000, "connections"), "those of one address"),
    setting("limits.max_handshakes", number(1, 1_000_000, "handshakes"), "how many handshakes may be in progress"),
    setting("limits.max_handshakes_per_address", number(1, 1_000_000, "handshakes"), "those of one address"),
    setting("limits.max_streams", number(1, 65_536, "connections"), "how many connections one session carries"),
    setting("limits.max_all_streams", number(1, 1_000_000, "connections"), "how many all sessions of a server carry"),
    setting("limits.stream_memory", number(0, 1 << 40, "bytes"), "memory for data that waits in tunnels"),
    setting("workers.rsa_threads", number(0, 1024, "operations"), "RSA operations at once; 0 is one a processor core"),
    setting("workers.rsa", Kind::OneOf(Fixed(&["auto", "slices", "threads"])), "where a server does RSA"),
    setting("workers.rsa_queue", number(1, 65_536, "operations"), "how many RSA operations may wait"),
    setting("log.format", Kind::OneOf(Fixed(&["text", "json"])), "the form of the log"),
    setting("log.level", Kind::OneOf(Fixed(&["error", "warn", "info", "debug", "trace"])), "what is logged"),
];

/// The setting with this `section.key`, or `server.targets.NAME`.
pub(crate) fn find(key: &str) -> Option<&'static Setting> {
    let target = key.strip_prefix(TARGETS).and_then(|rest| rest.strip_prefix('.')).filter(|name| is_target(name));
    SCHEMA.iter().find(|s| s.key == key).or(target.map(|_| &TARGET))
}

/// Whether this can be the name of a target: a part of a key, and of the name of a service on the wire.
pub(crate) fn is_target(name: &str) -> bool {
    const LONGEST: usize = 64;
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    (1..=LONGEST).contains(&name.len()) && name.chars().all(allowed)
}

/// The section a key stands in.
pub(crate) fn section_of(key: &str) -> &str {
    key.split_once('.').map_or("", |(section, _)| section)
}

/// Every section, in order.
pub(crate) fn sections() -> Vec<&'static str> {
    let mut names: Vec<_> = SCHEMA.iter().map(|s| section_of(s.key)).collect();
    names.dedup();
    names
}

/// The keys of one section, or all keys when there is no such section.
pub(crate) fn keys_of(section: &str) -> Vec<&'static str> {
    let keys = |all| SCHEMA.iter().map(|s| s.key).filter(|k| all || section_of(k) == section).collect::<Vec<_>>();
    match keys(false) {
        none if none.is_empty() => keys(true),
        some => some,
    }
}

/// The known name that `written` most likely stands for: a letter or two away, or the right key in the wrong section.
pub(crate) fn nearest(written: &str, known: &[&'static str]) -> Option<&'static str> {
    const LONGEST: usize = 64; // nobody mistypes a name into a page of text, and the distance takes quadratic time
    if written.len() > LONGEST {
        return None;
    }
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let distance = |name: &str| {
        let whole = strsim::damerau_levenshtein(written, name);
        let moved = 1 + strsim::damerau_levenshtein(&last(written), &last(name));
        whole.min(moved)
    };
    let close = 1 + written.len().min(12) / 6;
    known.iter().copied().map(|name| (distance(name), name)).filter(|(d, _)| *d <= close).min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_slips_of_the_hand_and_misplaced_keys_and_nothing_else() {
        let keys: Vec<_> = SCHEMA.iter().map(|s| s.key).collect();
        for (written, meant) in [
            ("cipher.backends", Some("cipher.backend")),
            ("transport.adress", Some("transport.address")),
            ("transprot.kind", Some("transport.kind")),
            ("server.max_connections", Some("limits.max_connections")),
            ("rotation", Some("server.rotation")),
            ("log.levle", Some("log.level")),
            ("cipher.colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, &keys), meant, "{written}");
        }
        assert_eq!(nearest("transprot", &sections()), Some("transport"));
        assert_eq!(nearest(&"x".repeat(1 << 20), &keys), None);
    }

    #[test]
    fn no_key_is_listed_twice_and_sections_are_contiguous() {
        let different = |names: &[&str]| names.iter().collect::<std::collections::HashSet<_>>().len();
        let keys: Vec<_> = SCHEMA.iter().map(|s| s.key).collect();
        assert_eq!(different(&keys), keys.len());
        assert_eq!(different(&sections()), sections().len());
    }
}
