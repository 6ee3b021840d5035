//! What the tests of this crate share.

use sealwire_config::{Choices, Config, ConfigError, Loader};
use std::path::Path;

/// Every name a full build knows.
pub(crate) fn choices() -> Choices {
    Choices {
        transports: vec!["tcp", "unix", "memory"],
        suites: vec!["aes-256-gcm", "aes-128-gcm"],
        backends: vec!["vaes", "aes-ni", "portable"],
        schemes: vec!["rsa-oaep-sha256"],
        engines: vec!["num-bigint", "num-bigint/portable", "gmp"],
        services: vec!["print", "echo", "receive", "forward"],
        requests: vec!["print", "echo"],
    }
}

/// A loader that finds no file by itself: `nowhere` is an empty folder.
pub(crate) fn loader(nowhere: &Path) -> Loader {
    Loader::new(choices()).directory(nowhere.to_owned())
}

/// Loads `text` as a file.
pub(crate) fn load(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("test.toml");
    std::fs::write(&file, text).expect("write the file");
    loader(folder.path()).file(Some(file)).load()
}

/// The message for `text` as a file, which is wrong. The name of the folder is left out.
pub(crate) fn refusal(text: &str) -> String {
    let message = load(text).expect_err(text).to_string();
    message
        .lines()
        .map(|line| &line[line.find("test.toml").expect("the file is named")..])
        .collect::<Vec<_>>()
        .join("\n")
}

/// The message for `--set` arguments that are wrong.
pub(crate) fn set_refusal(sets: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    loader(folder.path()).sets(sets.iter().copied()).load().expect_err("an override that is wrong").to_string()
}
