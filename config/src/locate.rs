//! Where the config file is, and reading it.

use crate::ConfigError;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Bytes. A longer file is not a config file; the default has a tenth of it.
const LONGEST_FILE: u64 = 1 << 16;

/// Where the settings came from, overrides apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// No file was found: the defaults that are built into the program.
    #[default]
    BuiltIn,
    /// This file, over the defaults.
    File(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::BuiltIn => f.write_str("the built-in defaults"),
            Source::File(path) => path.display().fmt(f),
        }
    }
}

/// The environment, looked up by name. A variable that is set to nothing counts as not set.
pub(crate) struct Environment<'a>(pub(crate) &'a [(OsString, OsString)]);

impl Environment<'_> {
    fn path(&self, name: &str) -> Option<PathBuf> {
        let found = self.0.iter().rev().find(|(n, _)| n == OsStr::new(name));
        found.map(|(_, value)| PathBuf::from(value)).filter(|path| !path.as_os_str().is_empty())
    }

    /// The user's home directory.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.path("HOME").or_else(|| self.path("USERPROFILE").filter(|_| cfg!(windows)))
    }

    /// The file that must be there because `SEALWIRE_CONFIG` names it.
    fn named(&self) -> Option<PathBuf> {
        self.path("SEALWIRE_CONFIG")
    }

    /// `sealwire/config.toml` in the user's config directory (XDG Base Directory Specification 0.8, by which a relative
    /// path does not count).
    fn personal(&self) -> Option<PathBuf> {
        let folder = self.path("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
        let windows = || self.path("APPDATA").filter(|_| cfg!(windows));
        let folder = folder.or_else(windows).or_else(|| Some(self.home()?.join(".config")))?;
        Some(folder.join("sealwire").join("config.toml"))
    }
}

/// Finds the file and reads it: the one that is `asked` for or named by the environment, which must exist; else
/// `config/config.toml` in `directory`; else the personal one; else nothing.
pub(crate) fn find(
    asked: Option<&Path>,
    environment: &Environment<'_>,
    directory: &Path,
) -> Result<Option<(PathBuf, String)>, ConfigError> {
    if let Some(path) = asked.map(Path::to_owned).or_else(|| environment.named()) {
        let text = read(&path).map_err(|error| ConfigError::Unreadable { path: path.clone(), error })?;
        return Ok(Some((path, text)));
    }
    let candidates = [Some(directory.join("config").join("config.toml")), environment.personal()];
    for path in candidates.into_iter().flatten() {
        match read(&path) {
            Ok(text) => return Ok(Some((path, text))),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            Err(error) => return Err(ConfigError::Unreadable { path, error }),
        }
    }
    Ok(None)
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(LONGEST_FILE + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "longer than 64 KiB"));
    }
    Ok(text)
}
