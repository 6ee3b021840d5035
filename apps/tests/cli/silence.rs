//! Connections that say nothing, or next to nothing: they are dropped at the deadline, and do not keep an honest client out.

use crate::support::Home;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

const SILENT: usize = 500;
const DEADLINE: Duration = Duration::from_secs(2);

#[test]
fn five_hundred_silent_connections_do_not_stop_an_honest_client() {
    let home = Home::new();
    // All of them come from one address, as the honest one does.
    let limits = ["max_handshakes_per_address", "max_connections_per_address", "max_handshakes"];
    let mut settings = limits.map(|limit| format!("limits.{limit}=1024")).to_vec();
    settings.push(format!("session.handshake_timeout={}", DEADLINE.as_secs()));
    let args: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting]).collect();
    let server = home.server(&args);
    // The server has made its transport key when this is over.
    home.echo(&server, &[], "").ok();
    let mut slow = TcpStream::connect(&server.address).unwrap();
    let started = Instant::now();
    let silent: Vec<TcpStream> = (0..SILENT).map(|_| TcpStream::connect(&server.address).unwrap()).collect();

    let honest = home.echo(&server, &[], "let me in\n").ok();
    assert_eq!(honest.text(), "let me in\n");

    // One writes a byte now and then, which must not buy it time: the reading below is its clock.
    slow.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    // The beginning of a ClientHello of 64 bytes, which never gets far.
    let mut hello = b"H\x00\x00\x40SEALWIRE\x01\x02\x01\x01".iter().chain(&[0; 64]);
    loop {
        let written = slow.write(&[*hello.next().unwrap()]);
        match slow.read(&mut [0]) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => written.unwrap(),
            // The end, with or without an alert before it.
            _ => break,
        };
        assert!(started.elapsed() < DEADLINE * 10, "it holds on");
    }
    assert!(started.elapsed() >= DEADLINE - Duration::from_millis(500), "dropped before its time");

    for mut connection in silent {
        connection.set_read_timeout(Some(DEADLINE * 10)).unwrap();
        assert_eq!(connection.read(&mut [0]).unwrap_or(0), 0, "the end, or a reset");
        // A connection that is there to be heard out has nothing more to say.
        let _ = connection.shutdown(Shutdown::Both);
    }
    server.log_line("session.handshake_timeout");
    let log = server.stop().ok().stderr;
    let counted = log.lines().last().unwrap();
    assert!(counted.contains(&format!("handshake-timeout:{}", SILENT + 1)), "each is counted: {counted}");
    let lines = log.matches("longer than allowed").count();
    assert!((1..=SILENT / 2).contains(&lines), "{lines} have a line of their own");
    let kept_back: usize = log.lines().filter(|line| line.contains("ended alike")).map(count).sum();
    assert_eq!(lines + kept_back, SILENT + 1, "{log}");
}

/// The count in a line that sums up.
fn count(line: &str) -> usize {
    line.rsplit_once("count=").unwrap().1.parse().unwrap()
}

/// The settings as they are shipped, and connections from 127.0.0.2 that say nothing.
#[cfg(target_os = "linux")]
#[test]
fn one_address_keeps_no_other_out() {
    use rustix::process::Signal;
    use tokio::net::TcpSocket;

    let home = Home::new();
    let server = home.server(&[]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let silent: Vec<_> = (0..100)
        .map(|_| {
            let socket = runtime.block_on(async { TcpSocket::new_v4().unwrap() });
            socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
            runtime.block_on(socket.connect(server.address.parse().unwrap())).unwrap()
        })
        .collect();
    assert_eq!(home.echo(&server, &[], "let me in\n").ok().text(), "let me in\n");
    // Its client knows of the end before the server has noted it.
    server.log_line("reason=\"complete\"");
    let line = server.log_line("limits.max_handshakes_per_address");
    assert!(line.contains("127.0.0.2:") && line.contains("handshakes-of-address"), "{line}");
    server.process.signal(Signal::USR1);
    let counts = server.log_line("connections so far");
    assert!(counts.contains("handshakes-of-address:36"), "64 of 100 are let in: {counts}");
    drop(silent);
    let last = server.stop().ok().stderr;
    let last = last.lines().last().unwrap();
    // Those of them whose end has been seen have left, and the server has cut the others off.
    let ended = |name| last.split([' ', '=']).find_map(|word| word.strip_prefix(name)?.parse().ok()).unwrap_or(0);
    assert_eq!(ended("left-handshake:") + ended("stopped:"), 64, "{last}");
    assert_eq!(ended("complete:"), 1, "{last}");
}
