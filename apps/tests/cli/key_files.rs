//! Keys as files: making them, naming them, using those of others, and refusing those that are not sound, with the reason.

use crate::support::{CLIENT, Done, Home, Key, OTHER, Process, SERVER, installed, mode, set_mode};
use std::fs;

/// Runs another program here, which must succeed, and gives its output.
fn other(home: &Home, program: &str, args: &[&str]) -> String {
    Process::spawn(home.other_command(program).args(args)).finish().ok().text().to_owned()
}

/// Starts a server with the key in `file`, which must be refused.
fn refused(home: &Home, file: &str) -> Done {
    let identity = format!("server.identity={file:?}");
    home.run(&["server", "--set", "transport.address=127.0.0.1:0", "--set", &identity], "")
        .with_status(1)
        .saying(&[file])
}

#[test]
fn keygen_makes_a_pair_that_only_its_owner_reads_and_never_overwrites() {
    let home = Home::new();
    let made = home.run(&["keygen", "--out", "id.pem", "--bits", "2048"], "").ok();
    assert_eq!((mode(&home.path("id.pem")), mode(&home.path("id.pem.pub"))), (0o600, 0o644));
    assert!(home.read("id.pem").starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert!(home.read("id.pem.pub").starts_with("-----BEGIN PUBLIC KEY-----\n"));
    for file in ["id.pem", "id.pem.pub"] {
        assert_eq!(home.run(&["fingerprint", file], "").ok().text(), made.text(), "{file}");
    }
    if installed("openssl") {
        assert!(other(&home, "openssl", &["pkey", "-check", "-noout", "-in", "id.pem"]).contains("valid"));
    }
    if installed("ssh-keygen") {
        let line = other(&home, "ssh-keygen", &["-lf", "id.pem"]);
        assert!(line.starts_with(&format!("2048 {} ", made.text().trim())), "{line}");
    }

    let before = home.read("id.pem");
    home.run(&["keygen", "--out", "id.pem", "--bits", "2048"], "").with_status(1).saying(&["id.pem exists already"]);
    fs::remove_file(home.path("id.pem.pub")).unwrap();
    home.run(&["keygen", "--out", "id.pem", "--bits", "2048"], "").with_status(1).saying(&["id.pem exists already"]);
    assert_eq!(home.read("id.pem"), before);
    home.write("new.pem.pub", "somebody's");
    home.run(&["keygen", "--out", "new.pem", "--bits", "2048"], "")
        .with_status(1)
        .saying(&["new.pem.pub exists already"]);
    assert!(!home.path("new.pem").exists());
    home.run(&["keygen", "--out", "no/such/folder/id", "--bits", "2048"], "")
        .with_status(1)
        .saying(&["no/such/folder/id"]);
}

#[test]
fn a_passphrase_comes_from_the_environment_or_a_file_descriptor() {
    let home = Home::new();
    let with_env = |args: &[&str], passphrase: &str| {
        Process::spawn(home.command(args).env("SEALWIRE_PASSPHRASE", passphrase)).finish()
    };
    let program = env!("CARGO_BIN_EXE_sealwire");
    let with_fd = |args: &str, passphrase: &str| {
        home.write("passphrase", format!("{passphrase}\nmore\n"));
        let script = format!("exec {program} {args} --passphrase-fd 3 3<passphrase");
        Process::spawn(home.other_command("sh").args(["-c", &script])).finish()
    };
    let print = with_env(&["keygen", "--out", "env.pem", "--bits", "2048", "--passphrase"], "open sesame").ok();
    with_fd("keygen --out fd.pem --bits 2048", "open sesame").ok();
    for file in ["env.pem", "fd.pem"] {
        assert!(home.read(file).starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        assert_eq!(mode(&home.path(file)), 0o600);
    }
    assert_eq!(with_env(&["fingerprint", "env.pem"], "open sesame").ok().text(), print.text());
    assert_eq!(with_fd("fingerprint env.pem", "open sesame").ok().text(), print.text());
    with_env(&["fingerprint", "env.pem"], "open barley").with_status(1).saying(&["env.pem", "passphrase is wrong"]);
    with_fd("fingerprint env.pem", "open barley").with_status(1).saying(&["passphrase is wrong"]);
    with_env(&["keygen", "--out", "x.pem", "--bits", "2048", "--passphrase"], "")
        .with_status(1)
        .saying(&["empty passphrase"]);
    assert!(!home.path("x.pem").exists());
    if installed("openssl") {
        let args = ["pkey", "-check", "-noout", "-in", "fd.pem", "-passin", "pass:open sesame"];
        assert!(other(&home, "openssl", &args).contains("valid"));
    }

    let identity = format!("server.identity={:?}", home.name("env.pem"));
    let args = ["server", "--set", "transport.address=127.0.0.1:0", "--set", &identity];
    let server = Process::spawn(home.command(&args).env("SEALWIRE_PASSPHRASE", "open sesame"));
    server.stderr.line_with(&format!("identity {}", print.text().trim()));
}

#[test]
fn fingerprints_are_those_of_ssh_keygen() {
    let home = Home::new();
    for key in [&SERVER, &OTHER, &CLIENT] {
        let file = home.key("key.pem", key);
        assert_eq!(home.run(&["fingerprint", &file], "").ok().text(), format!("{}\n", key.print));
    }
    for public in [include_str!("keys/client.pub"), include_str!("keys/client.ssh")] {
        let file = home.write("public", public);
        assert_eq!(home.run(&["fingerprint", &file], "").ok().text(), format!("{}\n", CLIENT.print));
    }
}

#[test]
fn keys_of_openssl_serve() {
    let home = Home::new();
    if !installed("openssl") {
        return;
    }
    other(&home, "openssl", &["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", "pkcs8.pem"]);
    other(&home, "openssl", &["pkey", "-in", "pkcs8.pem", "-traditional", "-out", "pkcs1.pem"]);
    for file in ["pkcs8.pem", "pkcs1.pem"] {
        set_mode(&home.path(file), 0o600);
        let identity = format!("server.identity={:?}", home.name(file));
        let server = home.server_by(&["server", "--set", "transport.address=127.0.0.1:0", "--set", &identity]);
        let print = server.log_line("identity SHA256:").replace("identity ", "");
        let args = ["client", "--address", &server.address, "--pin", &print, "--message", "hello"];
        home.run(&args, "").ok();
        server.process.stdout.line_with(": hello");
    }
}

#[test]
fn a_key_of_three_primes_has_a_fingerprint_and_is_no_identity() {
    let home = Home::new();
    if !installed("openssl") {
        return;
    }
    other(&home, "openssl", &["genrsa", "-primes", "3", "-out", "three.pem", "3072"]);
    other(&home, "openssl", &["pkey", "-in", "three.pem", "-pubout", "-out", "three.pub"]);
    set_mode(&home.path("three.pem"), 0o600);
    let print = |file| home.run(&["fingerprint", file], "").ok().text().to_owned();
    assert_eq!(print("three.pem"), print("three.pub"));
    refused(&home, "three.pem").saying(&["three.pem", "3 primes cannot be an identity"]);
}

#[test]
fn transport_keys_of_three_primes_serve() {
    let home = Home::new();
    let sets = ["--set", "key_transport.bits=3072", "--set", "key_transport.primes=3"];
    let done = home.run(&[&["demo", "hi"], &sets[..]].concat(), "").ok();
    assert!(done.text().contains("(RSA, 3072 bits, 3 primes)"), "{}", done.text());
    home.run(&["server", "--set", "key_transport.primes=3"], "")
        .with_status(2)
        .saying(&["key_transport.primes", "3072 or 4096"]);
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let home = Home::new();
    for open in [0o644, 0o640, 0o620, 0o601] {
        let file = home.key("id.pem", &SERVER);
        set_mode(&home.path("id.pem"), open);
        refused(&home, &file).saying(&["open to others", &format!("mode 0{open:o}"), &format!("chmod 600 {file}")]);
        home.run(&["fingerprint", &file], "").with_status(1).saying(&["open to others"]);
    }
    let file = home.key("id.pem", &SERVER);
    set_mode(&home.path("id.pem"), 0o400);
    home.run(&["fingerprint", &file], "").ok();
}

/// Files with a key that cannot be right, each with part of the reason that is given. `even_modulus.pem` is `server.pem` with the last
/// bit of n cleared, `tiny.pem` a key of 512 bits by `openssl genpkey`.
fn damaged() -> Vec<(String, &'static str)> {
    let pem = SERVER.pem;
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let block = |body: &str| format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
    vec![
        (String::new(), "no key in it"),
        ("hello\n".to_owned(), "no key in it"),
        (pem.lines().take(10).collect::<Vec<_>>().join("\n"), "PEM"),
        (pem.replacen("\nMII", "\nM!I", 1), "PEM"),
        (block(&body[..64]), "not a well-formed key"),
        (include_str!("keys/client.pub").to_owned(), "a public key, where the private key is needed"),
        ("x".repeat(70_000), "larger than 65536 bytes"),
        (include_str!("keys/even_modulus.pem").to_owned(), "not a sound RSA key"),
        (include_str!("keys/tiny.pem").to_owned(), "512 bits"),
    ]
}

#[test]
fn keys_that_are_not_sound_are_refused_with_the_reason() {
    let home = Home::new();
    for (text, reason) in damaged() {
        let file = home.key("id.pem", &Key { pem: text.leak(), print: "" });
        refused(&home, &file).saying(&[reason]);
    }
    refused(&home, &home.name("missing.pem")).saying(&["cannot read the key"]);
    home.write("folder/file", "");
    refused(&home, &home.name("folder")).saying(&["no regular file"]);
}
