//! What the benches of the program share: processes seen from outside.

pub mod messages;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::fs;

/// Bytes of memory that a process has in use.
pub fn rss(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
}

/// Thousands of connections have thousands of files, here and in the processes that are started from here.
pub fn raise_file_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
