//! The number of files that the system lets this process have open: each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files that are open beside connections: standard streams, the listener, the runtime, key files for a moment.
const BESIDE: u64 = 64;

/// Makes use of what the system allows, which is often far more than what it gives to a process that does not ask. Warns when that is
/// not enough for `connections`, whose number the settings `from` give.
pub fn raise_limit(connections: usize, from: &str) {
    let wanted = connections as u64 + BESIDE;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < wanted) && current != maximum {
        // Should it fail, the limit is looked at again below.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    }
    if let Some(files) = getrlimit(Resource::Nofile).current.filter(|files| *files < wanted) {
        tracing::warn!(files, wanted, "the system allows fewer open files than {from} need");
    }
}
