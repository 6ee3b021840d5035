//! A middleman over real TCP cuts, changes, repeats and drops records: what arrives is a prefix of what was sent, both ends notice, and
//! the exit status says when.

use crate::support::{Act, Direction, Done, Home, Proxy, Server, client};
use Direction::{ToClient, ToServer};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Records of the handshake in each direction; data follows them.
const FROM_CLIENT: usize = 3;
const FROM_SERVER: usize = 2;

/// What an echo client gets that has sent ten lines and could send more, when `act` is done to the record number `at` of one
/// direction; and the server.
fn conversation(direction: Direction, at: usize, act: Act) -> (Home, Server, Done) {
    talk(direction, at, act, false)
}

/// The same with a client that closes its direction behind the ten lines.
fn last_words(direction: Direction, at: usize, act: Act) -> (Home, Server, Done) {
    talk(direction, at, act, true)
}

fn talk(direction: Direction, at: usize, act: Act, close: bool) -> (Home, Server, Done) {
    let home = Home::new();
    let server = home.server(&[]);
    let proxy = Proxy::new(&server.address, direction, at, act);
    let mut process = home.spawn(&client(&proxy.address, &["--set", "client.service=echo"]));
    process.write(lines(10));
    if close {
        process.end_input();
    }
    let done = process.finish();
    (home, server, done)
}

fn lines(count: usize) -> String {
    (0..count).map(|number| format!("line {number}\n")).collect()
}

/// Checks that the client got, and the server printed, nothing but a prefix of the ten lines, and that the server goes on.
fn check_prefix(home: &Home, server: Server, done: &Done) {
    assert!(lines(10).starts_with(done.text()), "{}", done.text());
    assert_eq!(home.echo(&server, &[], "afterwards\n").ok().text(), "afterwards\n");
    let printed = String::from_utf8(server.stop().ok().stdout).unwrap();
    let texts: String = printed.lines().map(|line| format!("{}\n", line.split_once(": ").unwrap().1)).collect();
    let before = texts.strip_suffix("afterwards\n").unwrap();
    assert!(lines(10).starts_with(before), "{before}");
}

#[test]
fn a_stream_that_is_cut_ends_with_status_4() {
    for (direction, first) in [(ToServer, FROM_CLIENT), (ToClient, FROM_SERVER)] {
        for at in [first, first + 5, first + 9] {
            let (home, server, done) = conversation(direction, at, Act::Cut);
            let done = done.with_status(4).saying(&["the connection was cut", "data may be missing"]);
            server.log_line("session failed");
            check_prefix(&home, server, &done);
        }
    }
}

#[test]
fn success_needs_the_word_of_the_peer() {
    // All ten lines and answers arrive, but not the close_notify behind them.
    let (home, server, done) = last_words(ToServer, FROM_CLIENT + 10, Act::Cut);
    let done = done.with_status(4);
    server.log_line("session failed");
    check_prefix(&home, server, &done);
    for act in [Act::Cut, Act::Drop] {
        let (home, server, done) = last_words(ToClient, FROM_SERVER + 10, act);
        let done = done.with_status(4);
        assert_eq!(done.text(), lines(10));
        check_prefix(&home, server, &done);
    }
}

#[test]
fn a_stream_that_is_changed_ends_with_status_4() {
    for (direction, first, told) in [
        (ToServer, FROM_CLIENT, "the other end stopped: a record did not open"),
        (ToClient, FROM_SERVER, "a record does not open"),
    ] {
        for act in [Act::Flip, Act::Repeat, Act::Drop] {
            let (home, server, done) = conversation(direction, first + 4, act);
            let done = done.with_status(4).saying(&[told]);
            server.log_line("session failed");
            check_prefix(&home, server, &done);
        }
    }
}

#[test]
fn a_handshake_that_is_cut_ends_with_status_1() {
    for (direction, records) in [(ToServer, FROM_CLIENT), (ToClient, FROM_SERVER)] {
        for at in 0..records {
            let (home, server, done) = conversation(direction, at, Act::Cut);
            let done = done.with_status(1).saying(&["the connection was cut during the handshake"]);
            // The server may have finished when its last record is cut.
            server.log_line(if (direction, at) == (ToClient, 1) {
                "the connection was cut"
            } else {
                "handshake failed"
            });
            assert_eq!(done.text(), "");
            check_prefix(&home, server, &done);
        }
    }
}

#[test]
fn a_handshake_that_is_changed_ends_with_status_3() {
    for (direction, at, told) in [
        (ToServer, 0, "the handshake failed"),
        (ToServer, 1, "the handshake failed"),
        (ToServer, 2, "the handshake failed"),
        (ToClient, 0, "the server is SHA256:"),
        (ToClient, 1, "the server did not prove the handshake"),
    ] {
        let (home, server, done) = conversation(direction, at, Act::Flip);
        let done = done.with_status(3).saying(&[told]);
        server.log_line("failed");
        assert_eq!(done.text(), "");
        check_prefix(&home, server, &done);
    }
}

#[test]
fn a_handshake_that_stalls_is_given_up_at_the_deadline() {
    let home = Home::new();
    // One end at a time: where both wait equally long, either may be the first to give up.
    let patient = home.server(&[]);
    for (direction, at) in [(ToServer, 1), (ToClient, 0)] {
        let started = Instant::now();
        let proxy = Proxy::new(&patient.address, direction, at, Act::Hold);
        let args = client(&proxy.address, &["--set", "session.handshake_timeout=1"]);
        home.run(&args, "").with_status(1).saying(&["longer than allowed", "session.handshake_timeout"]);
        assert!(started.elapsed() < Duration::from_secs(8), "long before the ten seconds of the default");
    }
    let server = home.server(&["--set", "session.handshake_timeout=1"]);
    let _silent = TcpStream::connect(&server.address).unwrap();
    server.log_line("session.handshake_timeout");
}
