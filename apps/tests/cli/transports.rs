//! Transports other than TCP: unix sockets, and memory, which is for the demo.

use crate::support::{Home, SERVER, Server, Signal};
use std::os::unix::net::UnixListener;

/// A server on a unix socket, and the socket's path.
fn server(home: &Home, socket: &str) -> Server {
    let identity = format!("server.identity={:?}", home.key("server.pem", &SERVER));
    let address = format!("transport.address={socket}");
    home.server_by(&["server", "--set", "transport.kind=unix", "--set", &address, "--set", &identity])
}

const UNIX: [&str; 2] = ["--set", "transport.kind=unix"];

#[test]
fn a_unix_socket_carries_the_channel_and_is_gone_afterwards() {
    let home = Home::new();
    let socket = home.name("a socket");
    let server = server(&home, &socket);
    assert_eq!(server.address, socket);
    assert_eq!(home.echo(&server, &UNIX, "hello\n").ok().text(), "hello\n");
    let line = server.process.stdout.line_with(": hello");
    assert!(line.contains(" unix:uid="), "{line}");
    server.stop().ok();
    assert!(!home.path("a socket").exists());
}

#[test]
fn a_server_that_has_only_just_begun_ends_in_order() {
    let home = Home::new();
    let socket = home.name("socket");
    // Its transport key is not made yet.
    server(&home, &socket).stop().ok();
    assert!(!home.path("socket").exists());
}

#[test]
fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
    let home = Home::new();
    let socket = home.name("socket");
    let first = server(&home, &socket);
    let address = format!("transport.address={socket}");
    let second = home.run(&["server", "--set", "transport.kind=unix", "--set", &address], "");
    second.with_status(1).saying(&["cannot listen at", &socket, "another server listens there"]);
    assert_eq!(home.echo(&first, &UNIX, "still here\n").ok().text(), "still here\n");

    first.process.signal(Signal::KILL);
    assert_eq!(first.process.finish().status, None, "killed");
    assert!(home.path("socket").exists(), "left behind");
    let third = server(&home, &socket);
    assert_eq!(home.echo(&third, &UNIX, "a new one\n").ok().text(), "a new one\n");
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let home = Home::new();
    let file = home.write("file", "precious");
    let address = format!("transport.address={file}");
    let done = home.run(&["server", "--set", "transport.kind=unix", "--set", &address], "");
    done.with_status(1).saying(&[&file, "not a socket"]);
    assert_eq!(home.read("file"), "precious");
}

#[test]
fn a_socket_that_nobody_serves_is_a_clear_error() {
    let home = Home::new();
    let socket = home.name("socket");
    let client = ["client", "--set", "transport.kind=unix", "--address", &socket, "--pin", SERVER.print];
    home.run(&client, "").with_status(1).saying(&["cannot connect to", &socket]);
    drop(UnixListener::bind(&socket).unwrap());
    home.run(&client, "").with_status(1).saying(&["cannot connect to", &socket, "refused"]);
}

#[test]
fn memory_is_not_for_two_processes() {
    let home = Home::new();
    let memory = ["--set", "transport.kind=memory"];
    home.run(&[&["server"], &memory[..]].concat(), "")
        .with_status(2)
        .saying(&["stays inside one process", "sealwire demo"]);
    home.run(&[&["client"], &memory[..]].concat(), "").with_status(1).saying(&["nobody listens there in this process"]);
}
