//! Which layer wins, where the file is found, how overrides are typed, what paths become.

use crate::support::{load, loader};
use sealwire_config::{Config, ConfigError, Forward, LogLevel, Rotation, Source};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

fn write(path: &Path, text: &str) -> PathBuf {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    path.to_owned()
}

fn set(value: &str) -> Config {
    loader(tempfile::tempdir().unwrap().path()).sets([value]).load().unwrap()
}

#[test]
fn targets_of_all_layers_come_together() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.toml");
    std::fs::write(&file, "[server.targets]\ndb = \"a:1\"\nweb = \"./web.sock\"\n").unwrap();
    let loader = loader(folder.path()).file(Some(file));
    let config =
        loader.environment([("SEALWIRE__SERVER__TARGETS__CACHE", "b:2")]).sets(["server.targets.db=c:3"]).load();
    let targets: Vec<_> = config.unwrap().server.targets.into_iter().collect();
    let web = folder.path().join("web.sock").to_str().unwrap().to_owned();
    let expected = [("cache", "b:2"), ("db", "c:3"), ("web", &web)];
    assert_eq!(targets, expected.map(|(name, address)| (name.to_owned(), address.to_owned())));
    let inline = load("[server]\ntargets = { db = \"a:1\" }").unwrap();
    assert_eq!(inline.server.targets["db"], "a:1");
}

#[test]
fn connections_to_carry_are_read_from_files_and_overrides() {
    let forward = |listen: &str, target: &str| Forward { listen: listen.to_owned(), target: target.to_owned() };
    let config = load("[client]\nforward = [\"[::1]:1=db\", \"a=b:2=web\"]").unwrap();
    assert_eq!(config.client.forward, [forward("[::1]:1", "db"), forward("a=b:2", "web")]);
    let nowhere = tempfile::tempdir().unwrap();
    let config = loader(nowhere.path()).sets(["client.forward=127.0.0.1:1=db,/run/x=web"]).load().unwrap();
    assert_eq!(config.client.forward, [forward("127.0.0.1:1", "db"), forward("/run/x", "web")]);
}

#[test]
fn each_layer_overrides_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let file = write(&folder.path().join("a.toml"), "[key_transport]\nbits = 2064\n[log]\nlevel = \"warn\"");
    let from_file = || loader(folder.path()).file(Some(file.clone()));
    let environment = [("SEALWIRE__KEY_TRANSPORT__BITS", "2080"), ("PATH", "/bin"), ("SEALWIRE_CPU", "portable")];

    assert_eq!(loader(folder.path()).load().unwrap().key_transport.bits, 2048);
    let config = from_file().load().unwrap();
    assert_eq!(
        (config.key_transport.bits, config.log.level, config.limits.max_connections),
        (2064, LogLevel::Warn, 1024)
    );
    let config = from_file().environment(environment).load().unwrap();
    assert_eq!((config.key_transport.bits, config.log.level), (2080, LogLevel::Warn));
    let sets = ["key_transport.bits=2096", "key_transport.bits=2112"];
    let config = from_file().environment(environment).sets(sets).load().unwrap();
    assert_eq!((config.key_transport.bits, config.log.level), (2112, LogLevel::Warn));
}

#[test]
fn a_list_replaces_a_list() {
    let config = load("[server]\nservices = [\"echo\"]").unwrap();
    assert_eq!(config.server.services, ["echo"]);
    let config = load("[cipher]\nsuite = \"aes-128-gcm\"").unwrap();
    assert_eq!(config.cipher.suite, ["aes-128-gcm"]);
}

#[test]
fn overrides_are_typed_by_their_key() {
    assert_eq!(set("cipher.suite=aes-128-gcm, aes-256-gcm").cipher.suite, ["aes-128-gcm", "aes-256-gcm"]);
    assert_eq!(set("cipher.suite=[\"aes-128-gcm\"]").cipher.suite, ["aes-128-gcm"]);
    assert_eq!(set("cipher.backend=\"portable\"").cipher.backend, "portable");
    assert_eq!(set(" cipher.backend = portable ").cipher.backend, "portable");
    assert!(set("client.want_server_auth=true").client.want_server_auth);
    assert_eq!(set("server.rotation=per-connection").server.rotation, Rotation::PerConnection);
    assert_eq!(set("server.rotation=1").server.rotation, Rotation::Every(Duration::from_secs(1)));
    assert_eq!(set("limits.max_message=4_294_967_295").limits.max_message, u32::MAX);
    assert_eq!(set("limits.max_message=0x10").limits.max_message, 16);
    assert_eq!(set("session.idle=60").session.idle, Some(Duration::from_secs(60)));
    assert_eq!(set("workers.rsa_threads=3").workers.rsa_threads.map(usize::from), Some(3));
    // What happens to be TOML of another type stays text where text is wanted.
    assert_eq!(set("transport.address=65432").transport.address, "65432");
    assert_eq!(set("transport.address=[::1]:65432").transport.address, "[::1]:65432");
    assert_eq!(set("client.identity=true").client.identity, Some(PathBuf::from("true")));
    assert_eq!(set("client.identity=a=b").client.identity, Some(PathBuf::from("a=b")));
    let pin = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
    assert_eq!(set(&format!("client.pin={pin}")).client.pin, [pin]);
    assert_eq!(set(&format!("client.pin={pin},{pin}")).client.pin, [pin, pin]);
    assert!(set("client.pin=").client.pin.is_empty());
    assert_eq!(load(&format!("[client]\npin = \"{pin}\"")).unwrap().client.pin, [pin]);
    assert!(load("[client]\npin = \"\"").unwrap().client.pin.is_empty());
}

#[test]
fn the_file_is_looked_for_in_the_documented_order() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let bits = |n: u32| format!("[key_transport]\nbits = {n}");
    let environment = [("SEALWIRE_CONFIG", at("named.toml")), ("XDG_CONFIG_HOME", at("xdg")), ("HOME", at("home"))];
    let found = |skip: usize, asked: Option<PathBuf>| {
        let config = loader(root.path()).environment(environment[skip..].to_vec()).file(asked).load().unwrap();
        (config.key_transport.bits, config.source)
    };

    assert_eq!(found(2, None), (2048, Source::BuiltIn));
    let home = write(&at("home/.config/sealwire/config.toml"), &bits(2064));
    assert_eq!(found(1, None), (2048, Source::BuiltIn), "XDG_CONFIG_HOME takes the place of ~/.config");
    assert_eq!(found(2, None), (2064, Source::File(home)));
    let xdg = write(&at("xdg/sealwire/config.toml"), &bits(2080));
    assert_eq!(found(1, None), (2080, Source::File(xdg)));
    let local = write(&at("config/config.toml"), &bits(2096));
    assert_eq!(found(1, None), (2096, Source::File(local)));
    let named = write(&at("named.toml"), &bits(2112));
    assert_eq!(found(0, None), (2112, Source::File(named)));
    let asked = write(&at("asked.toml"), &bits(2128));
    assert_eq!(found(0, Some(asked.clone())), (2128, Source::File(asked)));
}

#[test]
fn empty_and_relative_variables_do_not_count() {
    let root = tempfile::tempdir().unwrap();
    let home = write(&root.path().join(".config/sealwire/config.toml"), "[limits]\nmax_connections = 7");
    let home_variable = root.path().to_str().unwrap();
    for xdg in ["", "relative"] {
        let environment = [("SEALWIRE_CONFIG", ""), ("XDG_CONFIG_HOME", xdg), ("HOME", home_variable)];
        let config = loader(&root.path().join("nowhere")).environment(environment).load().unwrap();
        assert_eq!((config.limits.max_connections, config.source), (7, Source::File(home.clone())));
    }
}

#[test]
fn a_file_that_was_named_must_be_there_and_readable() {
    let root = tempfile::tempdir().unwrap();
    let missing = root.path().join("missing.toml");
    let binary = root.path().join("binary.toml");
    fs::write(&binary, [0xff, 0xfe]).unwrap();
    let huge = write(&root.path().join("huge.toml"), &("#\n".repeat(1 << 15) + "#"));
    for (file, reason) in [
        (&missing, "No such file"),
        (&root.path().to_owned(), "directory"),
        (&binary, "UTF-8"),
        (&huge, "longer than 64 KiB"),
    ] {
        let asked = loader(root.path()).file(Some(file.clone())).load().unwrap_err();
        let named = loader(root.path()).environment([("SEALWIRE_CONFIG", file)]).load().unwrap_err();
        for error in [asked, named] {
            assert!(matches!(&error, ConfigError::Unreadable { path, .. } if path == file), "{error}");
            let message = error.to_string();
            assert!(message.contains(file.to_str().unwrap()) && message.contains(reason), "{message}");
        }
    }
}

#[test]
fn a_file_that_was_found_but_is_broken_is_not_passed_over() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("config/config.toml")).unwrap();
    assert!(matches!(loader(root.path()).load(), Err(ConfigError::Unreadable { .. })));
    // `config` may well be something else altogether.
    let other = tempfile::tempdir().unwrap();
    write(&other.path().join("config"), "");
    assert_eq!(loader(other.path()).load().unwrap().source, Source::BuiltIn);
}

#[test]
fn relative_paths_start_at_the_file_and_the_tilde_is_home() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("etc");
    let text = "[transport]\nkind = \"unix\"\naddress = \"./s.sock\"\n[server]\nidentity = \"keys/id.pem\"\n\
                authorized_clients = \"~/clients\"\n[client]\nidentity = \"/abs/me.pem\"";
    let file = write(&folder.join("a.toml"), text);
    let load = |sets: &[&str]| {
        let environment = [("HOME", "/home/ada"), ("SEALWIRE__CLIENT__KNOWN_HOSTS", "hosts")];
        loader(root.path()).file(Some(file.clone())).environment(environment).sets(sets.iter().copied()).load().unwrap()
    };
    let config = load(&[]);
    assert_eq!(Path::new(&config.transport.address), folder.join("s.sock"));
    assert_eq!(config.server.identity, Some(folder.join("keys/id.pem")));
    assert_eq!(config.server.authorized_clients, Some(PathBuf::from("/home/ada/clients")));
    assert_eq!(config.client.identity, Some(PathBuf::from("/abs/me.pem")));
    // Overrides start in the current directory, as any argument does.
    assert_eq!(config.client.known_hosts, Some(PathBuf::from("hosts")));
    let config = load(&["transport.address=~/s.sock", "server.identity=id.pem"]);
    assert_eq!(config.transport.address, "/home/ada/s.sock");
    assert_eq!(config.server.identity, Some(PathBuf::from("id.pem")));
    assert_eq!(load(&["transport.address=example.org:1"]).transport.address, "example.org:1");
    assert_eq!(load(&["server.identity="]).server.identity, None);
}
