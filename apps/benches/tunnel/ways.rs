//! The ways to the target: straight, two plain hops, sealwire.

use super::support::rss;
use rustix::process::{Pid, Signal, kill_process};
use sealwire_traits::Transport;
use sealwire_transport::pipe::Tcp;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread;
use tempfile::TempDir;
use tokio::io::{copy_bidirectional_with_sizes, join};

/// The argument that makes this bench a plain hop.
pub const HOP: &str = "hop";
/// What a hop copies at a time, as much as a record of a tunnel.
const PIECE: usize = 64 << 10;
/// What each of the programs says before the address where it listens.
const HOPS: &str = "hop at ";
const SERVES: &str = "sealwire server at ";
const FORWARDS: &str = "sealwire forwards ";
const IDENTITY: &str = "identity ";

/// A process that listens, until it is dropped.
pub struct Listening {
    child: Child,
    pub address: SocketAddr,
    /// What else it said first, for a server its fingerprint.
    said: Vec<String>,
}

impl Listening {
    fn start(command: &mut Command, says: &str) -> Listening {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let line = lines.by_ref().find(|line| line.starts_with(says)).expect("it says where it listens");
        let word = line[says.len()..].split(' ').next().unwrap();
        let address = word.parse().unwrap();
        let said = lines.by_ref().take(if says == SERVES { 2 } else { 0 }).collect();
        // What it logs is for whoever looks at the bench, and a pipe that nobody reads would stop it.
        thread::spawn(move || lines.for_each(|line| println!("  {line}")));
        Listening { child, address, said }
    }

    /// Bytes of memory that it has in use.
    pub fn rss(&self) -> u64 {
        rss(self.child.id())
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

/// Two plain hops on the way to `target`; the second one is where connections go.
pub fn plain_hops(target: SocketAddr) -> [Listening; 2] {
    let start = |target: SocketAddr| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        Listening::start(command.args([HOP, "127.0.0.1:0", &target.to_string()]), HOPS)
    };
    let far = start(target);
    let near = start(far.address);
    [far, near]
}

/// One hop, for ever.
#[expect(clippy::print_stderr, reason = "where the parent process looks")]
pub fn hop(listen: &str, target: &str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        // The sockets of a tunnel, with all that they are set to.
        let mut listener = Tcp.listen(listen).await.unwrap();
        eprintln!("{HOPS}{}", listener.address());
        loop {
            let near = listener.accept().await.unwrap();
            let target = target.to_owned();
            tokio::spawn(async move {
                let Ok(far) = Tcp.connect(&target).await else { return };
                let [mut near, mut far] = [near, far].map(|ends| join(ends.reader, ends.writer));
                let _ = copy_bidirectional_with_sizes(&mut near, &mut far, PIECE, PIECE).await;
            });
        }
    });
}

/// A server, and a client that connections go to.
pub struct Tunnel {
    /// First, so that it leaves before the server does.
    pub client: Listening,
    pub server: Listening,
    _state: TempDir,
}

/// A tunnel to `target`, with more settings for both ends.
pub fn tunnel(target: SocketAddr, settings: &[&str]) -> Tunnel {
    let state = tempfile::tempdir().unwrap();
    let sealwire = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealwire"));
        command.env_clear().env("XDG_STATE_HOME", state.path()).env("HOME", state.path()).current_dir(state.path());
        command.args(args).args(["--set", "log.level=warn"]);
        for setting in settings {
            command.args(["--set", setting]);
        }
        command
    };
    let leads = format!("server.targets.bench={target}");
    let server =
        ["server", "--set", "transport.address=127.0.0.1:0", "--set", "server.services=forward", "--set", &leads];
    let server = Listening::start(&mut sealwire(&server), SERVES);
    let pin = server.said.iter().find_map(|line| line.strip_prefix(IDENTITY)).unwrap();
    let address = server.address.to_string();
    let client = ["client", "--address", &address, "--pin", pin, "--forward", "127.0.0.1:0=bench"];
    let client = Listening::start(&mut sealwire(&client), FORWARDS);
    Tunnel { client, server, _state: state }
}

/// A session for each connection, and no cap in the way.
pub const SINGLE: &str = "client.multiplex=false";
