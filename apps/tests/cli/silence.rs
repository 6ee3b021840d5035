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
    let server = home.server(&["--set", &format!("session.handshake_timeout={}", DEADLINE.as_secs())]);
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
    let done = server.stop().ok();
    assert!(done.stderr.matches("longer than allowed").count() > SILENT, "each is in the log");
}
