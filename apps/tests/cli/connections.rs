//! Reaching a server, and not reaching one: addresses, ports that are taken, nobody there.

use crate::support::{Home, client};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

#[test]
fn a_second_server_on_the_port_is_told_so() {
    let home = Home::new();
    let server = home.server(&[]);
    let address = format!("transport.address={}", server.address);
    let second = home.run(&["server", "--set", &address], "");
    second.with_status(1).saying(&["cannot listen at", &server.address, "in use"]);
    assert_eq!(home.echo(&server, &[], "still here\n").ok().text(), "still here\n");
}

#[test]
fn nobody_there_is_a_clear_error() {
    let home = Home::new();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    home.run(&client(&free, &[]), "lost\n").with_status(1).saying(&["cannot connect to", &free, "refused"]);
}

#[test]
fn a_server_that_is_no_sealwire_is_a_clear_error() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let other = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"SSH-2.0-OpenSSH_10.0\r\n").unwrap();
        std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
    });
    home.run(&client(&address, &[]), "").with_status(1).saying(&["does not speak sealwire"]);
    other.join().unwrap();
}

#[test]
fn an_address_that_is_none_is_a_usage_error() {
    let home = Home::new();
    for address in ["localhost", "127.0.0.1:99999", "::1", ""] {
        home.run(&client(address, &[]), "").with_status(2).saying(&["HOST:PORT"]);
    }
}

#[test]
fn names_and_ipv6_addresses_resolve() {
    let home = Home::new();
    if TcpListener::bind("[::1]:0").is_err() {
        return eprintln!("skipped: no IPv6 here");
    }
    let server = home.server(&["--set", "transport.address=[::1]:0"]);
    assert!(server.address.starts_with("[::1]:"), "{}", server.address);
    assert_eq!(home.echo(&server, &[], "six\n").ok().text(), "six\n");
    let server = home.server(&["--set", "transport.address=localhost:0"]);
    let name = format!("localhost:{}", server.address.rsplit_once(':').unwrap().1);
    assert_eq!(home.echo(&server, &["--address", &name], "name\n").with_status(2).text(), "", "--address given twice");
    let by_name = client(&name, &["--set", "client.service=echo"]);
    assert_eq!(home.run(&by_name, "name\n").ok().text(), "name\n");
}

#[test]
fn a_connection_too_many_is_turned_away_with_the_reason() {
    let home = Home::new();
    let server = home.server(&["--set", "limits.max_connections=1"]);
    let mut first = home.spawn(&server.echo(&[]));
    first.write("in\n");
    first.stdout.line_with("in");
    home.echo(&server, &[], "").with_status(1).saying(&["overloaded"]);
    server.log_line("limits.max_connections");
    first.end_input();
    first.finish().ok();
}

#[test]
fn a_client_in_its_session_takes_no_place_of_a_handshake() {
    let home = Home::new();
    let server = home.server(&["--set", "limits.max_handshakes_per_address=1"]);
    let mut first = home.spawn(&server.echo(&[]));
    first.write("in\n");
    first.stdout.line_with("in");
    assert_eq!(home.echo(&server, &[], "in as well\n").ok().text(), "in as well\n");
    first.end_input();
    first.finish().ok();
}

#[test]
fn an_address_whose_handshakes_fail_is_turned_away_for_a_while() {
    let home = Home::new();
    let settings = ["--set", "limits.max_handshakes_per_address=2", "--set", "session.handshake_timeout=120"];
    let server = home.server(&settings);
    for _ in 0..2 {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
    }
    server.process.stderr.until("two failures", |log, _| {
        (String::from_utf8_lossy(log).matches("not-sealwire").count() == 2).then_some(())
    });
    home.echo(&server, &[], "").with_status(1).saying(&["overloaded"]);
    server.log_line("limits.max_handshakes_per_address");
    let log = server.stop().ok().stderr;
    assert!(log.lines().last().unwrap().contains("handshakes-of-address:1 not-sealwire:2"), "{log}");
}

#[test]
fn each_connection_may_have_a_key_of_its_own() {
    let home = Home::new();
    let server = home.server(&["--set", "server.rotation=per-connection", "--set", "server.pool=1"]);
    for line in ["first\n", "second\n", "third\n"] {
        assert_eq!(home.echo(&server, &[], line).ok().text(), line);
    }
}
