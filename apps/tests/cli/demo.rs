//! `sealwire demo`: everybody's first command.

use crate::support::{Done, Home};

fn demo(args: &[&str], stdin: &[u8]) -> Done {
    let done = Home::new().run(&[&["demo"], args].concat(), stdin).ok();
    assert_eq!(done.stderr, "");
    assert!(done.text().contains("6. Its echo, opened by the client: the same, byte for byte\n"), "{}", done.text());
    assert!(done.text().lines().count() <= 30, "more than a screenful:\n{}", done.text());
    done
}

/// The message as the demo shows it on both sides: before it is sent, and as the server printed it.
fn shown(done: &Done) -> (&str, &str) {
    let text = done.text();
    let line = |start: &str| text.lines().find_map(|line| line.strip_prefix(start)).unwrap();
    let sent = line("3. The message, ").split_once(" bytes: ").unwrap().1;
    (sent, line("5. As the server shows it: ").split_once(" memory: ").unwrap().1)
}

#[test]
fn without_a_message_it_sends_one_of_its_own() {
    let done = demo(&[], b"");
    let (sent, arrived) = shown(&done);
    assert!(sent.len() > 10 && sent == arrived, "{sent:?} {arrived:?}");
    assert!(done.text().contains("rsa-oaep-sha256") && done.text().contains("sealed by aes-256-gcm"));
    assert_eq!(shown(&demo(&[], b"\n")).0, sent);
}

#[test]
fn the_message_comes_from_the_argument_or_from_standard_input() {
    assert_eq!(shown(&demo(&["from the argument"], b"unread")), ("from the argument", "from the argument"));
    assert_eq!(shown(&demo(&[], "Grüße, 世界\n".as_bytes())), ("Grüße, 世界", "Grüße, 世界"));
}

#[test]
fn what_is_no_text_arrives_and_is_shown_safely() {
    let shown_as = r"\xff\xfe \u{1b}[31mred\u{7} a\nb \u{202e}";
    let done = demo(
        &[],
        "\u{1b}[31mred\u{7} a\nb \u{202e}"
            .as_bytes()
            .iter()
            .fold(b"\xff\xfe ".to_vec(), |mut all, b| {
                all.push(*b);
                all
            })
            .as_slice(),
    );
    assert_eq!(shown(&done), (shown_as, shown_as));
    assert!(!done.text().contains(|c: char| c.is_control() && c != '\n'));
}

#[test]
fn what_travels_is_not_the_message() {
    let done = demo(&["attack at dawn"], b"");
    let hex: String = "attack at dawn".bytes().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(done.text().matches("attack at dawn").count(), 2, "sent and arrived");
    assert!(!done.text().contains(&hex));
}

#[test]
fn a_long_message_still_fits_on_a_screen() {
    let done = demo(&[], &[b'x'; 1 << 20]);
    assert!(done.text().len() < 5000, "{}", done.text().len());
    assert!(done.text().contains("3. The message, 1048576 bytes: xxx"));
}

#[test]
fn the_demo_runs_what_the_settings_name() {
    let done =
        Home::new().run(&["demo", "hi", "--set", "cipher.suite=aes-128-gcm", "--set", "key_transport.bits=3072"], b"");
    let done = done.ok();
    assert!(done.text().contains("sealed by aes-128-gcm") && done.text().contains("(RSA, 3072 bits)"));
}
