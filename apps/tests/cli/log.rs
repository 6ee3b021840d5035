//! The operational log: one JSON object a line if so wanted, and never a message or a key in it.

use crate::support::{CLIENT, Home, SERVER, Server};

const MARKER: &str = "tHe-SeCrEt-mEsSaGe-0123456789";

/// A conversation with everything in it that is worth a line: both ends' logs.
fn logs(level: &str, format: &str) -> (String, String) {
    let home = Home::new();
    let log = [&format!("log.level={level}")[..], &format!("log.format={format}")];
    let log = ["--set", log[0], "--set", log[1]];
    let client_key = format!("client.identity={:?}", home.key("client.pem", &CLIENT));
    let server = home.server(&[&log[..], &["--set", "server.client_auth=required"]].concat());
    let as_client = |server: &Server, args: &[&str], stdin: &str| {
        let args = [&log[..], args].concat();
        home.echo(server, &args, stdin)
    };
    let known = ["--set", &client_key];
    as_client(&server, &known, MARKER).with_status(3);
    home.run(&["trust", "add", CLIENT.print], "").ok();
    let done = as_client(&server, &known, MARKER).ok();
    assert_eq!(done.text(), format!("{MARKER}\n"));
    as_client(&server, &[&known[..], &["--message", MARKER]].concat(), "").ok();
    (server.stop().ok().stderr, done.stderr)
}

#[test]
fn json_is_one_object_a_line() {
    let (server, client) = logs("info", "json");
    // What the server says to whoever started it stands before the log begins.
    let log: Vec<&str> = server.lines().skip_while(|line| !line.starts_with('{')).collect();
    assert!(log.len() >= 5, "{server}");
    for line in log.into_iter().chain(client.lines()) {
        let event: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(event["timestamp"].is_string() && event["level"].is_string() && event["message"].is_string(), "{line}");
    }
    let find = |message: &str| {
        let line = server.lines().find(|line| line.contains(&format!("\"message\":\"{message}\""))).unwrap();
        serde_json::from_str::<serde_json::Value>(line).unwrap()
    };
    let connected = find("connected");
    assert_eq!((connected["client"].as_str(), connected["service"].as_str()), (Some(CLIENT.print), Some("echo")));
    assert_eq!((connected["suite"].as_str(), connected["level"].as_str()), (Some("aes-256-gcm"), Some("INFO")));
    assert_eq!(find("handshake failed")["level"], "WARN");
}

#[test]
fn no_message_and_no_key_is_in_it_at_any_level() {
    for format in ["text", "json"] {
        let (server, client) = logs("trace", format);
        assert!(server.contains("connected") && client.contains("connected"));
        for log in [server, client] {
            for secret in
                forms_of(MARKER.as_bytes()).into_iter().chain(secrets_of(SERVER.pem)).chain(secrets_of(CLIENT.pem))
            {
                assert!(!log.contains(&secret), "{secret:?} in:\n{log}");
            }
        }
    }
}

/// Parts of `bytes` as a log could show them: as text, in hexadecimal, as numbers, and in base64 at each of its three offsets.
fn forms_of(bytes: &[u8]) -> Vec<String> {
    let bytes = &bytes[..24];
    let mut forms = vec![
        String::from_utf8_lossy(bytes).into_owned(),
        bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        bytes.iter().map(|byte| format!("{byte:02X}")).collect(),
        bytes.iter().map(|byte| format!("{byte}, ")).collect(),
    ];
    forms.extend((0..3).map(|offset| base64(&bytes[offset..offset + 21])));
    forms
}

/// The lines of a PEM file: any of them in a log would be a part of the key.
fn secrets_of(pem: &str) -> Vec<String> {
    pem.lines().filter(|line| line.len() == 64).map(str::to_owned).collect()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = bytes.chunks_exact(3).flat_map(|three| {
        let number = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        [18, 12, 6, 0].map(|shift| char::from(DIGITS[(number >> shift) as usize & 63]))
    });
    digits.collect()
}

#[test]
fn the_level_is_the_least_that_is_logged() {
    let home = Home::new();
    let server = home.server(&["--set", "log.level=error"]);
    let done = home.echo(&server, &["--set", "log.level=error"], "quiet\n").ok();
    assert_eq!(done.stderr, "");
    assert_eq!(server.stop().ok().stderr.lines().count(), 3, "only what it says at the start");
}
