//! Running `openssl` and `ssh-keygen`.

use std::io::ErrorKind;
use std::process::Command;

/// What the command prints on standard output, or `None` where it is not installed. `SEALWIRE_REQUIRE_OPENSSL=1` makes
/// that a failure.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let output = match Command::new(program).args(arguments).env("SSH_ASKPASS_REQUIRE", "never").output() {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            assert!(std::env::var("SEALWIRE_REQUIRE_OPENSSL").is_err(), "{program} is not installed");
            eprintln!("skipped: {program} not found");
            return None;
        }
        Err(error) => panic!("{program}: {error}"),
    };
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {errors}");
    Some(String::from_utf8(output.stdout).unwrap())
}

/// The fingerprint that `ssh-keygen` gives a key file that it can read.
pub(crate) fn ssh_fingerprint(path: &str) -> Option<String> {
    Some(run("ssh-keygen", &["-lf", path])?.split_whitespace().nth(1).unwrap().to_owned())
}
