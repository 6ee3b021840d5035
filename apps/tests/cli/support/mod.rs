//! A private home for each test, keys that are made already, and the commands that tests run again and again.

mod process;
mod proxy;
mod pty;

pub use process::{Done, Process};
pub use proxy::{Act, Direction, Proxy};
pub use pty::Pty;
pub use rustix::process::Signal;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A private key of 2048 bits, made by `openssl genpkey`, and its fingerprint, told by `ssh-keygen -lf`.
pub struct Key {
    pub pem: &'static str,
    pub print: &'static str,
}

pub const SERVER: Key =
    Key { pem: include_str!("../keys/server.pem"), print: "SHA256:wEHTfKqVtxOw2S1ZOQpzP0ao5lVs5zOAn5oW2TTFPo0" };
pub const OTHER: Key =
    Key { pem: include_str!("../keys/other.pem"), print: "SHA256:amDgwvZ3HiV+8i9sxmdABRbu9k88DSi1JnQtavFAAWI" };
pub const CLIENT: Key =
    Key { pem: include_str!("../keys/client.pem"), print: "SHA256:Ho17Wkkn+FOg/qk5lMJKm8u8fEbvH5jujxeQZoJJiBo" };

/// What a server prints first, before its address.
const AT: &str = "sealwire server at ";

/// A home directory of its own, with nothing in it but what the test puts there.
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Home {
        Home(TempDir::new().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// The path as an argument.
    pub fn name(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Writes a file, and gives its path as an argument.
    pub fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, contents).unwrap();
        self.name(name)
    }

    /// Writes a key, its owner's alone, and gives its path as an argument.
    pub fn key(&self, name: &str, key: &Key) -> String {
        let written = self.write(name, key.pem);
        set_mode(&self.path(name), 0o600);
        written
    }

    /// A program that runs here and knows nothing of the home of whoever runs the tests.
    pub fn other_command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SEALWIRE") {
                command.env_remove(name);
            }
        }
        command.current_dir(self.0.path()).env("HOME", self.0.path()).env("TERM", "xterm");
        command.env("XDG_STATE_HOME", self.path("state")).env("XDG_CONFIG_HOME", self.path("config_home"));
        command
    }

    /// The program itself.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.other_command(env!("CARGO_BIN_EXE_sealwire"));
        command.args(args);
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, args: &[&str], stdin: impl AsRef<[u8]>) -> Done {
        Process::spawn(&mut self.command(args)).feed(stdin.as_ref()).finish()
    }

    pub fn spawn(&self, args: &[&str]) -> Process {
        Process::spawn(&mut self.command(args))
    }

    /// A server with the identity [`SERVER`] at a port of its own, with more arguments for it.
    pub fn server(&self, args: &[&str]) -> Server {
        let fixed = self.server_args();
        self.server_by(&fixed.iter().map(String::as_str).chain(args.iter().copied()).collect::<Vec<_>>())
    }

    /// The arguments of a server with the identity [`SERVER`] at a port of its own.
    pub fn server_args(&self) -> Vec<String> {
        let identity = format!("server.identity={:?}", self.key("server.pem", &SERVER));
        ["server", "--set", "transport.address=127.0.0.1:0", "--set", &identity].map(str::to_owned).to_vec()
    }

    /// A server by exactly these arguments.
    pub fn server_by(&self, args: &[&str]) -> Server {
        Server::of(self.spawn(args))
    }

    /// Runs a client of the echo service, which knows the server.
    pub fn echo(&self, server: &Server, args: &[&str], stdin: impl AsRef<[u8]>) -> Done {
        self.run(&server.echo(args), stdin)
    }
}

/// A server that runs.
pub struct Server {
    pub process: Process,
    pub address: String,
}

impl Server {
    /// A process that is one, once it says where it listens.
    pub fn of(process: Process) -> Server {
        let line = process.stderr.line_with(AT);
        Server { address: line.strip_prefix(AT).unwrap().to_owned(), process }
    }

    /// The arguments of a client that knows the server.
    pub fn client<'a>(&'a self, args: &[&'a str]) -> Vec<&'a str> {
        client(&self.address, args)
    }

    /// The same with the service `echo`.
    pub fn echo<'a>(&'a self, args: &[&'a str]) -> Vec<&'a str> {
        self.client(&[&["--set", "client.service=echo"], args].concat())
    }

    /// Waits for a line of the log and gives it.
    pub fn log_line(&self, part: &str) -> String {
        self.process.stderr.line_with(part)
    }

    /// Ends it by SIGTERM.
    pub fn stop(self) -> Done {
        self.process.signal(Signal::TERM);
        self.process.finish()
    }
}

/// The arguments of a client that expects [`SERVER`] at `address`.
pub fn client<'a>(address: &'a str, args: &[&'a str]) -> Vec<&'a str> {
    [&["client", "--address", address, "--pin", SERVER.print], args].concat()
}

pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

pub fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Whether another program is installed. A test that needs it does nothing without it, unless `SEALWIRE_REQUIRE_OPENSSL` is set.
pub fn installed(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap().status.success();
    assert!(found || std::env::var_os("SEALWIRE_REQUIRE_OPENSSL").is_none(), "{program} is not installed");
    found
}

/// Bytes that look random, the same at each run (xorshift64).
pub fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(&mut next).flatten().take(len).collect()
}
