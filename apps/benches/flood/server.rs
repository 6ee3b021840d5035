//! The server under attack: the program itself, and what can be seen of it from outside.

use super::support::rss;
use rustix::process::{Pid, Signal, kill_process};
use sealwire_traits::Fingerprint;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::thread::{self, JoinHandle};

/// A server with default settings but for where it listens and keeps its files.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    pub identity: Fingerprint,
    log: JoinHandle<Vec<String>>,
    _state: tempfile::TempDir,
}

impl Server {
    pub fn start() -> Server {
        let state = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealwire"));
        command.env_clear().env("XDG_STATE_HOME", state.path()).env("HOME", state.path()).current_dir(state.path());
        command.args(["server", "--set", "transport.address=127.0.0.1:0", "--set", "server.identity_bits=2048"]);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let address = value(&mut lines, "sealwire server at ").parse().unwrap();
        let identity = value(&mut lines, "identity ").parse().unwrap();
        let log = thread::spawn(move || lines.lines().map_while(Result::ok).collect());
        Server { child, address, identity, log, _state: state }
    }

    /// Bytes of memory that it has in use.
    pub fn rss(&self) -> u64 {
        rss(self.child.id())
    }

    /// Ends it: how many lines it logged, and how connections ended.
    pub fn stop(mut self) -> (usize, String) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let log = self.log.join().unwrap();
        assert!(self.child.wait().unwrap().success());
        let last = log.iter().rev().find_map(|line| line.split_once("endings=")).map(|(_, endings)| endings.to_owned());
        (log.len(), last.unwrap_or_default())
    }
}

/// The rest of the first line that begins so.
fn value(lines: &mut BufReader<ChildStderr>, beginning: &str) -> String {
    loop {
        let mut line = String::new();
        assert!(lines.read_line(&mut line).unwrap() > 0, "no line begins with {beginning:?}");
        if let Some(value) = line.trim_end().strip_prefix(beginning) {
            return value.to_owned();
        }
    }
}
