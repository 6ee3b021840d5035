//! How a conversation ends: by the end of the input, or by a signal to either end.

use crate::support::{Act, Direction, Home, Process, Proxy, Server, Signal, client, noise};

/// A server and a client in the middle of a conversation.
fn talking(home: &Home, args: &[&str]) -> (Server, Process) {
    let server = home.server(args);
    let mut client = home.spawn(&server.echo(&[]));
    client.write("hello\n");
    client.stdout.line_with("hello");
    (server, client)
}

#[test]
fn a_signal_to_the_server_ends_both_cleanly() {
    for signal in [Signal::INT, Signal::TERM] {
        let home = Home::new();
        let (server, client) = talking(&home, &[]);
        server.process.signal(signal);
        // The input of the client is still open, so it cannot know whether all was sent.
        let client = client
            .finish()
            .with_status(1)
            .saying(&["the server closed the conversation before all of the input was sent"]);
        assert_eq!(client.text(), "hello\n");
        server.process.finish().ok().saying(&["stopping", "closed", "stopped"]);
    }
}

#[test]
fn a_signal_to_the_client_ends_the_session_and_not_the_server() {
    for signal in [Signal::INT, Signal::TERM] {
        let home = Home::new();
        let (server, client) = talking(&home, &[]);
        client.signal(signal);
        assert_eq!(client.finish().ok().text(), "hello\n");
        server.log_line("closed");
        assert_eq!(home.echo(&server, &[], "again\n").ok().text(), "again\n");
        let done = server.stop().ok();
        assert!(!done.stderr.contains("WARN") && !done.stderr.contains("ERROR"), "{}", done.stderr);
    }
}

#[test]
fn an_idle_server_stops_at_once() {
    for signal in [Signal::INT, Signal::TERM] {
        let home = Home::new();
        let server = home.server(&[]);
        home.echo(&server, &[], "").ok();
        server.process.signal(signal);
        server.process.finish().ok().saying(&["stopped"]);
    }
}

#[test]
fn a_message_on_its_way_is_finished_when_the_server_stops() {
    let home = Home::new();
    let server = home.server(&[]);
    // Far larger than all buffers on the way, and held up in its tenth record: it is still being sent when the server stops.
    let message = noise(8 << 20);
    let proxy = Proxy::new(&server.address, Direction::ToServer, 3 + 10, Act::Hold);
    let client = home.spawn(&client(&proxy.address, &["--raw"])).feed(&message);
    proxy.wait_until_held();
    server.process.signal(Signal::TERM);
    server.log_line("stopping");
    proxy.release();
    client.finish().ok();
    let done = server.process.finish().ok();
    let done = done.saying(&["messages=1", &format!("bytes={}", message.len())]);
    assert!(!done.stderr.contains("WARN"), "{}", done.stderr);
}

#[test]
fn a_client_that_does_not_leave_is_cut_off_after_the_drain_time() {
    let home = Home::new();
    let server = home.server(&["--set", "server.drain_timeout=0", "--set", "session.close_timeout=1"]);
    // The server's farewell never reaches the client.
    let proxy = Proxy::new(&server.address, Direction::ToClient, 3, Act::Hold);
    let timers = ["--set", "session.keepalive=2", "--set", "session.dead_peer=3"];
    let mut stuck = home.spawn(&[&client(&proxy.address, &["--set", "client.service=echo"])[..], &timers].concat());
    stuck.write("hello\n");
    stuck.stdout.line_with("hello");
    server.stop().ok().saying(&["stopped"]);
    stuck.finish().with_status(4).saying(&["nothing came from the other end for 3 seconds"]);
}

#[test]
fn a_client_whose_server_is_stuck_can_be_interrupted() {
    let home = Home::new();
    let server = home.server(&[]);
    let proxy = Proxy::new(&server.address, Direction::ToClient, 3, Act::Hold);
    let mut args = client(&proxy.address, &["--set", "client.service=echo", "--set", "session.close_timeout=1"]);
    args.extend(["--set", "log.level=error"]);
    let mut stuck = home.spawn(&args);
    stuck.write("one\n");
    stuck.stdout.line_with("one");
    stuck.write("two\n");
    stuck.end_input();
    // All was sent; the answer and the farewell never come.
    server.log_line("closed");
    stuck.signal(Signal::INT);
    stuck.finish().with_status(4).saying(&["did not say that it was done"]);
}

#[test]
fn a_client_that_cannot_send_can_be_interrupted() {
    let home = Home::new();
    let server = home.server(&[]);
    let proxy = Proxy::new(&server.address, Direction::ToServer, 3, Act::Hold);
    let stuck = home.spawn(&client(&proxy.address, &["--raw", "--set", "session.close_timeout=1"]));
    let stuck = stuck.feed(&[0; 32 << 20]);
    proxy.wait_until_held();
    stuck.signal(Signal::INT);
    stuck.finish().with_status(4);
}

/// A message that the server cannot show, for a full disk behind its standard output, is not delivered, and its sender must know.
#[test]
#[cfg(target_os = "linux")]
fn a_message_that_cannot_be_shown_is_no_success() {
    let home = Home::new();
    let mut command = home.other_command("sh");
    command.args(["-c", "exec \"$0\" \"$@\" >/dev/full", env!("CARGO_BIN_EXE_sealwire")]).args(home.server_args());
    let server = Server::of(Process::spawn(&mut command));
    home.run(&server.client(&[]), "lost\n").with_status(1).saying(&["internal fault"]);
    server.log_line("what was received could not be dealt with");
    server.stop().ok();
}
