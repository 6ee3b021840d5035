//! Standard input and output through a session, and streams that the server stores: all of it, or nothing under its name.

use crate::support::{Act, Direction, Home, Proxy, Server, client, noise};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::path::Path;
use std::thread;

/// Records of the client's handshake; data follows them.
const FROM_CLIENT: usize = 3;

/// A server that stores streams at `path`.
fn storing(home: &Home, path: &str) -> Server {
    home.server(&["--set", "server.services=receive", "--set", &format!("server.receive={path}")])
}

/// What stands in a folder, parts included.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_stream_is_stored_whole_before_its_sender_is_told() {
    let home = Home::new();
    let server = storing(&home, &home.name("backup"));
    for len in [0, 1, 5_000_000] {
        let data = noise(len);
        home.run(&server.client(&["--pipe"]), &data).ok();
        assert!(std::fs::read(home.path("backup")).unwrap() == data, "{len}");
    }
    let line = server.log_line("stored bytes=5000000");
    assert!(line.contains("backup"), "{line}");
    assert_eq!(crate::support::mode(&home.path("backup")), 0o600);
}

#[test]
fn a_stream_that_is_cut_leaves_what_was_there_before() {
    let home = Home::new();
    std::fs::create_dir(home.path("stored")).unwrap();
    let server = storing(&home, &home.name("stored/backup"));
    home.run(&server.client(&["--pipe"]), b"the last good one").ok();
    for at in [FROM_CLIENT, FROM_CLIENT + 3] {
        let proxy = Proxy::new(&server.address, Direction::ToServer, at, Act::Cut);
        home.run(&client(&proxy.address, &["--pipe"]), noise(1 << 20)).with_status(4).saying(&["cut"]);
        server.log_line("session failed");
    }
    let sender = home.spawn(&server.client(&["--pipe"]));
    let mut sender = sender;
    sender.write(noise(300_000));
    drop(sender);
    server.stop().ok().saying(&["the connection was cut"]);
    assert_eq!(home.read("stored/backup"), "the last good one");
    assert_eq!(names(&home.path("stored")), ["backup"]);
}

#[test]
fn in_a_folder_each_stream_is_a_file() {
    let home = Home::new();
    std::fs::create_dir(home.path("stored")).unwrap();
    let server = storing(&home, &home.name("stored"));
    for text in ["one", "two", "three"] {
        home.run(&server.client(&["--pipe"]), text).ok();
    }
    let names = names(&home.path("stored"));
    let mut texts: Vec<_> = names.iter().map(|name| home.read(&format!("stored/{name}"))).collect();
    texts.sort();
    assert_eq!(texts, ["one", "three", "two"]);
}

#[test]
fn standard_output_has_one_stream_at_a_time() {
    let home = Home::new();
    let server = home.server(&["--set", "server.services=receive"]);
    let mut first = home.spawn(&server.client(&["--pipe"]));
    first.write("first ");
    server.process.stdout.until("the beginning", |bytes, _| bytes.starts_with(b"first ").then_some(()));
    home.run(&server.client(&["--pipe"]), "second").with_status(1).saying(&["internal fault"]);
    server.log_line("standard output has another stream");
    first.write("stream");
    first.end_input();
    first.finish().ok();
    assert_eq!(server.stop().ok().text(), "first stream");
}

#[test]
fn what_cannot_be_stored_is_no_success() {
    let home = Home::new();
    let server = storing(&home, &home.name("no/such/folder/backup"));
    home.run(&server.client(&["--pipe"]), "lost").with_status(1).saying(&["internal fault"]);
    server.log_line("could not be dealt with");
}

#[test]
fn a_link_is_followed_and_what_is_no_file_is_not_replaced() {
    let home = Home::new();
    home.write("real", "old");
    std::os::unix::fs::symlink(home.path("real"), home.path("link")).unwrap();
    let server = storing(&home, &home.name("link"));
    home.run(&server.client(&["--pipe"]), "new").ok();
    assert_eq!(home.read("real"), "new");
    assert!(home.path("link").is_symlink());

    let _socket = std::os::unix::net::UnixListener::bind(home.path("socket")).unwrap();
    let server = storing(&home, &home.name("socket"));
    home.run(&server.client(&["--pipe"]), "lost").with_status(1);
    server.log_line("neither a file nor a folder");
}

#[test]
fn a_server_that_does_not_store_says_so() {
    let home = Home::new();
    let server = home.server(&[]);
    let words = ["\"receive\"", "server.services"];
    home.run(&server.client(&["--pipe"]), "x").with_status(1).saying(&words);
}

#[test]
fn a_pipe_to_a_target_carries_every_byte_and_both_ends() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = target.local_addr().unwrap();
    let home = Home::new();
    let server = home.server(&["--set", "server.services=forward", "--set", &format!("server.targets.rev={address}")]);
    let serving = thread::spawn(move || {
        let (mut stream, _) = target.accept().unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).unwrap();
        all.reverse();
        stream.write_all(&all).unwrap();
        stream.shutdown(Shutdown::Both).unwrap();
    });
    let mut data = noise(3_000_000);
    let done = home.run(&server.client(&["--pipe", "rev"]), &data).ok();
    data.reverse();
    assert!(done.stdout == data);
    serving.join().unwrap();
}

#[test]
fn a_pipe_to_nowhere_fails() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let home = Home::new();
    let server = home.server(&["--set", "server.services=forward", "--set", &format!("server.targets.none={free}")]);
    home.run(&server.client(&["--pipe", "none"]), "x").with_status(1).saying(&["internal fault"]);
    server.log_line("cannot connect");
    let unknown = ["\"pipe other\"", "server.targets"];
    home.run(&server.client(&["--pipe", "other"]), "x").with_status(1).saying(&unknown);
}
