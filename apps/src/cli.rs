//! The command line. What it means is in the files of the commands; this one only reads it.

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use sealwire_config::Forward;
use sealwire_traits::Fingerprint;
use std::path::PathBuf;

/// What a user typed.
#[derive(Debug, Parser)]
#[command(
    name = "sealwire",
    about = "An encrypted, authenticated channel between two machines, with AES-GCM and RSA written by hand",
    after_help = "\
Try `sealwire demo` first. Then, in two terminals: `sealwire server` and `sealwire client`.

Exit status: 0 done, and the other end said so; 1 failed; 2 usage or config; 3 one end could not be \
authenticated; 4 the stream was cut short after it had begun.",
    max_term_width = 110
)]
pub struct Cli {
    #[command(flatten)]
    pub settings: Settings,
    #[command(subcommand)]
    pub command: Command,
}

/// Where the settings come from; the same for every command.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Read the settings from FILE [default: the file that SEALWIRE_CONFIG names, ./config/config.toml, the one in the
    /// user's config folder, else what is built in]
    #[arg(long, global = true, value_name = "FILE", help_heading = "Settings")]
    pub config: Option<PathBuf>,
    /// Override one setting, such as cipher.backend=portable; may be given several times
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", help_heading = "Settings")]
    pub sets: Vec<String>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the channel at work: server and client in this process, and what travels between them
    Demo(Demo),
    /// Wait for clients and serve them
    Server(Server),
    /// Connect to a server and send it messages
    Client(Client),
    /// Make a key pair
    Keygen(Keygen),
    /// Print the fingerprint of a key, the same that `ssh-keygen -lf` prints
    Fingerprint(KeyFile),
    /// List and change the servers this user knows and the clients its server lets in
    #[command(subcommand)]
    Trust(Trust),
    /// List every backend: which are there, why another is not, and which would run
    Backends,
    /// Measure every backend on this machine
    Bench,
    /// Print the built-in settings with comments, a start for a config file of your own
    Config,
}

#[derive(Args, Debug)]
pub struct Demo {
    /// The message to send [default: standard input if it is not a terminal, else one of the program's own]
    pub message: Option<String>,
}

#[derive(Args, Debug)]
pub struct Server {
    #[command(flatten)]
    pub passphrase: PassphraseSource,
}

#[derive(Args, Debug)]
pub struct Client {
    /// Connect to ADDRESS, in place of transport.address in the config
    #[arg(long)]
    pub address: Option<String>,
    /// Accept only a server with this fingerprint; may be given several times
    #[arg(long = "pin", value_name = "SHA256:...")]
    pub pins: Vec<Fingerprint>,
    /// Send TEXT and leave; may be given several times. Without it: type messages on a terminal, else every line of
    /// standard input is one
    #[arg(long = "message", value_name = "TEXT")]
    pub messages: Vec<String>,
    /// Take all of standard input as one message, and write answers byte for byte with nothing between them
    #[arg(long)]
    pub raw: bool,
    /// Carry connections: what comes to LISTEN (HOST:PORT, or a path with a / in it) leads to the server's TARGET; may be given
    /// several times
    #[arg(long, value_name = "LISTEN=TARGET", conflicts_with_all = ["messages", "raw"])]
    pub forward: Vec<Forward>,
    /// Send standard input, and write what comes back to standard output, byte for byte: to the server's TARGET, or without one
    /// to where the server stores streams
    #[arg(long, value_name = "TARGET", conflicts_with_all = ["messages", "raw", "forward"])]
    pub pipe: Option<Option<String>>,
    #[command(flatten)]
    pub passphrase: PassphraseSource,
}

#[derive(Args, Debug)]
pub struct Keygen {
    /// Write the private key to FILE (PKCS#8, mode 0600) and the public one to FILE.pub; neither may exist
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Size of the key: 2048 to 4096, a multiple of 16
    #[arg(long, value_name = "N", default_value_t = 3072, value_parser = key_bits)]
    pub bits: usize,
    /// Encrypt the private key under a passphrase, which is asked for twice
    #[arg(long)]
    pub passphrase: bool,
    #[command(flatten)]
    pub source: PassphraseSource,
}

impl Keygen {
    /// Whether the key is to be encrypted: asked for, or the passphrase is given already.
    pub fn encrypts(&self) -> bool {
        self.passphrase || self.source.passphrase_fd.is_some()
    }
}

#[derive(Args, Debug)]
pub struct KeyFile {
    /// A private or public key: PEM, or an ssh-rsa line
    pub file: PathBuf,
    #[command(flatten)]
    pub passphrase: PassphraseSource,
}

#[derive(Debug, Subcommand)]
pub enum Trust {
    /// List the known servers and the authorised clients
    List,
    /// Let a client in, or with --server remember a server; a running server takes it up at once
    Add(TrustAdd),
    /// Take a client's key off the list, or with --server forget a server
    Remove(TrustRemove),
}

#[derive(Args, Debug)]
pub struct TrustAdd {
    /// Its key: a fingerprint (SHA256:...), a file (PEM or ssh-rsa), or an ssh-rsa line in quotes
    pub key: String,
    /// It is the key of the server at ADDRESS, written as the client's config writes it
    #[arg(long, value_name = "ADDRESS", conflicts_with_all = ["services", "comment"])]
    pub server: Option<String>,
    /// The client may use only these services
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',')]
    pub services: Option<Vec<String>>,
    /// A note to find the client again in the list
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    pub comment: String,
    #[command(flatten)]
    pub passphrase: PassphraseSource,
}

#[derive(Args, Debug)]
pub struct TrustRemove {
    /// The client's key: a fingerprint (SHA256:...), a file (PEM or ssh-rsa), or an ssh-rsa line in quotes
    #[arg(required_unless_present = "server", conflicts_with = "server")]
    pub key: Option<String>,
    /// Forget the server at ADDRESS
    #[arg(long, value_name = "ADDRESS")]
    pub server: Option<String>,
    #[command(flatten)]
    pub passphrase: PassphraseSource,
}

#[derive(Args, Clone, Copy, Debug)]
pub struct PassphraseSource {
    /// Read the key's passphrase from file descriptor N [default: the variable SEALWIRE_PASSPHRASE, else the terminal]
    #[arg(long, value_name = "N")]
    pub passphrase_fd: Option<u32>,
}

/// Reads the command line of the process. Help and `--version` are printed, and mistakes explained, from here; the
/// process ends then.
///
/// `engines` are the names of the RSA engines that are built in, for `--version`.
pub fn parse(engines: &[&str]) -> Cli {
    let matches = command(engines).get_matches();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

fn command(engines: &[&str]) -> clap::Command {
    Cli::command().version(version(engines))
}

/// The version, and what this build can do.
fn version(engines: &[&str]) -> String {
    format!("{} (RSA engines: {})", env!("CARGO_PKG_VERSION"), engines.join(", "))
}

fn key_bits(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(bits @ 2048..=4096) if bits % 16 == 0 => Ok(bits),
        _ => Err("expected 2048 to 4096, a multiple of 16".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::error::ErrorKind;

    /// Reads a command line given as words.
    fn read(line: &str) -> Result<Cli, clap::Error> {
        let words = std::iter::once("sealwire").chain(line.split_whitespace());
        command(&["num-bigint"]).try_get_matches_from(words).and_then(|matches| Cli::from_arg_matches(&matches))
    }

    #[test]
    fn the_definition_is_sound_and_every_argument_is_explained() {
        let mut command = command(&["num-bigint", "gmp"]);
        command.clone().debug_assert();
        command.build();
        let mut commands = vec![command];
        while let Some(command) = commands.pop() {
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{} {}", command.get_name(), argument.get_id());
            }
            assert!(command.get_about().is_some(), "{}", command.get_name());
            commands.extend(command.get_subcommands().cloned());
        }
    }

    #[test]
    fn the_version_names_the_engines() {
        let error =
            command(&["gmp", "num-bigint"]).try_get_matches_from(["sealwire", "--version"]).expect_err("printed");
        assert_eq!(error.kind(), ErrorKind::DisplayVersion);
        assert_eq!(
            error.to_string(),
            concat!("sealwire ", env!("CARGO_PKG_VERSION"), " (RSA engines: gmp, num-bigint)\n")
        );
    }

    #[test]
    fn settings_may_stand_before_and_behind_the_command() {
        for line in ["--config a.toml --set x.y=1 --set z=2 backends", "backends --set x.y=1 --config a.toml --set z=2"]
        {
            let cli = read(line).expect(line);
            assert!(matches!(cli.command, Command::Backends));
            assert_eq!(cli.settings.config.as_deref(), Some("a.toml".as_ref()));
            assert_eq!(cli.settings.sets, ["x.y=1", "z=2"]);
        }
    }

    #[test]
    fn every_command_is_read() {
        let print = Fingerprint([7; 32]);
        let Command::Client(client) =
            read(&format!("client --address [::1]:1 --pin {print} --message a --message b")).expect("client").command
        else {
            panic!("another command")
        };
        assert_eq!((client.address.as_deref(), client.pins), (Some("[::1]:1"), vec![print]));
        assert_eq!(client.messages, ["a", "b"]);

        let Command::Keygen(keygen) = read("keygen --out id").expect("keygen").command else {
            panic!("another command")
        };
        assert_eq!((keygen.bits, keygen.encrypts()), (3072, false));
        let Command::Keygen(keygen) = read("keygen --out id --bits 2048 --passphrase-fd 3").expect("keygen").command
        else {
            panic!("another command")
        };
        assert_eq!((keygen.bits, keygen.encrypts(), keygen.source.passphrase_fd), (2048, true, Some(3)));

        let Command::Trust(Trust::Add(add)) =
            read("trust add id.pub --services print,echo --comment me").expect("add").command
        else {
            panic!("another command")
        };
        assert_eq!((add.key.as_str(), add.server, add.comment.as_str()), ("id.pub", None, "me"));
        assert_eq!(add.services, Some(vec!["print".to_owned(), "echo".to_owned()]));
        for line in [
            "demo",
            "demo hello",
            "server",
            "client",
            "keygen --out id --passphrase",
            "fingerprint id.pub",
            "trust list",
            "trust add id.pub --server 127.0.0.1:1",
            "trust remove id.pub",
            "trust remove --server 127.0.0.1:1",
            "config",
            "bench",
        ] {
            read(line).expect(line);
        }
    }

    #[test]
    fn mistakes_are_usage_errors_with_status_2() {
        for line in [
            "",
            "serve",
            "server extra",
            "client --pin SHA256:short",
            "keygen",
            "keygen --out id --bits 1024",
            "keygen --out id --bits 2050",
            "fingerprint",
            "trust",
            "trust add",
            "trust add id.pub --server a:1 --services print",
            "trust remove",
            "trust remove id.pub --server a:1",
            "server --passphrase-fd x",
        ] {
            let error = read(line).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
        }
    }
}
