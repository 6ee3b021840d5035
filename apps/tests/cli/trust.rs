//! Who trusts whom: unknown and changed servers, unlisted clients, services that are not offered; each refusal says what to do.

use crate::support::{CLIENT, Home, OTHER, SERVER, Server, mode};

const KNOWN_HOSTS: &str = "state/sealwire/known_hosts";

/// The arguments of a client that does not know the server.
fn stranger<'a>(server: &'a Server, args: &[&'a str]) -> Vec<&'a str> {
    [&["client", "--address", &server.address], args].concat()
}

#[test]
fn an_unknown_server_is_refused_and_what_to_type_works() {
    let home = Home::new();
    let server = home.server(&[]);
    let refused = home.run(&stranger(&server, &[]), "secret\n").with_status(3);
    let refused = refused.saying(&["is not known", SERVER.print, &server.address, &format!("--pin {}", SERVER.print)]);
    assert!(!home.path(KNOWN_HOSTS).exists(), "nothing is remembered unasked");
    let command = refused.stderr.split('`').find(|part| part.starts_with("sealwire trust add")).unwrap();
    let words: Vec<&str> = command.split_whitespace().skip(1).collect();
    home.run(&words, "").ok();
    home.run(&stranger(&server, &[]), "hello\n").ok();
    let printed = String::from_utf8(server.stop().ok().stdout).unwrap();
    assert!(printed.ends_with(": hello\n") && !printed.contains("secret"), "{printed}");
}

#[test]
fn accept_new_remembers_and_pinned_only_refuses() {
    let home = Home::new();
    let server = home.server(&[]);
    let pinned_only = ["--set", "client.trust=pinned-only"];
    home.run(&stranger(&server, &pinned_only), "").with_status(3).saying(&[SERVER.print]);
    home.run(&stranger(&server, &["--set", "client.trust=accept-new"]), "").ok();
    assert_eq!(home.read(KNOWN_HOSTS), format!("{} {}\n", server.address, SERVER.print));
    home.run(&stranger(&server, &pinned_only), "").ok();
    assert!(home.run(&["trust", "list"], "").ok().text().contains(SERVER.print));
    home.run(&["trust", "remove", "--server", &server.address], "").ok();
    home.run(&stranger(&server, &pinned_only), "").with_status(3);
    home.run(&["trust", "remove", "--server", &server.address], "").with_status(1).saying(&["not on the list"]);
}

#[test]
fn a_wrong_pin_is_refused_and_a_right_one_among_others_is_not() {
    let home = Home::new();
    let server = home.server(&[]);
    let wrong = ["--pin", OTHER.print];
    home.run(&stranger(&server, &wrong), "secret\n").with_status(3).saying(&[SERVER.print, OTHER.print, "pin"]);
    let in_config = format!("client.pin={}", OTHER.print);
    home.run(&stranger(&server, &["--set", &in_config]), "").with_status(3).saying(&["client.pin"]);
    home.run(&stranger(&server, &["--pin", OTHER.print, "--pin", SERVER.print]), "").ok();
    // A pin counts for more than what was accepted once.
    home.run(&stranger(&server, &["--set", "client.trust=accept-new"]), "").ok();
    home.run(&stranger(&server, &wrong), "").with_status(3);
    assert_eq!(server.stop().ok().stdout, b"");
}

#[test]
fn a_changed_server_key_is_refused_and_what_to_type_works() {
    let home = Home::new();
    let server = home.server(&[]);
    home.run(&["trust", "add", OTHER.print, "--server", &server.address], "").ok();
    for trust in ["ask", "accept-new", "pinned-only"] {
        let trust = format!("client.trust={trust}");
        let refused = home.run(&stranger(&server, &["--set", &trust]), "secret\n").with_status(3);
        refused.saying(&["KEY HAS CHANGED", SERVER.print, KNOWN_HOSTS, "somebody stands between"]);
    }
    let refused = home.run(&stranger(&server, &[]), "").with_status(3);
    for command in refused.stderr.split('`').filter(|part| part.starts_with("sealwire trust")) {
        home.run(&command.split_whitespace().skip(1).collect::<Vec<_>>(), "").ok();
    }
    home.run(&stranger(&server, &[]), "").ok();
    assert_eq!(home.read(KNOWN_HOSTS), format!("{} {}\n", server.address, SERVER.print));
    assert_eq!(server.stop().ok().stdout, b"");
}

/// A server that takes known clients only, and a client's key.
struct Mutual {
    home: Home,
    server: Server,
    client: String,
}

impl Mutual {
    fn new() -> Mutual {
        let home = Home::new();
        let server = home.server(&["--set", "server.client_auth=required"]);
        let client = home.key("client.pem", &CLIENT);
        Mutual { home, server, client: format!("client.identity={client:?}") }
    }

    /// What a client with the key gets by asking for the service.
    fn status(&self, service: &str) -> Option<i32> {
        let service = format!("client.service={service}");
        let args = ["--set", &self.client, "--set", &service];
        self.home.run(&self.server.client(&args), "").status
    }

    /// Runs `sealwire trust`.
    fn trust(&self, args: &[&str]) {
        self.home.run(&[&["trust"], args].concat(), "").ok();
    }
}

#[test]
fn an_unlisted_client_is_refused_and_both_ends_name_its_key() {
    let mutual = Mutual::new();
    let args = ["--set", &mutual.client];
    let refused = mutual.home.run(&mutual.server.client(&args), "secret\n").with_status(3);
    refused.saying(&[&format!("sealwire trust add {}", CLIENT.print)]);
    mutual.server.log_line(&format!("the client {} is not authorised", CLIENT.print));

    let nameless = mutual.home.run(&mutual.server.client(&[]), "").with_status(3);
    nameless.saying(&["client.identity", "sealwire keygen --out"]);
    assert_eq!(mutual.server.stop().ok().stdout, b"");
}

#[test]
fn the_list_of_clients_takes_effect_without_a_restart() {
    let mutual = Mutual::new();
    let public = mutual.home.write("client.pub", include_str!("keys/client.pub"));
    let ssh = include_str!("keys/client.ssh");
    let ssh_file = mutual.home.write("client.ssh", ssh);
    let private = mutual.home.name("client.pem");
    for key in [CLIENT.print, &public, &private, ssh.trim(), &ssh_file] {
        assert_eq!(mutual.status("print"), Some(3), "before {key}");
        mutual.trust(&["add", key, "--comment", "a friend"]);
        assert_eq!(mutual.status("print"), Some(0), "with {key}");
        let list = mutual.home.run(&["trust", "list"], "").ok();
        assert!(list.text().contains(&format!("{} a friend", CLIENT.print)), "{}", list.text());
        mutual.trust(&["remove", key]);
        assert_eq!(mutual.status("print"), Some(3), "after {key}");
    }
    mutual.trust(&["add", OTHER.print]);
    assert_eq!(mutual.status("print"), Some(3), "another client's entry");
}

#[test]
fn a_known_client_is_named_beside_its_messages() {
    let mutual = Mutual::new();
    mutual.trust(&["add", CLIENT.print]);
    let args = ["--set", &mutual.client, "--set", "client.want_server_auth=true"];
    mutual.home.run(&mutual.server.client(&args), "it is me\n").ok();
    let line = mutual.server.process.stdout.line_with("it is me");
    assert!(line.contains(&format!(" {} at 127.0.0.1:", CLIENT.print)), "{line}");
}

#[test]
fn an_entry_may_allow_some_services_only() {
    let mutual = Mutual::new();
    mutual.trust(&["add", CLIENT.print, "--services", "print"]);
    assert_eq!((mutual.status("print"), mutual.status("echo")), (Some(0), Some(1)));
    mutual.server.log_line(&format!("\"echo\", which is not offered to the key {}", CLIENT.print));
    mutual.trust(&["add", CLIENT.print, "--services", "print,echo"]);
    assert_eq!((mutual.status("print"), mutual.status("echo")), (Some(0), Some(0)));
}

#[test]
fn a_damaged_list_lets_nobody_in_and_the_log_says_where() {
    let mutual = Mutual::new();
    mutual.trust(&["add", CLIENT.print]);
    assert_eq!(mutual.status("print"), Some(0));
    let name = "state/sealwire/authorized_clients";
    mutual.home.write(name, format!("{}no fingerprint\n", mutual.home.read(name)));
    assert_eq!(mutual.status("print"), Some(3));
    let line = mutual.server.log_line("no client is let in");
    assert!(line.contains("line 2"), "{line}");
}

#[test]
fn a_service_that_is_not_offered_is_refused_by_name() {
    let home = Home::new();
    let server = home.server(&["--set", "server.services=print"]);
    let refused = home.echo(&server, &[], "secret\n").with_status(1);
    refused.saying(&["\"echo\"", "client.service", "server.services"]);
    server.log_line("\"echo\", which is not offered");
    home.run(&server.client(&[]), "").ok();
    assert_eq!(server.stop().ok().stdout, b"");
}

#[test]
fn a_first_start_makes_an_identity_and_a_second_keeps_it() {
    let home = Home::new();
    let args = ["server", "--set", "transport.address=127.0.0.1:0", "--set", "server.identity_bits=2048"];
    let identity = || {
        let server = home.server_by(&args);
        let line = server.log_line("identity SHA256:");
        home.run(&stranger(&server, &["--pin", line.strip_prefix("identity ").unwrap()]), "").ok();
        server.stop().ok();
        line
    };
    assert_eq!(identity(), identity());
    assert_eq!(mode(&home.path("state/sealwire")), 0o700);
    assert_eq!(mode(&home.path("state/sealwire/server_identity.pem")), 0o600);
}
