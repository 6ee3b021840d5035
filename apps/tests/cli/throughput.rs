//! Messages over TCP with the shipped settings: they arrive, whole and in order, whatever is in them and however many.

use crate::support::{Home, Process, SERVER, noise};
use std::fmt::Write as _;

/// The settings as they are shipped.
const SHIPPED: &str = include_str!("../../../config/config.toml");

#[test]
fn lines_are_printed_with_the_time_and_the_sender() {
    let home = Home::new();
    home.write("config/config.toml", SHIPPED);
    let server = home.server(&[]);
    let sent = "one\n\ntwo, with \u{1b}[31mcolour\nGr\u{fc}\u{df}e\n";
    let done = home.run(&server.client(&[]), sent).ok().saying(&["connected", "aes-256-gcm", "print"]);
    assert_eq!(done.text(), "", "print does not answer");
    server.log_line("closed");
    let printed = String::from_utf8(server.stop().ok().stdout).unwrap();
    let lines: Vec<&str> = printed.lines().collect();
    let texts: Vec<&str> = lines.iter().map(|line| line.splitn(3, ' ').nth(2).unwrap()).collect();
    assert_eq!(texts, ["one", "", r"two, with \u{1b}[31mcolour", "Gr\u{fc}\u{df}e"]);
    for line in lines {
        let (time, rest) = line.split_once(' ').unwrap();
        assert!(time.len() == 20 && time.starts_with("20") && time.ends_with('Z'), "{time}");
        assert!(rest.starts_with("127.0.0.1:"), "{rest}");
    }
}

#[test]
fn echo_answers_the_messages_of_the_command_line() {
    let home = Home::new();
    let server = home.server(&[]);
    let done = home.echo(&server, &["--message", "a b", "--message", "", "--message", "c"], "unread").ok();
    assert_eq!(done.text(), "a b\n\nc\n");
    // A file that does not end in a newline, and lines that do not end as they do here.
    assert_eq!(home.echo(&server, &[], "x\r\nlast").ok().stdout, b"x\r\nlast\n");
    assert_eq!(home.echo(&server, &[], "").ok().stdout, b"", "nothing is no message");
}

#[test]
fn ten_mebibytes_come_back_byte_for_byte() {
    let home = Home::new();
    let server = home.server(&[]);
    let message = noise(10 << 20);
    assert!(home.echo(&server, &["--raw"], &message).ok().stdout == message);
}

#[test]
fn large_messages_behind_one_another_come_back_whole() {
    let home = Home::new();
    let server = home.server(&["--set", "session.padding=buckets"]);
    let mut sent: Vec<u8> = noise(3 << 20).into_iter().map(|byte| if byte == b'\n' { 0 } else { byte }).collect();
    sent.push(b'\n');
    let sent = sent.repeat(3);
    assert!(home.echo(&server, &["--set", "session.padding=buckets"], &sent).ok().stdout == sent);
}

#[test]
fn ten_thousand_messages_come_back_in_order() {
    let home = Home::new();
    let server = home.server(&[]);
    let mut sent = String::new();
    for number in 0..10_000 {
        writeln!(sent, "message {number}").unwrap();
    }
    let done = home.echo(&server, &[], &sent).ok();
    assert!(done.text() == sent, "{} lines came back", done.text().lines().count());
    server.process.stdout.lines(10_000);
}

#[test]
fn twenty_clients_are_served_at_once() {
    let home = Home::new();
    let server = home.server(&[]);
    let mut clients: Vec<Process> = (0..20).map(|_| home.spawn(&server.echo(&[]))).collect();
    // Each stays while the others come, so all twenty are there at once.
    for (number, client) in clients.iter_mut().enumerate() {
        client.write(format!("first of {number}\n"));
        client.stdout.line_with(&format!("first of {number}"));
    }
    for (number, client) in clients.iter_mut().enumerate() {
        client.write(format!("second of {number}\n"));
        client.end_input();
    }
    for (number, client) in clients.into_iter().enumerate() {
        assert_eq!(client.finish().ok().text(), format!("first of {number}\nsecond of {number}\n"));
    }
}

#[test]
fn a_message_beyond_the_limit_is_refused_by_whoever_sees_it_first() {
    let home = Home::new();
    let server = home.server(&["--set", "limits.max_message=10"]);
    let long = "12345678901";
    let own = ["--set", "limits.max_message=10"];
    for stdin in ["12345678901\n", "1\n12345678901"] {
        home.echo(&server, &own, stdin).with_status(1).saying(&["longer than the 10 bytes", "limits.max_message"]);
    }
    home.echo(&server, &[&own[..], &["--message", long]].concat(), "")
        .with_status(1)
        .saying(&["11 bytes", "limits.max_message"]);
    home.echo(&server, &[&own[..], &["--raw"]].concat(), long).with_status(1).saying(&["limits.max_message"]);
    // A client without the limit, and a service that sends nothing back.
    home.run(&server.client(&["--message", long]), "").with_status(1).saying(&["broke the protocol"]);
    server.log_line("limits.max_message");
    assert_eq!(home.echo(&server, &own, "1234567890").ok().text(), "1234567890\n", "exactly the limit");
}

#[test]
fn the_server_says_who_it_is_and_what_to_type() {
    let home = Home::new();
    let server = home.server(&[]);
    let address = server.address.clone();
    server.log_line(&format!("identity {}", SERVER.print));
    let line = server.log_line("sealwire client");
    let command = line.split_once("sealwire client").unwrap().1;
    let args: Vec<&str> = ["client", "--address", &address].into_iter().chain(command.split_whitespace()).collect();
    home.run(&args, "as it says\n").ok();
    server.process.stdout.line_with("as it says");
}
