//! The examples beside the config, followed to the letter: the commands that their comments name, in copies of them.

use crate::support::{Done, Home, Process, Server};
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
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

/// Follows an example up to its client, whose arguments are the last that is given; the server's port is one of its own if it has a
/// port. `more` are arguments of the server.
fn prepare(example: &str, more: &[&str]) -> (Home, Server, Vec<String>) {
    let home = copies();
    let mut server = None;
    for mut args in commands(&home, example) {
        let port = |args: &mut Vec<String>, words: [&str; 2]| {
            if example != "unix.toml" {
                args.extend(words.map(str::to_owned));
            }
        };
        match args[0].as_str() {
            "server" => {
                port(&mut args, ["--set", "transport.address=127.0.0.1:0"]);
                let identity = format!("server.identity={:?}", home.key("server.pem", &crate::support::SERVER));
                args.extend(["--set", &identity].map(str::to_owned));
                let args: Vec<&str> = args.iter().map(String::as_str).chain(more.iter().copied()).collect();
                server = Some(home.server_by(&args));
            }
            "client" => {
                let server = server.unwrap();
                port(&mut args, ["--address", &server.address]);
                // The first contact, answered as on a terminal.
                args.extend(["--set", "client.trust=accept-new"].map(str::to_owned));
                return (home, server, args);
            }
            _ => drop(home.run(&args.iter().map(String::as_str).collect::<Vec<_>>(), "").ok()),
        }
    }
    panic!("{example} names no client");
}

/// Follows an example with a client that says `hello`.
fn follow(example: &str) -> (Home, Process, Done) {
    let (home, server, args) = prepare(example, &[]);
    let done = home.run(&args.iter().map(String::as_str).collect::<Vec<_>>(), "hello\n").ok();
    (home, server.process, done)
}

#[test]
fn tunnel() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let leads = format!("server.targets.db={}", target.local_addr().unwrap());
    let (home, _server, args) = prepare("tunnel.toml", &["--set", &leads]);
    // Other ports, since those of the example may be taken here.
    let own = ["--set", "client.forward=127.0.0.1:0=db,127.0.0.1:0=web"];
    let client = home.spawn(&args.iter().map(String::as_str).chain(own).collect::<Vec<_>>());
    client.stderr.line_with("to web");
    let line = client.stderr.line_with("to db");
    let address = line.split(' ').nth(2).unwrap();
    let mut near = TcpStream::connect(address).unwrap();
    target.accept().unwrap().0.write_all(b"from the database").unwrap();
    let mut text = String::new();
    near.read_to_string(&mut text).unwrap();
    assert_eq!(text, "from the database");
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
