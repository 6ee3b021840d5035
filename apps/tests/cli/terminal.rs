//! A person at a terminal: asked at the first contact, typing lines, seeing answers, and left with the terminal as it was.

use crate::support::{Home, OTHER, Pty, SERVER, Server, Signal};

const PROMPT: &str = "> ";

/// A client on a terminal that has never met the server.
fn stranger(home: &Home, server: &Server) -> Pty {
    let args = ["client", "--address", &server.address, "--set", "client.service=echo", "--set", "log.level=error"];
    Pty::spawn(home.command(&args))
}

/// A client on a terminal that knows the server, when it shows its prompt.
fn typing(home: &Home, server: &Server) -> Pty {
    let mut pty = Pty::spawn(home.command(&server.echo(&["--set", "log.level=error"])));
    pty.see(PROMPT);
    pty
}

#[test]
fn the_first_contact_asks_and_yes_is_remembered() {
    let home = Home::new();
    let server = home.server(&[]);
    let mut pty = stranger(&home, &server);
    pty.see(&server.address);
    pty.see(SERVER.print);
    pty.see("(yes/no)");
    pty.type_in("yes\r");
    pty.see(PROMPT);
    pty.type_in("hello\r\u{4}");
    pty.finish().ok();
    assert_eq!(home.read("state/sealwire/known_hosts"), format!("{} {}\n", server.address, SERVER.print));

    let mut pty = stranger(&home, &server);
    pty.see(PROMPT);
    pty.type_in("\u{4}");
    let screen = String::from_utf8(pty.finish().ok().stdout).unwrap();
    assert!(!screen.contains("yes/no"), "{screen}");
}

#[test]
fn any_other_answer_is_no() {
    let home = Home::new();
    let server = home.server(&[]);
    for answer in ["no\r", "\r", "Y E S\r", "\u{4}"] {
        let mut pty = stranger(&home, &server);
        pty.see("(yes/no)");
        pty.type_in(answer);
        pty.see("sealwire trust add --server");
        pty.finish().with_status(3);
        assert!(!home.path("state/sealwire/known_hosts").exists());
    }
}

#[test]
fn a_changed_key_is_refused_without_a_question() {
    let home = Home::new();
    let server = home.server(&[]);
    home.run(&["trust", "add", OTHER.print, "--server", &server.address], "").ok();
    let mut pty = stranger(&home, &server);
    pty.see("KEY HAS CHANGED");
    let screen = String::from_utf8(pty.finish().with_status(3).stdout).unwrap();
    assert!(!screen.contains("yes/no"), "{screen}");
}

#[test]
fn lines_that_are_typed_arrive_and_answers_stand_above_the_prompt() {
    let home = Home::new();
    let server = home.server(&[]);
    let mut pty = typing(&home, &server);
    for number in 0..3 {
        pty.type_in(&format!("line {number}\r"));
        server.process.stdout.line_with(&format!(": line {number}"));
        // First as it is typed, then as the answer, with a new prompt behind it.
        pty.see(&format!("line {number}"));
        pty.see(&format!("line {number}\r\n"));
        pty.see(PROMPT);
    }
    pty.type_in("half a li");
    pty.see("half a li");
    assert_ne!(pty.modes(), pty.before, "the line editor is at work");
    pty.type_in("ne\r");
    server.process.stdout.line_with(": half a line");
    // Between two prompts the terminal is nobody's, so the answer and the prompt behind it come first.
    pty.see("half a line\r\n");
    pty.see(PROMPT);
    pty.type_in("\u{4}");
    pty.finish().ok();
    assert_eq!(pty.modes(), pty.before);
    server.log_line("messages=4");
}

#[test]
fn lines_that_are_pasted_together_arrive_each() {
    let home = Home::new();
    let server = home.server(&[]);
    let mut pty = typing(&home, &server);
    pty.type_in("one\rtwo\rthree\r");
    for line in ["one", "two", "three"] {
        server.process.stdout.line_with(&format!(": {line}"));
    }
    pty.type_in("four\r");
    server.process.stdout.line_with(": four");
}

#[test]
fn an_answer_cannot_steer_the_terminal() {
    let home = Home::new();
    let server = home.server(&[]);
    // Ctrl-V takes the next key as it is, so these arrive as control characters.
    let mut pty = typing(&home, &server);
    pty.type_in("a\u{16}\u{1b}]0;title\u{16}\u{7}b\r");
    pty.see(r"a\u{1b}]0;title\u{7}b");
    pty.see(PROMPT);
    pty.type_in("\u{4}");
    let screen = String::from_utf8(pty.finish().ok().stdout).unwrap();
    // What is typed is the typist's own affair; behind it comes the answer.
    let answer = screen.split_once("\r\n").unwrap().1;
    assert!(!answer.contains("\u{1b}]0;") && !answer.contains('\u{7}'), "{}", screen.escape_debug());
}

#[test]
fn the_terminal_is_as_it_was_when_the_server_leaves() {
    for signal in [Signal::INT, Signal::TERM] {
        let home = Home::new();
        let server = home.server(&[]);
        let mut pty = typing(&home, &server);
        pty.type_in("half a line");
        pty.see("half a line");
        server.process.signal(signal);
        pty.see("the server has closed the conversation");
        pty.finish().ok();
        assert_eq!(pty.modes(), pty.before);
        server.process.finish().ok();
    }
}

#[test]
fn the_terminal_is_as_it_was_when_the_connection_breaks() {
    let home = Home::new();
    let server = home.server(&[]);
    let mut pty = typing(&home, &server);
    server.process.signal(Signal::KILL);
    pty.see("the connection was cut");
    pty.finish().with_status(4);
    assert_eq!(pty.modes(), pty.before);
}

#[test]
fn every_way_to_leave_leaves_the_terminal_as_it_was() {
    let home = Home::new();
    let server = home.server(&[]);
    for keys in ["\u{3}", "\u{4}", "a line\r\u{4}"] {
        let mut pty = typing(&home, &server);
        pty.type_in(keys);
        pty.finish().ok();
        assert_eq!(pty.modes(), pty.before, "{keys:?}");
    }
    for signal in [Signal::INT, Signal::TERM] {
        let mut pty = typing(&home, &server);
        pty.signal(signal);
        pty.finish().ok();
        assert_eq!(pty.modes(), pty.before, "{signal:?}");
    }
    assert!(!server.stop().ok().stderr.contains("WARN"));
}

#[test]
fn messages_of_the_command_line_and_pipes_need_no_prompt() {
    let home = Home::new();
    let server = home.server(&[]);
    let mut pty = Pty::spawn(home.command(&server.echo(&["--message", "\u{1b}[31mred", "--set", "log.level=error"])));
    let screen = String::from_utf8(pty.finish().ok().stdout).unwrap();
    assert_eq!(screen, "\\u{1b}[31mred\r\n");
}
