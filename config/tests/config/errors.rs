//! What is wrong is refused, by name: the place, the key, the value, what is allowed.

use crate::support::{choices, load, loader, refusal, set_refusal};
use proptest::prelude::*;
use sealwire_config::{Choices, ConfigError, Fault, Kind, Loader, Origin, SCHEMA};
use std::ffi::OsString;

/// TOML values that this kind must refuse: each wrong type, and right types out of bounds.
fn bad_values(kind: Kind) -> Vec<String> {
    let mut bad: Vec<String> =
        ["1.5", "nan", "1979-05-27", "{ a = 1 }", "[[]]", "[1]", "99999999999999999999"].map(String::from).to_vec();
    let mut also = |values: &[&str]| bad.extend(values.iter().map(|v| v.to_string()));
    match kind {
        Kind::Bool => also(&["0", "1", "\"true\"", "[true]"]),
        Kind::Number { min, max, step, or, .. } => {
            also(&["true", "\"\"", "\"x\"", "-9223372036854775808", "[]"]);
            also(&[&(min - 1).to_string(), &(max + 1).to_string(), &format!("\"{min}\"")]);
            if step > 1 {
                also(&[&(min + 1).to_string(), &(min + step / 2).to_string()]);
            }
            if let Some(word) = or {
                also(&[&format!("\"{word}s\""), &format!("[\"{word}\"]")]);
            }
        }
        Kind::Address => also(&["1", "true", "\"\"", "\" \"", "\"a\\nb\"", "[]", "[\"a\"]"]),
        Kind::Targets => also(&["1", "true", "\"\"", "\"db\"", "[]", "[\"db=a:1\"]"]),
        Kind::Forwards => {
            also(&["1", "true", "\"a:1\"", "\"a:1=\"", "\"=db\"", "\"a:1=DB\"", "\"a:1=d.b\"", "[\"a:1=db\", 1]"])
        }
        Kind::Path => also(&["1", "true", "\"a\\u0000b\"", "[]", "[\"a\"]"]),
        Kind::Fingerprints => also(&[
            "1",
            "\"SHA256:\"",
            "\"MD5:00\"",
            "\"SHA256:AAAA\"",
            "[\"\"]",
            // One character short, padded, a character that is not base64, bits beyond the 256th.
            "\"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuF\"",
            "\"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\"",
            "\"SHA256:47DEQpj8HBSa*/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\"",
            "\"SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV\"",
        ]),
        Kind::OneOf(names) | Kind::ListOf(names) => {
            also(&["1", "true", "\"\"", "\"nosuch\"", "[]", "[\"nosuch\"]"]);
            let first = names.list(&choices())[0];
            also(&[&format!("\"{}\"", first.to_uppercase()), &format!("[\"{first}\", \"{first}\"]")]);
            if matches!(kind, Kind::OneOf(_)) {
                also(&[&format!("[\"{first}\"]")]);
            }
        }
    }
    if matches!(kind, Kind::Targets) {
        // What is wrong in a table of targets is said of each: `targets_are_refused_by_name`.
        bad.retain(|value| !value.starts_with('{'));
    }
    bad
}

#[test]
fn every_key_refuses_every_wrong_value_by_name() {
    let mut tried = 0;
    for setting in SCHEMA {
        let (section, key) = setting.key.split_once('.').unwrap();
        let allowed = setting.kind.allowed(&choices());
        for bad in bad_values(setting.kind) {
            let message = refusal(&format!("# first line\n[{section}]\n{key} = {bad}\n"));
            let found = if bad.starts_with('{') { "a table" } else { &bad };
            let expected = format!("test.toml:3: {} ({}) is {found}: allowed is {allowed}", setting.key, setting.help);
            assert_eq!(message, expected);
            tried += 1;
        }
    }
    assert!(tried > 400, "{tried}");
}

#[test]
fn overrides_are_refused_by_name_too() {
    let nowhere = tempfile::tempdir().unwrap();
    for setting in SCHEMA {
        // Bare text is a path, an address is nearly any text, and an empty list of pins is allowed.
        let bad = if matches!(setting.kind, Kind::Path | Kind::Address) { "a\0b" } else { "no such" };
        let variable = format!("SEALWIRE__{}", setting.key.to_uppercase().replace('.', "__"));
        let message = loader(nowhere.path()).environment([(&variable, bad)]).load().unwrap_err().to_string();
        let shown = bad.replace('\0', "\\u{0}");
        let allowed = setting.kind.allowed(&choices());
        let wrong = format!("{} ({}) is \"{shown}\": allowed is {allowed}", setting.key, setting.help);
        assert_eq!(message, format!("environment variable {variable}: {wrong}"));
        assert_eq!(set_refusal(&[&format!("{}={bad}", setting.key)]), format!("--set: {wrong}"));
    }
}

#[test]
fn targets_are_refused_by_name() {
    let text = "[server.targets]\ndb = \"127.0.0.1:5432\"\nWeb = \"a:1\"\ncache = 6379\nempty = \"\"\n";
    let allowed = "allowed is an address in quotes, not empty";
    let message = refusal(text);
    let lines: Vec<_> = message.lines().collect();
    assert!(lines[0].starts_with("test.toml:3: unknown key server.targets.Web"), "{message}");
    assert_eq!(
        lines[1],
        format!("test.toml:4: server.targets.cache (what a forwarded connection leads to) is 6379: {allowed}")
    );
    assert_eq!(
        lines[2],
        format!("test.toml:5: server.targets.empty (what a forwarded connection leads to) is \"\": {allowed}")
    );
    assert_eq!(lines.len(), 3);
    let message = set_refusal(&["server.targets.db="]);
    assert_eq!(message, format!("--set: server.targets.db (what a forwarded connection leads to) is \"\": {allowed}"));
    assert!(set_refusal(&["server.targets.a.b=c:1"]).contains("unknown key server.targets.a.b"));
}

#[test]
fn messages_list_the_names_the_program_knows() {
    assert_eq!(
        refusal("[cipher]\nbackend = \"fast\""),
        "test.toml:2: cipher.backend (the code that computes the cipher) is \"fast\": \
         allowed is one of \"auto\", \"vaes\", \"aes-ni\", \"portable\""
    );
    assert_eq!(
        set_refusal(&["server.rotation=301"]),
        "--set: server.rotation (how long a transport key is used) is \"301\": \
         allowed is a whole number of seconds from 1 to 300, or \"per-connection\""
    );
    assert_eq!(
        set_refusal(&["server.pool=257"]),
        "--set: server.pool (transport keys made ahead) is \"257\": allowed is a whole number of keys from 1 to 256"
    );
    assert_eq!(
        set_refusal(&["key_transport.bits=2056"]),
        "--set: key_transport.bits (size of the rotating transport key) is \"2056\": \
         allowed is a whole number of bits from 2048 to 4096, a multiple of 16"
    );
}

#[test]
fn a_caller_may_list_auto_and_it_stays_one_name() {
    let names = Choices { backends: vec!["portable", "auto"], ..choices() };
    let folder = tempfile::tempdir().unwrap();
    let result = Loader::new(names).directory(folder.path().to_owned()).sets(["cipher.backend=fast"]).load();
    let message = result.unwrap_err().to_string();
    assert!(message.ends_with("is \"fast\": allowed is one of \"auto\", \"portable\""), "{message}");
}

#[test]
fn an_override_carries_one_value() {
    for set in ["limits.max_message=1\n[log]", "limits.max_message=1\nzebra = 2", "cipher.suite=[\"aes-256-gcm\"]\nx=1"]
    {
        assert!(set_refusal(&[set]).contains("\\n"), "{set:?}");
    }
}

#[test]
fn unknown_names_are_refused_with_the_likely_one() {
    for (text, expected) in [
        ("[cipher]\nbackends = 1", "2: unknown key cipher.backends: did you mean cipher.backend?"),
        (
            "[server]\nmax_connections = 1",
            "2: unknown key server.max_connections: did you mean limits.max_connections?",
        ),
        ("[transprot]\nkind = \"tcp\"", "1: unknown key transprot: did you mean transport?"),
        ("rotation = 3", "1: unknown key rotation: did you mean server.rotation?"),
        ("log.levle = \"info\"", "1: unknown key log.levle: did you mean log.level?"),
        ("[log]\ncolour = 1", "2: unknown key log.colour: known are log.format, log.level"),
        ("\"log.level\" = 1", "1: unknown key \"log.level\": did you mean log.level?"),
        ("[log]\n\"le.vel\" = 1", "2: unknown key log.\"le.vel\": did you mean log.level?"),
        ("[log]\n\"\\u001B[2J\" = 1", "2: unknown key log.\"\\u{1b}[2J\": known are log.format, log.level"),
        ("log = \"info\"", "1: log (a section) is \"info\": allowed is [log] with its keys"),
        ("[[log]]\nlevel = \"info\"", "1: log (a section) is [[log]]: allowed is [log] with its keys"),
    ] {
        assert_eq!(refusal(text), format!("test.toml:{expected}"));
    }
    assert!(refusal("[zebra]").starts_with("test.toml:1: unknown key zebra: known are transport, cipher,"));
    assert_eq!(set_refusal(&["backend=auto"]), "--set: unknown key backend: did you mean cipher.backend?");
    assert_eq!(
        set_refusal(&["log.level"]),
        "--set: log.level (an override) is without =: allowed is section.key=value"
    );
    assert_eq!(set_refusal(&["log.color=1"]), "--set: unknown key log.color: known are log.format, log.level");
}

#[test]
fn unknown_variables_are_refused_and_foreign_ones_are_not_ours() {
    let nowhere = tempfile::tempdir().unwrap();
    let message = |name: &str| loader(nowhere.path()).environment([(name, "1")]).load().map_err(|e| e.to_string());
    let expected =
        "environment variable SEALWIRE__CIPHER__BACKENDS: unknown key cipher.backends: did you mean cipher.backend?";
    assert_eq!(message("SEALWIRE__CIPHER__BACKENDS").unwrap_err(), expected);
    assert!(message("SEALWIRE__").unwrap_err().starts_with("environment variable SEALWIRE__: unknown key"));
    for foreign in ["SEALWIRE_CPU", "SEALWIRE_PASSPHRASE", "SEALWIRE", "XSEALWIRE__LOG", "PATH"] {
        assert!(message(foreign).is_ok(), "{foreign}");
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_text_is_refused() {
    use std::os::unix::ffi::OsStringExt;
    let nowhere = tempfile::tempdir().unwrap();
    let value = OsString::from_vec(vec![b'a', 0xff]);
    let environment = [(OsString::from("SEALWIRE__CLIENT__IDENTITY"), value.clone()), (OsString::from("OTHER"), value)];
    let message = loader(nowhere.path()).environment(environment).load().unwrap_err().to_string();
    assert!(message.starts_with("environment variable SEALWIRE__CLIENT__IDENTITY: client.identity"), "{message}");
}

#[test]
fn all_problems_are_told_at_once_from_top_to_bottom() {
    let text = "[log]\nlevel = 1\nformat = 2\n[cipher]\nbackend = \"x\"\n[zebra]\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.toml");
    std::fs::write(&file, text).unwrap();
    let result = loader(folder.path()).file(Some(file.clone())).environment([("SEALWIRE__A", "1")]).sets(["b"]).load();
    let Err(ConfigError::Invalid(problems)) = result else { panic!("{result:?}") };
    let places: Vec<_> = problems.iter().map(|p| p.origin.clone()).collect();
    let line = |n| Origin::File(file.clone(), n);
    let environment = Origin::Environment("SEALWIRE__A".to_owned());
    assert_eq!(places, [line(2), line(3), line(5), line(6), environment, Origin::Set]);
    assert!(matches!(problems[3].fault, Fault::Unknown { .. }));
}

#[test]
fn syntax_errors_name_file_line_and_column() {
    assert!(refusal("[log]\nlevel = \n").starts_with("test.toml:2:9: "), "{}", refusal("[log]\nlevel = \n"));
    assert!(refusal("[log]\nlevel = 1\nlevel = 2\n").starts_with("test.toml:3:1: duplicate key"));
    assert!(refusal("[lög\n").starts_with("test.toml:1:"));
    assert!(load("\u{feff}[log]\r\nlevel = \"warn\"\r\n").is_ok(), "a byte order mark and CRLF are well");
}

#[test]
fn three_primes_need_a_large_key() {
    let expected = "key_transport.primes (how many primes that key has) is 3: \
                    allowed is 2, and 3 where key_transport.bits is 3072 or 4096 (it is 2048)";
    assert_eq!(refusal("[key_transport]\nprimes = 3\n"), format!("test.toml:2: {expected}"));
    assert_eq!(set_refusal(&["key_transport.primes=3"]), format!("--set: {expected}"));
    assert!(set_refusal(&["key_transport.primes=3", "key_transport.bits=3088"]).ends_with("(it is 3088)"));
    for primes in [0, 1, 4] {
        let message = refusal(&format!("[key_transport]\nbits = 4096\nprimes = {primes}\n"));
        assert!(message.ends_with("allowed is a whole number of primes from 2 to 3"), "{message}");
    }
    for bits in [3072, 4096] {
        let config = load(&format!("[key_transport]\nbits = {bits}\nprimes = 3\n")).expect("allowed");
        assert_eq!((config.key_transport.bits, config.key_transport.primes), (bits, 3));
    }
}

#[test]
fn a_peer_gets_time_for_a_keepalive() {
    let expected =
        "session.dead_peer (how long a peer may be silent) is 30: allowed is more than session.keepalive, which is 30";
    assert_eq!(refusal("[session]\ndead_peer = 30\n"), format!("test.toml:2: {expected}"));
    assert_eq!(set_refusal(&["session.dead_peer=30"]), format!("--set: {expected}"));
    assert!(set_refusal(&["session.keepalive=90"]).contains("more than session.keepalive, which is 90"));
    assert!(load("[session]\nkeepalive = 100\ndead_peer = 101").is_ok());
}

#[test]
fn a_tilde_without_a_home_is_an_error() {
    let message = refusal("[server]\nidentity = \"~/id.pem\"");
    let expected = "allowed is a path without ~/, for HOME is not set in the environment";
    assert_eq!(message, format!("test.toml:2: server.identity (the server's private key) is \"~/id.pem\": {expected}"));
}

#[test]
fn deep_nesting_is_an_error_and_no_stack_overflow() {
    for deep in [
        "[".repeat(60_000),
        "{a=".repeat(20_000),
        "a.".repeat(30_000),
        "[a]
"
        .repeat(15_000),
    ] {
        assert!(load(&format!("x = {deep}")).is_err());
        assert!(load(&deep).is_err());
        let nowhere = tempfile::tempdir().unwrap();
        assert!(loader(nowhere.path()).sets([format!("client.pin={deep}"), format!("{deep}=1")]).load().is_err());
    }
}

fn toml_like() -> impl Strategy<Value = String> {
    let key = prop_oneof![
        prop::sample::select(SCHEMA).prop_map(|s| s.key.to_owned()),
        prop::sample::select(SCHEMA).prop_map(|s| s.key.split_once('.').unwrap().0.to_owned()),
        "[a-z_.\"]{0,12}",
        any::<String>(),
    ];
    let value = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| n.to_string()),
        any::<String>().prop_map(|s| format!("{s:?}")),
        "[\\[\\]{}\",= a-z0-9~./-]{0,20}",
        prop::sample::select(vec!["true", "[]", "\"auto\"", "[\"print\"]", "300", "\"~/x\"", "1979-05-27"])
            .prop_map(String::from),
    ];
    prop::collection::vec((key, value), 0..5)
        .prop_map(|lines| lines.into_iter().map(|(k, v)| format!("{k} = {v}\n")).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn no_text_makes_it_panic(text in prop_oneof![toml_like(), any::<String>()]) {
        let nowhere = tempfile::tempdir().unwrap();
        let _ = load(&text).map_err(|e| e.to_string());
        let _ = loader(nowhere.path()).sets(text.lines()).load().map_err(|e| e.to_string());
        let variables: Vec<_> = text.lines().map(|line| line.split_once(" = ").unwrap_or((line, line))).collect();
        let ours = variables.iter().map(|(k, v)| (format!("SEALWIRE__{}", k.replace('.', "__").to_uppercase()), v));
        let _ = loader(nowhere.path()).environment(ours).load().map_err(|e| e.to_string());
    }
}
