//! The shipped config.toml: its values, that it and the schema hold the same keys, and that its comments tell the
//! truth.

use crate::support;
use sealwire_config::{
    ClientAuth, Config, DEFAULT, Kind, Loader, LogFormat, LogLevel, Padding, Rotation, RsaWork, SCHEMA, Source, Trust,
};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn assert_defaults(config: &Config) {
    assert_eq!((config.transport.kind.as_str(), config.transport.address.as_str()), ("tcp", "127.0.0.1:65432"));
    assert_eq!(config.transport.connect_timeout, secs(10));
    assert_eq!(config.cipher.suite, ["aes-256-gcm"]);
    assert_eq!(config.cipher.backend, "auto");
    assert_eq!(config.key_transport.scheme, "rsa-oaep-sha256");
    assert_eq!(config.key_transport.engine, "auto");
    assert_eq!((config.key_transport.bits, config.key_transport.primes), (2048, 2));
    assert_eq!((config.server.identity.as_deref(), config.server.identity_bits), (None, 3072));
    assert_eq!(config.server.services, ["print", "echo"]);
    assert!(config.server.receive.is_none() && config.server.targets.is_empty());
    assert!(config.client.forward.is_empty() && config.client.multiplex);
    assert_eq!((config.limits.max_streams, config.limits.max_all_streams), (1024, 8192));
    assert_eq!(config.limits.stream_memory, 256 << 20);
    assert_eq!(config.server.rotation, Rotation::Every(secs(300)));
    assert_eq!(config.server.pool, 4);
    assert_eq!((config.server.client_auth, config.server.authorized_clients.as_deref()), (ClientAuth::None, None));
    assert_eq!(config.server.drain_timeout, secs(10));
    assert_eq!((config.client.service.as_str(), config.client.trust), ("print", Trust::Ask));
    assert!(config.client.pin.is_empty() && !config.client.want_server_auth);
    assert_eq!((config.client.known_hosts.as_deref(), config.client.identity.as_deref()), (None, None));
    assert_eq!((config.session.padding, config.session.idle), (Padding::None, None));
    assert_eq!((config.session.handshake_timeout, config.session.close_timeout), (secs(10), secs(10)));
    assert_eq!((config.session.keepalive, config.session.dead_peer), (secs(30), secs(90)));
    assert_eq!((config.limits.max_message, config.limits.max_connections), (64 << 20, 1024));
    assert_eq!(config.limits.message_memory, 256 << 20);
    assert_eq!((config.limits.max_connections_per_address, config.limits.max_handshakes), (256, 512));
    assert_eq!(config.limits.max_handshakes_per_address, 64);
    assert_eq!((config.workers.rsa_threads, config.workers.rsa_queue), (None, 256));
    assert_eq!(config.workers.rsa, RsaWork::Auto);
    assert_eq!((config.log.format, config.log.level), (LogFormat::Text, LogLevel::Info));
}

#[test]
fn built_in_and_shipped_file_are_the_documented_defaults() {
    let nowhere = tempfile::tempdir().unwrap();
    let built_in = support::loader(nowhere.path()).load().unwrap();
    assert_eq!(built_in.source, Source::BuiltIn);
    assert_defaults(&built_in);

    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml");
    let shipped = Loader::new(support::choices()).file(Some(file.clone())).load().unwrap();
    assert_eq!(shipped.source, Source::File(file));
    assert_defaults(&shipped);

    assert_defaults(&support::load("").unwrap());
}

/// Each key of config.toml with the comment above it.
fn documented() -> BTreeMap<String, String> {
    let (mut section, mut comment, mut keys) = (String::new(), String::new(), BTreeMap::new());
    for line in DEFAULT.lines() {
        if let Some(text) = line.strip_prefix("# ") {
            comment += &format!("{text} ");
        } else if line.starts_with('[') {
            section = line.trim_matches(['[', ']']).to_owned();
            comment.clear();
        } else if let Some((key, _)) = line.split_once(" = ") {
            keys.insert(format!("{section}.{key}"), std::mem::take(&mut comment));
        } else {
            assert!(line.is_empty() || line == "#", "{line}");
            comment.clear();
        }
    }
    keys
}

#[test]
fn the_file_and_the_schema_hold_the_same_keys_in_the_same_words() {
    let documented = documented();
    let known: Vec<_> = SCHEMA.iter().map(|s| s.key.to_owned()).collect();
    let mut sorted = known.clone();
    sorted.sort();
    assert_eq!(documented.keys().cloned().collect::<Vec<_>>(), sorted);

    for setting in SCHEMA {
        let comment = &documented[setting.key];
        assert!(comment.len() > 20, "{} has no comment", setting.key);
        let words = match setting.kind {
            Kind::Number { min, max, or, unit, step } => {
                let multiple = format!("a multiple of {step}");
                let range = format!("{min} to {max}");
                let unit = if ["seconds", "bits", "bytes"].contains(&unit) { unit } else { "" };
                let multiple = if step > 1 { multiple } else { String::new() };
                vec![range, unit.to_owned(), multiple, or.unwrap_or_default().to_owned()]
            }
            Kind::OneOf(names) | Kind::ListOf(names) if !setting.key.ends_with("backend") => {
                names.list(&support::choices()).into_iter().map(str::to_owned).collect()
            }
            Kind::Bool => vec!["true or false".to_owned()],
            _ => Vec::new(),
        };
        for word in words {
            assert!(comment.contains(&word), "the comment of {} does not say {word:?}", setting.key);
        }
    }
}

#[test]
fn every_example_loads_and_says_how_to_try_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        let name = file.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&file).unwrap();
        for command in ["server", "client"] {
            let command = format!("sealwire {command} --config config/examples/{name}");
            assert!(text.contains(&command), "{name} does not say: {command}");
        }
        let config = Loader::new(support::choices()).file(Some(file)).load().unwrap();
        match name.as_str() {
            "gmp.toml" => assert_eq!(config.key_transport.engine, "gmp"),
            "portable.toml" => {
                assert_eq!((config.cipher.backend.as_str(), config.cipher.suite.len()), ("portable", 2));
                assert_eq!(config.key_transport.engine, "num-bigint/portable");
            }
            "unix.toml" => assert_eq!(config.transport.address, folder.join("sealwire.sock").to_str().unwrap()),
            "mutual.toml" => {
                assert_eq!(config.server.client_auth, ClientAuth::Required);
                assert_eq!(config.server.authorized_clients, Some(folder.join("authorized_clients")));
                assert_eq!(config.client.identity, Some(folder.join("client.pem")));
            }
            "tunnel.toml" => {
                let web = (config.server.targets["web"].as_str(), config.client.forward[1].target.as_str());
                assert_eq!((config.server.targets.len(), web), (2, ("/run/web.sock", "web")));
                assert_eq!(config.client.identity, Some(folder.join("client.pem")));
            }
            other => panic!("{other} is not tested"),
        }
        names.push(name);
    }
    names.sort();
    assert_eq!(names, ["gmp.toml", "mutual.toml", "portable.toml", "tunnel.toml", "unix.toml"]);
}
