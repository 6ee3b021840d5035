//! The examples beside the config, followed to the letter: the commands that their comments name, in copies of them.

use crate::support::{Done, Home, Process};
use std::fs;
use std::path::Path;

/// A home with the examples in `config/examples`, where their comments say they are.
fn copies() -> Home {
    let home = Home::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/examples")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        home.write(&format!("config/examples/{name}"), fs::read_to_string(&path).unwrap());
    }
    home
}

/// The arguments of the commands `sealwire ...` that the example's comments name, in order.
fn commands(home: &Home, example: &str) -> Vec<Vec<String>> {
    let text = home.read(&format!("config/examples/{example}"));
    let commands = text.lines().filter_map(|line| line.trim_start_matches(['#', ' ']).split_once("sealwire "));
    commands
        .filter(|(before, _)| matches!(*before, "" | "target/release/"))
        .map(|(_, args)| args.split_whitespace().map(str::to_owned).collect())
        .collect()
}

/// Follows an example up to its client, which says `hello`; the server's port is one of its own if it has a port.
fn follow(example: &str) -> (Home, Process, Done) {
    let home = copies();
    let mut server = None;
    for command in commands(&home, example) {
        let mut args: Vec<&str> = command.iter().map(String::as_str).collect();
        match args[0] {
            "server" => {
                if example != "unix.toml" {
                    args.extend(["--set", "transport.address=127.0.0.1:0"]);
                }
                let identity = format!("server.identity={:?}", home.key("server.pem", &crate::support::SERVER));
                server = Some(home.server_by(&[&args[..], &["--set", &identity]].concat()));
            }
            "client" => {
                let server = server.unwrap();
                if example != "unix.toml" {
                    args.extend(["--address", &server.address]);
                }
                // The first contact, answered as on a terminal.
                args.extend(["--set", "client.trust=accept-new"]);
                let done = home.run(&args, "hello\n").ok();
                return (home, server.process, done);
            }
            _ => drop(home.run(&args, "").ok()),
        }
    }
    panic!("{example} names no client");
}

#[test]
fn mutual_authentication() {
    let (home, server, _) = follow("mutual.toml");
    let print = home.run(&["fingerprint", "config/examples/client.pem.pub"], "").ok();
    let line = server.stdout.line_with("hello");
    assert!(line.contains(&format!(" {} at ", print.text().trim())), "{line}");
    assert!(home.path("config/examples/authorized_clients").exists());
}

#[test]
fn unix_socket() {
    let (home, server, done) = follow("unix.toml");
    assert_eq!(done.text(), "hello\n", "it asks for echo");
    assert!(home.path("config/examples/sealwire.sock").exists());
    server.stdout.line_with("hello");
}

#[test]
fn portable() {
    let (_, server, done) = follow("portable.toml");
    done.saying(&["suite=\"aes-256-gcm\""]);
    server.stdout.line_with("hello");
}

#[test]
fn gmp() {
    if cfg!(feature = "gmp") {
        follow("gmp.toml").1.stdout.line_with("hello");
    } else {
        let home = copies();
        let refused = home.run(&["server", "--config", "config/examples/gmp.toml"], "").with_status(2);
        refused.saying(&["--features gmp"]);
    }
}
