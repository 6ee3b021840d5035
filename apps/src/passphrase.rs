//! Passphrases of private keys: from a file descriptor, from the environment, or typed in without being shown.

use sealwire_traits::SecretBytes;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

/// The environment variable. Other processes of the same user can read it; a file descriptor is better.
pub const VARIABLE: &str = "SEALWIRE_PASSPHRASE";
/// Longest passphrase, in bytes.
const MAX_LEN: usize = 1024;

/// A new passphrase that could not be had.
#[derive(Debug, Error)]
pub enum PassphraseError {
    /// Neither given nor to be asked for.
    #[error("there is no terminal to type the passphrase at: use --passphrase-fd N or the variable {VARIABLE}")]
    Nowhere,
    /// Nothing was typed or given.
    #[error("an empty passphrase protects nothing")]
    Empty,
    /// The two differ.
    #[error("the two passphrases differ")]
    Differ,
    /// Reading failed.
    #[error("cannot read the passphrase: {0}")]
    Read(#[from] io::Error),
}

/// Where a passphrase comes from, the first of them that applies: the file descriptor, [`VARIABLE`], the terminal.
pub struct Passphrases<'a> {
    fd: Option<u32>,
    variable: Option<Zeroizing<Vec<u8>>>,
    prompt: &'a mut dyn FnMut(&str) -> io::Result<Option<SecretBytes>>,
}

impl<'a> Passphrases<'a> {
    /// `fd` is `--passphrase-fd`, `variable` the value of [`VARIABLE`], and `prompt` shows its argument and reads a
    /// line, or gives `None` when nobody is there; [`ask_terminal`] is the one to use.
    pub fn new(
        fd: Option<u32>,
        variable: Option<&OsStr>,
        prompt: &'a mut dyn FnMut(&str) -> io::Result<Option<SecretBytes>>,
    ) -> Passphrases<'a> {
        let variable = variable.map(|value| Zeroizing::new(value.as_encoded_bytes().to_vec()));
        Passphrases { fd, variable, prompt }
    }

    /// The passphrase of a key that exists; `None` when there is nobody to ask. `what` names the key, for the prompt.
    ///
    /// # Errors
    /// Reading failed.
    pub fn existing(&mut self, what: &str) -> io::Result<Option<SecretBytes>> {
        match self.given()? {
            Some(given) => Ok(Some(given)),
            None => (self.prompt)(&format!("Passphrase for {what}: ")),
        }
    }

    /// A passphrase for a new key, typed twice if it is typed.
    ///
    /// # Errors
    /// [`PassphraseError`].
    pub fn new_one(&mut self, what: &str) -> Result<SecretBytes, PassphraseError> {
        let passphrase = match self.given()? {
            Some(given) => given,
            None => self.typed_twice(what)?,
        };
        if passphrase.expose().is_empty() { Err(PassphraseError::Empty) } else { Ok(passphrase) }
    }

    fn given(&self) -> io::Result<Option<SecretBytes>> {
        match (self.fd, &self.variable) {
            (Some(fd), _) => read_line(open_fd(fd)?).map(Some),
            (None, Some(value)) => Ok(Some(SecretBytes::new(value.to_vec()))),
            (None, None) => Ok(None),
        }
    }

    fn typed_twice(&mut self, what: &str) -> Result<SecretBytes, PassphraseError> {
        let mut ask = |text: String| (self.prompt)(&text)?.ok_or(PassphraseError::Nowhere);
        let first = ask(format!("New passphrase for {what}: "))?;
        let second = ask("The same again: ".to_owned())?;
        if bool::from(first.expose().ct_eq(second.expose())) { Ok(first) } else { Err(PassphraseError::Differ) }
    }
}

/// Asks on the terminal of the process, which need not be its standard input; what is typed is not shown. `None`
/// without a terminal.
///
/// # Errors
/// Reading failed, or the user gave up.
pub fn ask_terminal(prompt: &str) -> io::Result<Option<SecretBytes>> {
    if !has_terminal() {
        return Ok(None);
    }
    Ok(Some(SecretBytes::new(rpassword::prompt_password(prompt)?.into_bytes())))
}

#[cfg(unix)]
fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}

#[cfg(not(unix))]
fn has_terminal() -> bool {
    io::IsTerminal::is_terminal(&io::stdin())
}

/// Opens a file descriptor that the process was started with, by the name that the system has for it.
#[cfg(unix)]
fn open_fd(fd: u32) -> io::Result<File> {
    File::open(format!("/dev/fd/{fd}"))
        .map_err(|error| io::Error::new(error.kind(), format!("file descriptor {fd}: {error}")))
}

#[cfg(not(unix))]
fn open_fd(_fd: u32) -> io::Result<File> {
    Err(io::Error::new(io::ErrorKind::Unsupported, format!("--passphrase-fd needs unix: use the variable {VARIABLE}")))
}

/// The first line without its end, read a byte at a time so that nothing behind it is taken away.
fn read_line(mut from: impl Read) -> io::Result<SecretBytes> {
    let mut line = Zeroizing::new(Vec::with_capacity(MAX_LEN));
    let mut byte = Zeroizing::new([0]);
    while from.read(byte.as_mut_slice())? == 1 && byte[0] != b'\n' {
        if line.len() == MAX_LEN {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is longer than {MAX_LEN} bytes")));
        }
        line.push(byte[0]);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(SecretBytes::new(std::mem::take(&mut *line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretBytes {
        SecretBytes::new(text.as_bytes().to_vec())
    }

    /// Somebody who types the given lines, one a prompt.
    fn typing<'a>(lines: &'a [&'a str]) -> impl FnMut(&str) -> io::Result<Option<SecretBytes>> + 'a {
        let mut lines = lines.iter();
        move |_| Ok(Some(secret(lines.next().expect("asked too often"))))
    }

    #[test]
    fn the_environment_comes_before_the_terminal() {
        let mut nobody = |_: &str| panic!("asked although it was given");
        let mut source = Passphrases::new(None, Some(OsStr::new("from env")), &mut nobody);
        assert_eq!(source.existing("id").expect("given").expect("given").expose(), b"from env");
        assert_eq!(source.new_one("id").expect("given").expose(), b"from env");
    }

    #[test]
    fn an_existing_one_is_typed_once_and_the_prompt_names_the_key() {
        let mut prompts = Vec::new();
        let mut prompt = |text: &str| {
            prompts.push(text.to_owned());
            Ok(Some(secret("typed")))
        };
        let typed = Passphrases::new(None, None, &mut prompt).existing("/keys/id").expect("read");
        assert_eq!(typed.expect("somebody").expose(), b"typed");
        assert_eq!(prompts, ["Passphrase for /keys/id: "]);
        let mut nobody = |_: &str| Ok(None);
        assert!(Passphrases::new(None, None, &mut nobody).existing("id").expect("no error").is_none());
    }

    #[test]
    fn a_new_one_is_typed_twice_the_same_and_not_empty() {
        let new = |lines: &[&str]| Passphrases::new(None, None, &mut typing(lines)).new_one("id");
        assert_eq!(new(&["good", "good"]).expect("the same").expose(), b"good");
        assert!(matches!(new(&["good", "goof"]), Err(PassphraseError::Differ)));
        assert!(matches!(new(&["good", "goo"]), Err(PassphraseError::Differ)));
        assert!(matches!(new(&["", ""]), Err(PassphraseError::Empty)));
        let mut nobody = |_: &str| Ok(None);
        assert!(matches!(Passphrases::new(None, None, &mut nobody).new_one("id"), Err(PassphraseError::Nowhere)));
        let empty = Passphrases::new(None, Some(OsStr::new("")), &mut nobody).new_one("id");
        assert!(matches!(empty, Err(PassphraseError::Empty)));
    }

    #[test]
    fn a_line_ends_at_its_newline_and_the_rest_is_left() {
        for (input, line) in
            [("pass\nrest", "pass"), ("pass\r\nrest", "pass"), ("pass", "pass"), ("", ""), ("a\rb\n", "a\rb")]
        {
            assert_eq!(read_line(input.as_bytes()).expect("read").expose(), line.as_bytes(), "{input:?}");
        }
        let mut input = &b"first\nsecond\n"[..];
        read_line(&mut input).expect("read");
        assert_eq!(input, b"second\n");
        assert!(read_line(&[b'x'; MAX_LEN][..]).is_ok());
        assert!(read_line(&[b'x'; MAX_LEN + 1][..]).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_descriptor_comes_first() {
        use std::io::{Seek, Write};
        use std::os::fd::AsRawFd;
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(b"from fd\n").expect("written");
        file.rewind().expect("rewound");
        let fd = u32::try_from(file.as_raw_fd()).expect("open");
        let mut nobody = |_: &str| panic!("asked although it was given");
        let given = Passphrases::new(Some(fd), Some(OsStr::new("from env")), &mut nobody).existing("id");
        assert_eq!(given.expect("read").expect("given").expose(), b"from fd");
        let error = Passphrases::new(Some(999_999), None, &mut nobody).existing("id").err().expect("not open");
        assert!(error.to_string().contains("file descriptor 999999"), "{error}");
    }
}
