//! The servers a client knows: lines `ADDRESS SHA256:...`. An address with several lines has several keys, any of which
//! will do.

use super::{Entry, TrustError, TrustFile};
use sealwire_traits::Fingerprint;
use std::fmt;
use std::str::FromStr;

/// A server's address, as the client's config writes it, and the fingerprint of a key that it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownHost {
    address: String,
    fingerprint: Fingerprint,
}

impl KnownHost {
    /// The server at `address`, with one of its keys.
    ///
    /// # Errors
    /// An address that cannot stand in a line: empty, with a control character, with white space around it, or like a
    /// comment.
    pub fn new(address: &str, fingerprint: Fingerprint) -> Result<KnownHost, String> {
        let one_line = !address.contains(char::is_control) && address.trim() == address;
        if address.is_empty() || address.starts_with('#') || !one_line {
            return Err(format!("{address:?} is no address"));
        }
        Ok(KnownHost { address: address.to_owned(), fingerprint })
    }

    /// The address.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Entry for KnownHost {
    fn replaces(&self, old: &KnownHost) -> bool {
        self == old
    }
}

impl FromStr for KnownHost {
    type Err = String;

    /// The fingerprint is the last word, so that the address may be a path with spaces in it.
    fn from_str(line: &str) -> Result<KnownHost, String> {
        let (address, fingerprint) =
            line.rsplit_once(char::is_whitespace).ok_or("expected an address and a fingerprint (SHA256:...)")?;
        let fingerprint = fingerprint.parse::<Fingerprint>().map_err(|error| error.to_string())?;
        KnownHost::new(address.trim_end(), fingerprint)
    }
}

impl fmt::Display for KnownHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.address, self.fingerprint)
    }
}

/// The fingerprints that the server at `address` may have; none when it is not known.
///
/// # Errors
/// [`TrustError`].
pub fn pins(file: &TrustFile<KnownHost>, address: &str) -> Result<Vec<Fingerprint>, TrustError> {
    let known = file.entries()?;
    Ok(known.iter().filter(|host| host.address == address).map(|host| host.fingerprint).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    fn host(address: &str, key: u8) -> KnownHost {
        KnownHost::new(address, Fingerprint([key; 32])).expect("an address")
    }

    #[test]
    fn an_address_has_the_keys_of_its_lines() {
        let folder = TempDir::new().expect("a folder");
        let file = TrustFile::new(folder.path().join("known_hosts"));
        for host in [host("a:1", 1), host("b:1", 2), host("a:1", 3), host("a:1", 1), host("a:12", 4)] {
            file.add(&host).expect("added");
        }
        assert_eq!(pins(&file, "a:1").expect("read"), [Fingerprint([3; 32]), Fingerprint([1; 32])]);
        assert_eq!(pins(&file, "b:1").expect("read"), [Fingerprint([2; 32])]);
        assert_eq!(pins(&file, "b").expect("read"), []);
        assert_eq!(file.remove(|host| host.address() == "a:1").expect("removed"), 2);
        assert_eq!(pins(&file, "a:1").expect("read"), []);
    }

    #[test]
    fn a_line_is_an_address_of_any_kind_and_a_fingerprint() {
        let print = Fingerprint([7; 32]);
        for address in ["127.0.0.1:65432", "[::1]:65432", "example.org:1", "/run/my socket", "memory"] {
            let host = KnownHost::new(address, print).expect("an address");
            assert_eq!(host.to_string().parse(), Ok(host.clone()));
            assert_eq!(format!("{address} \t {print}").parse(), Ok(host));
        }
        for (line, reason) in [
            ("127.0.0.1:1", "expected an address"),
            ("127.0.0.1:1 MD5:00", "is not a fingerprint"),
            (&format!("127.0.0.1:1 {print} comment"), "is not a fingerprint"),
            (&format!("{print} 127.0.0.1:1"), "is not a fingerprint"),
        ] {
            let error = line.parse::<KnownHost>().expect_err(line);
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn an_address_that_would_make_another_line_is_refused() {
        for address in ["", " a", "a ", "#a", "a\nb SHA256:", "a\r", "a\u{1b}[2J"] {
            assert!(KnownHost::new(address, Fingerprint([0; 32])).is_err(), "{address:?}");
        }
    }
}
