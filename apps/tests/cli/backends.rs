//! Swapping: an edit of a copy of `config.toml` changes what runs, `sealwire backends` shows it, and both ends still understand each other.

use crate::support::{Done, Home};

const SHIPPED: &str = include_str!("../../../config/config.toml");

/// The shipped settings with one line exchanged.
fn edited(home: &Home, from: &str, to: &str) -> String {
    assert_eq!(SHIPPED.matches(&format!("\n{from}\n")).count(), 1, "{from}");
    home.write("edited.toml", SHIPPED.replace(&format!("\n{from}\n"), &format!("\n{to}\n")))
}

/// The backends that would run, as `sealwire backends` marks them.
fn would_run(done: &Done) -> Vec<String> {
    let marked = done.text().lines().filter_map(|line| line.strip_prefix("-> "));
    marked.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ").replace(" would run", "")).collect()
}

/// The engine that `auto` means in this build.
const AUTO_ENGINE: &str = if cfg!(feature = "gmp") { "gmp" } else { "num-bigint" };

#[test]
fn the_table_shows_what_each_edit_changes() {
    let home = Home::new();
    let shipped = home.write("shipped.toml", SHIPPED);
    let before = home.run(&["backends", "--config", &shipped], "").ok();
    assert!(before.text().starts_with(&format!("settings: {shipped}\n")), "{}", before.text());
    let before = would_run(&before);
    // The kernel follows, after a slash.
    let engine = format!("rsa-oaep-sha256 {AUTO_ENGINE}");
    assert!(before.iter().any(|line| line.starts_with(&engine)), "{before:?}");
    assert!(before[0].starts_with("aes-256-gcm ") && before.last().unwrap() == "tcp", "{before:?}");

    for (from, to, runs) in [
        (r#"suite = "aes-256-gcm""#, r#"suite = "aes-128-gcm""#, &["aes-128-gcm "][..]),
        (r#"suite = "aes-256-gcm""#, r#"suite = ["aes-256-gcm", "aes-128-gcm"]"#, &["aes-128-gcm ", "aes-256-gcm "]),
        (r#"backend = "auto""#, r#"backend = "portable""#, &["aes-256-gcm portable"]),
        (
            r#"engine = "auto""#,
            r#"engine = "num-bigint""#,
            &["rsa-oaep-sha256 num-bigint", "rsa-pss-sha256 num-bigint"],
        ),
        (r#"kind = "tcp""#, r#"kind = "unix""#, &["unix"]),
    ] {
        let done = home.run(&["backends", "--config", &edited(&home, from, to)], "").ok();
        let after = would_run(&done);
        for wanted in runs {
            assert!(after.iter().any(|line| line.starts_with(wanted)), "{to}: {after:?}");
        }
        assert!(after.len() >= before.len(), "{to}: {after:?}");
    }
}

#[test]
fn every_backend_is_listed_with_its_state() {
    let table = Home::new().run(&["backends"], "").ok();
    for name in [
        "aes-256-gcm",
        "aes-128-gcm",
        "portable",
        "num-bigint",
        "gmp",
        "rsa-oaep-sha256",
        "rsa-pss-sha256",
        "tcp",
        "unix",
        "memory",
    ] {
        assert!(table.text().contains(name), "{name} in:\n{}", table.text());
    }
    assert_eq!(table.text().contains("--features gmp"), !cfg!(feature = "gmp"), "{}", table.text());
}

#[test]
fn the_suite_that_both_ends_have_is_the_one_that_runs() {
    let home = Home::new();
    let server = home.server(&["--set", "cipher.suite=aes-128-gcm,aes-256-gcm"]);
    for (offered, runs) in [
        ("aes-256-gcm", "aes-256-gcm"),
        ("aes-128-gcm", "aes-128-gcm"),
        // The server decides, by its own order.
        ("aes-256-gcm,aes-128-gcm", "aes-128-gcm"),
    ] {
        let offered = format!("cipher.suite={offered}");
        let done = home.echo(&server, &["--set", &offered], "hello\n").ok();
        assert_eq!(done.saying(&[&format!("suite=\"{runs}\"")]).text(), "hello\n");
        server.log_line(&format!("suite=\"{runs}\""));
    }
    let server = home.server(&["--set", "cipher.suite=aes-256-gcm"]);
    let refused = home.echo(&server, &["--set", "cipher.suite=aes-128-gcm"], "").with_status(1);
    refused.saying(&["what was asked for is not offered"]);
    server.log_line("cipher.suite");
}

/// Every engine of this build on each end, and every setting of `cipher.backend` that this machine runs.
#[test]
fn every_engine_and_backend_talks_to_every_other() {
    let engines: &[&str] = if cfg!(feature = "gmp") { &["gmp", "num-bigint"] } else { &["num-bigint"] };
    let home = Home::new();
    let table = home.run(&["backends"], "").ok();
    let backends: Vec<&str> = table
        .text()
        .lines()
        .filter(|line| line.contains("aes-256-gcm "))
        .filter_map(|line| {
            let mut words = line.trim_start_matches("->").split_whitespace();
            let backend = words.nth(1)?;
            line.ends_with("available").then_some(backend).or(line.ends_with("would run").then_some(backend))
        })
        .collect();
    assert!(backends.contains(&"portable"), "{backends:?}");
    let ways: Vec<[String; 2]> = engines
        .iter()
        .flat_map(|engine| {
            backends
                .iter()
                .map(move |backend| [format!("key_transport.engine={engine}"), format!("cipher.backend={backend}")])
        })
        .collect();
    for [engine, backend] in &ways {
        let server = home.server(&["--set", engine, "--set", backend]);
        for [engine, backend] in &ways {
            let args = ["--set", engine, "--set", backend, "--set", "client.want_server_auth=true"];
            assert_eq!(home.echo(&server, &args, "hello\n").ok().text(), "hello\n");
        }
    }
}

#[test]
fn gmp_that_is_not_built_in_is_explained() {
    let home = Home::new();
    let done = home
        .run(&["server", "--set", "key_transport.engine=gmp", "--set", "transport.address=nowhere"], "")
        .with_status(2);
    match cfg!(feature = "gmp") {
        true => done.saying(&["HOST:PORT"]),
        false => done.saying(&["gmp is unavailable", "--features gmp", "m4, make and a C compiler"]),
    };
    let version = home.run(&["--version"], "").ok();
    assert_eq!(version.text().contains("gmp"), cfg!(feature = "gmp"));
    assert!(version.text().contains("num-bigint"));
}

#[test]
fn a_wrong_setting_is_an_error_that_names_file_key_and_values() {
    let home = Home::new();
    for (from, to, parts) in [
        (
            r#"suite = "aes-256-gcm""#,
            r#"suite = "des""#,
            &["cipher.suite", "\"des\"", "aes-256-gcm", "aes-128-gcm"][..],
        ),
        (
            r#"backend = "auto""#,
            r#"backends = "auto""#,
            &["unknown key cipher.backends", "did you mean cipher.backend?"],
        ),
        (r#"kind = "tcp""#, r#"kind = "udp""#, &["transport.kind", "\"udp\"", "tcp", "unix", "memory"]),
        ("bits = 2048", "bits = 1024", &["key_transport.bits", "1024", "2048 to 4096"]),
        ("rotation = 300", "rotation = \"never\"", &["server.rotation", "per-connection"]),
        ("max_connections = 1024", "max_connections = \"many\"", &["limits.max_connections", "1 to 1000000"]),
    ] {
        let file = edited(&home, from, to);
        let line = SHIPPED.lines().position(|line| line == from).unwrap() + 1;
        let place = format!("{file}:{line}: ");
        let done = home.run(&["server", "--config", &file], "").with_status(2);
        done.saying(&[place.as_str()]).saying(parts);
    }
    home.run(&["client", "--config", "missing.toml"], "").with_status(2).saying(&["missing.toml"]);
    home.run(&["client", "--set", "cipher.suit=x"], "").with_status(2).saying(&["--set", "did you mean cipher.suite?"]);
    let mut command = home.command(&["backends"]);
    let done =
        crate::support::Process::spawn(command.env("SEALWIRE__CIPHER__BACKEND", "quick")).finish().with_status(2);
    done.saying(&["SEALWIRE__CIPHER__BACKEND", "\"quick\"", "portable"]);
}

#[test]
fn the_built_in_settings_are_printed_and_are_the_shipped_ones() {
    let home = Home::new();
    assert_eq!(home.run(&["config"], "").ok().text(), SHIPPED);
}
