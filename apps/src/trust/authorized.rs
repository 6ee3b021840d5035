//! The clients a server lets in: lines `SHA256:... [services="print,echo"] [comment]`. Without `services`, all that the
//! server offers.

use super::{Entry, TrustError, TrustFile};
use sealwire_traits::Fingerprint;
use std::collections::HashMap;
use std::fmt;
use std::fs::{self, Metadata};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

const SERVICES: &str = "services=\"";

/// A client's key and what it may use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizedClient {
    fingerprint: Fingerprint,
    services: Option<Vec<String>>,
    comment: String,
}

impl AuthorizedClient {
    /// A client that may use `services`, or everything with `None`. `comment` is for people.
    ///
    /// # Errors
    /// A name or a comment that cannot stand in the line.
    pub fn new(
        fingerprint: Fingerprint,
        services: Option<Vec<String>>,
        comment: &str,
    ) -> Result<AuthorizedClient, String> {
        for name in services.iter().flatten() {
            if name.is_empty() || name.trim() != name || name.contains(|c: char| c == '"' || c == ',' || c.is_control())
            {
                return Err(format!("{name:?} is no name of a service"));
            }
        }
        if services.as_ref().is_some_and(Vec::is_empty) {
            return Err("a client with no services: remove it instead".to_owned());
        }
        let comment = comment.trim();
        if comment.contains(char::is_control) || comment.starts_with(SERVICES) {
            return Err(format!("{comment:?} cannot be a comment"));
        }
        Ok(AuthorizedClient { fingerprint, services, comment: comment.to_owned() })
    }

    /// The key.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Whether it may use `service`.
    pub fn may_use(&self, service: &str) -> bool {
        self.services.as_ref().is_none_or(|names| names.iter().any(|name| name == service))
    }
}

impl Entry for AuthorizedClient {
    fn replaces(&self, old: &AuthorizedClient) -> bool {
        self.fingerprint == old.fingerprint
    }
}

impl FromStr for AuthorizedClient {
    type Err = String;

    fn from_str(line: &str) -> Result<AuthorizedClient, String> {
        let (fingerprint, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let fingerprint = fingerprint.parse::<Fingerprint>().map_err(|error| error.to_string())?;
        let rest = rest.trim_start();
        let (services, comment) = match rest.strip_prefix(SERVICES) {
            None if rest.starts_with("services=") => return Err("expected services=\"NAME,NAME\"".to_owned()),
            None => (None, rest),
            Some(quoted) => {
                let (names, comment) = quoted.split_once('"').ok_or("the quotes of services=\"...\" are not closed")?;
                (Some(names.split(',').map(|name| name.trim().to_owned()).collect()), comment)
            }
        };
        AuthorizedClient::new(fingerprint, services, comment)
    }
}

impl fmt::Display for AuthorizedClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.fingerprint)?;
        if let Some(services) = &self.services {
            write!(f, " {SERVICES}{}\"", services.join(","))?;
        }
        if self.comment.is_empty() { Ok(()) } else { write!(f, " {}", self.comment) }
    }
}

/// The list as a running server sees it: each look-up sees the file as it is now, and reads it only if it has changed.
pub struct AuthorizedClients {
    file: TrustFile<AuthorizedClient>,
    seen: Mutex<Seen>,
}

/// What was read last, and of which state of the file.
#[derive(Default)]
struct Seen {
    stamp: Option<Stamp>,
    clients: HashMap<Fingerprint, AuthorizedClient>,
}

impl AuthorizedClients {
    /// The list in the file at `path`; as long as there is no such file, it is empty.
    pub fn new(path: PathBuf) -> AuthorizedClients {
        AuthorizedClients { file: TrustFile::new(path), seen: Mutex::default() }
    }

    /// The client with this key, if it is let in. A file that cannot be understood lets nobody in, and the log says so,
    /// once a state of the file: an entry that was taken out must not go on working because of a slip of the pen
    /// elsewhere.
    pub fn find(&self, fingerprint: &Fingerprint) -> Option<AuthorizedClient> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Stamp::of(fs::metadata(self.file.path()).ok().as_ref());
        if seen.stamp.is_none_or(|stamp| stamp != now || !stamp.settled) {
            self.read_into(&mut seen, now);
        }
        seen.clients.get(fingerprint).cloned()
    }

    fn read_into(&self, seen: &mut Seen, now: Stamp) {
        let known_already = seen.stamp.is_some_and(|stamp| stamp.same_state(&now));
        match self.file.read() {
            Ok((clients, metadata)) => {
                seen.clients = clients.into_iter().map(|client| (client.fingerprint, client)).collect();
                seen.stamp = Some(Stamp::of(metadata.as_ref()));
            }
            Err(error) => {
                if !known_already {
                    log_refusal(&error);
                }
                *seen = Seen { stamp: Some(now), ..Seen::default() };
            }
        }
    }
}

fn log_refusal(error: &TrustError) {
    tracing::error!(%error, "no client is let in until the list of authorised clients is mended");
}

/// What tells one state of a file from another without reading it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    len: u64,
    /// Device, number and time of the last change of the inode.
    inode: [i64; 4],
    /// Whether a change since then would show: clocks of file systems tick in up to two seconds.
    settled: bool,
}

impl Stamp {
    /// Of a file just looked at; `None` for no file.
    fn of(metadata: Option<&Metadata>) -> Stamp {
        let modified = metadata.and_then(|metadata| metadata.modified().ok());
        let age = modified.and_then(|modified| SystemTime::now().duration_since(modified).ok());
        let settled = metadata.is_none() || age.is_some_and(|age| age > Duration::from_secs(2));
        Stamp { modified, len: metadata.map_or(0, Metadata::len), inode: metadata.map_or([0; 4], inode), settled }
    }

    fn same_state(&self, other: &Stamp) -> bool {
        Stamp { settled: other.settled, ..*self } == *other
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> [i64; 4] {
    use std::os::unix::fs::MetadataExt;
    [metadata.dev().cast_signed(), metadata.ino().cast_signed(), metadata.ctime(), metadata.ctime_nsec()]
}

#[cfg(not(unix))]
fn inode(_metadata: &Metadata) -> [i64; 4] {
    [0; 4]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use tempfile::TempDir;

    fn print(key: u8) -> Fingerprint {
        Fingerprint([key; 32])
    }

    fn client(key: u8) -> AuthorizedClient {
        AuthorizedClient::new(print(key), None, "").expect("a client")
    }

    #[test]
    fn a_line_says_who_and_what_for() {
        let print = print(7);
        for (line, services, comment) in [
            (format!("{print}"), None, ""),
            (format!("{print} me at home"), None, "me at home"),
            (format!("{print} services=\"print\""), Some(vec!["print"]), ""),
            (
                format!("{print} services=\"print,forward db\" me, \"too\""),
                Some(vec!["print", "forward db"]),
                "me, \"too\"",
            ),
        ] {
            let services = services.map(|names| names.iter().map(|name| name.to_string()).collect());
            let client = AuthorizedClient::new(print, services, comment).expect("a client");
            assert_eq!(client.to_string(), line);
            assert_eq!(line.parse(), Ok(client));
        }
        let spaced = format!("{print}\t services=\" print , echo \"  me ").parse::<AuthorizedClient>().expect("a line");
        assert_eq!(spaced.to_string(), format!("{print} services=\"print,echo\" me"));
        assert!(spaced.may_use("echo") && !spaced.may_use("forward db") && !spaced.may_use(""));
        assert!(client(1).may_use("anything"));
    }

    #[test]
    fn a_line_that_could_mean_more_than_it_says_is_refused() {
        let print = print(7);
        for (line, reason) in [
            ("me".to_owned(), "is not a fingerprint"),
            (format!("services=\"print\" {print}"), "is not a fingerprint"),
            (format!("{print} services=\"print"), "not closed"),
            (format!("{print} services=print"), "expected services=\"NAME,NAME\""),
            (format!("{print} services=\"\""), "is no name of a service"),
            (format!("{print} services=\"print,\""), "is no name of a service"),
            (format!("{print} services=\"print\" services=\"echo\""), "cannot be a comment"),
        ] {
            let error = line.parse::<AuthorizedClient>().expect_err(&line);
            assert!(error.contains(reason), "{line}: {error}");
        }
        let named = |name: &str, comment| AuthorizedClient::new(print, Some(vec![name.to_owned()]), comment);
        assert!(named("print", "me").is_ok());
        for (name, comment) in [("a\"b", ""), ("a,b", ""), ("a\nb", ""), ("a", "x\ny"), ("a", "services=\"b\"")] {
            assert!(named(name, comment).is_err(), "{name:?} {comment:?}");
        }
        assert!(AuthorizedClient::new(print, Some(vec![]), "").is_err());
    }

    #[test]
    fn every_change_of_the_file_shows_at_the_next_look() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("authorized_clients");
        let clients = AuthorizedClients::new(path.clone());
        assert_eq!(clients.find(&print(1)), None, "no file");
        clients.file.add(&client(1)).expect("added");
        assert_eq!(clients.find(&print(1)), Some(client(1)));
        clients.file.add(&client(2)).expect("added");
        assert_eq!(clients.find(&print(2)), Some(client(2)));
        clients.file.remove(|client| client.fingerprint() == print(1)).expect("removed");
        assert_eq!(clients.find(&print(1)), None);
        for key in 3..100 {
            // In place, with the same length, and faster than the clock of the file system ticks.
            fs::write(&path, format!("{}\n", client(key))).expect("written");
            assert_eq!(clients.find(&print(key)), Some(client(key)));
            assert_eq!(clients.find(&print(key - 1)), None);
        }
        fs::remove_file(&path).expect("removed");
        assert_eq!(clients.find(&print(99)), None);
    }

    #[test]
    fn a_file_that_has_not_changed_is_not_read_again() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("authorized_clients");
        fs::write(&path, format!("{}\n", client(1))).expect("written");
        let old = SystemTime::now() - Duration::from_secs(60);
        File::options().write(true).open(&path).and_then(|file| file.set_modified(old)).expect("set back");
        let clients = AuthorizedClients::new(path.clone());
        let remember = |key| clients.seen.lock().expect("no panic").clients.insert(print(key), client(key));
        assert_eq!(clients.find(&print(1)), Some(client(1)));
        remember(9);
        assert_eq!(clients.find(&print(9)), Some(client(9)), "from memory");

        fs::write(&path, format!("{}\n", client(2))).expect("written");
        assert_eq!(clients.find(&print(2)), Some(client(2)));
        remember(9);
        assert_eq!(clients.find(&print(9)), None, "so young a file may have changed within a tick of the clock");
    }

    #[test]
    fn a_client_that_is_added_again_has_only_its_new_rights() {
        let folder = TempDir::new().expect("a folder");
        let clients = AuthorizedClients::new(folder.path().join("authorized_clients"));
        clients.file.add(&client(1)).expect("added");
        clients.file.add(&client(2)).expect("added");
        let echo = AuthorizedClient::new(print(1), Some(vec!["echo".to_owned()]), "").expect("a client");
        clients.file.add(&echo).expect("added");
        assert_eq!(clients.file.entries().expect("read"), [client(2), echo]);
    }

    #[test]
    fn a_broken_file_lets_nobody_in_until_it_is_mended() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("authorized_clients");
        let clients = AuthorizedClients::new(path.clone());
        fs::write(&path, format!("{}\n", client(1))).expect("written");
        assert!(clients.find(&print(1)).is_some());
        fs::write(&path, format!("{}\nwhat is this\n", client(1))).expect("written");
        assert_eq!(clients.find(&print(1)), None);
        assert_eq!(clients.find(&print(1)), None);
        fs::write(&path, format!("{}\n# what is this\n", client(1))).expect("written");
        assert!(clients.find(&print(1)).is_some());
    }
}
