//! A file of entries, one a line, that people edit too: comments and empty lines stay as they are, and changes are
//! whole or not at all.

use sealwire_backends::keys::atomic::{self, Access};
use std::fmt::Display;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use thiserror::Error;

/// Largest file that is read, in bytes: more than a hundred thousand entries.
const MAX_LEN: u64 = 16 << 20;

/// A file that cannot be used. Every variant names it.
#[derive(Debug, Error)]
pub enum TrustError {
    /// Reading failed.
    #[error("cannot read {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Writing failed.
    #[error("cannot write {path}: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others could have put entries into it.
    #[error(
        "{path} can be written by others (mode {mode:04o}): mend it with `chmod go-w {path}`",
        path = path.display()
    )]
    Permissions {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A line that is no entry.
    #[error("{path}, line {line}: {reason}", path = path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// One line of such a file. `Display` writes what `FromStr` reads.
pub trait Entry: Display + FromStr<Err = String> {
    /// Whether `self`, when it is added, takes the place of `old`.
    fn replaces(&self, old: &Self) -> bool;
}

/// A file of entries. One that does not exist is empty.
pub struct TrustFile<E> {
    path: PathBuf,
    entries: PhantomData<E>,
}

impl<E: Entry> TrustFile<E> {
    /// The file at `path`.
    pub fn new(path: PathBuf) -> TrustFile<E> {
        TrustFile { path, entries: PhantomData }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// All entries, in the order of the file.
    ///
    /// # Errors
    /// [`TrustError`], also for a single bad line: a list that is half understood is not one to trust.
    pub fn entries(&self) -> Result<Vec<E>, TrustError> {
        Ok(self.read()?.0)
    }

    /// All entries, and what the system says of the very file they were read from.
    pub(super) fn read(&self) -> Result<(Vec<E>, Option<Metadata>), TrustError> {
        let (text, metadata) = self.text()?;
        let entries = self.lines(&text)?.into_iter().filter_map(|(_, entry)| entry).collect();
        Ok((entries, metadata))
    }

    /// Adds an entry at the end, in the place of those it replaces.
    ///
    /// # Errors
    /// [`TrustError`]; the file is as it was then.
    pub fn add(&self, entry: &E) -> Result<(), TrustError> {
        self.edit(|old| !entry.replaces(old), Some(entry)).map(drop)
    }

    /// Removes the entries that `unwanted` picks, and says how many they were.
    ///
    /// # Errors
    /// As [`add`](Self::add).
    pub fn remove(&self, unwanted: impl Fn(&E) -> bool) -> Result<usize, TrustError> {
        self.edit(|old| !unwanted(old), None)
    }

    /// Rewrites the file with the entries that `keep` picks and the new one behind them; gives the number of those that
    /// were dropped. The lock makes others who change the file wait, so that no change is lost; it is on a file beside
    /// it, because this one is replaced.
    fn edit(&self, keep: impl Fn(&E) -> bool, new: Option<&E>) -> Result<usize, TrustError> {
        let failed = |source| TrustError::Write { path: self.path.clone(), source };
        let lock = self.lock().map_err(failed)?;
        let (text, _) = self.text()?;
        let mut edited = String::with_capacity(text.len() + 128);
        let mut dropped = 0;
        for (line, entry) in self.lines(&text)? {
            if entry.as_ref().is_none_or(&keep) {
                edited.extend([line, "\n"]);
            } else {
                dropped += 1;
            }
        }
        if let Some(new) = new {
            edited.extend([new.to_string().as_str(), "\n"]);
        }
        atomic::replace(&self.path, Access::Private, edited.as_bytes()).map_err(failed)?;
        drop(lock);
        Ok(dropped)
    }

    fn lock(&self) -> io::Result<File> {
        let mut name = self.path.as_os_str().to_owned();
        name.push(".lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(PathBuf::from(name))?;
        file.lock()?;
        Ok(file)
    }

    fn text(&self) -> Result<(String, Option<Metadata>), TrustError> {
        let failed = |source| TrustError::Read { path: self.path.clone(), source };
        let file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((String::new(), None)),
            opened => opened.map_err(failed)?,
        };
        let metadata = file.metadata().map_err(failed)?;
        self.check_permissions(&metadata)?;
        let mut text = String::new();
        file.take(MAX_LEN + 1).read_to_string(&mut text).map_err(failed)?;
        if text.len() as u64 > MAX_LEN {
            return Err(failed(io::Error::other(format!("it is larger than {MAX_LEN} bytes"))));
        }
        Ok((text, Some(metadata)))
    }

    #[cfg(unix)]
    fn check_permissions(&self, metadata: &Metadata) -> Result<(), TrustError> {
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777;
        if mode & 0o022 != 0 {
            return Err(TrustError::Permissions { path: self.path.clone(), mode });
        }
        Ok(())
    }

    #[cfg(not(unix))]
    fn check_permissions(&self, _metadata: &Metadata) -> Result<(), TrustError> {
        Ok(())
    }

    /// Each line with the entry in it; comments and empty lines have none.
    fn lines<'t>(&self, text: &'t str) -> Result<Vec<(&'t str, Option<E>)>, TrustError> {
        let parse = |(at, line): (usize, &'t str)| match line.trim() {
            content if content.is_empty() || content.starts_with('#') => Ok((line, None)),
            content => content.parse().map(|entry| (line, Some(entry))).map_err(|reason| TrustError::Line {
                path: self.path.clone(),
                line: at + 1,
                reason,
            }),
        };
        text.lines().enumerate().map(parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use tempfile::TempDir;

    /// `name value`; a name has one value.
    #[derive(Debug, PartialEq)]
    struct Pair(String, u32);

    impl FromStr for Pair {
        type Err = String;
        fn from_str(line: &str) -> Result<Pair, String> {
            let (name, value) = line.split_once(' ').ok_or("expected a name and a number")?;
            Ok(Pair(name.to_owned(), value.parse().map_err(|_| format!("{value:?} is no number"))?))
        }
    }

    impl Display for Pair {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            write!(f, "{} {}", self.0, self.1)
        }
    }

    impl Entry for Pair {
        fn replaces(&self, old: &Pair) -> bool {
            self.0 == old.0
        }
    }

    fn pair(name: &str, value: u32) -> Pair {
        Pair(name.to_owned(), value)
    }

    fn file(folder: &TempDir, text: &str) -> TrustFile<Pair> {
        let path = folder.path().join("list");
        fs::write(&path, text).expect("written");
        TrustFile::new(path)
    }

    #[test]
    fn a_file_that_is_not_there_is_empty_and_made_by_the_first_entry() {
        let folder = TempDir::new().expect("a folder");
        let file = TrustFile::new(folder.path().join("list"));
        assert_eq!(file.entries().expect("empty"), []);
        file.add(&pair("a", 1)).expect("added");
        assert_eq!(file.entries().expect("read"), [pair("a", 1)]);
        assert_eq!(fs::read_to_string(file.path()).expect("text"), "a 1\n");
    }

    #[test]
    fn comments_empty_lines_and_spelling_survive_changes() {
        let folder = TempDir::new().expect("a folder");
        let file = file(&folder, "# who\n\n  a 1\nb 2  \n   # why\nc 3");
        file.add(&pair("b", 4)).expect("replaced");
        assert_eq!(fs::read_to_string(file.path()).expect("text"), "# who\n\n  a 1\n   # why\nc 3\nb 4\n");
        assert_eq!(file.remove(|entry| entry.1 > 2).expect("removed"), 2);
        assert_eq!(fs::read_to_string(file.path()).expect("text"), "# who\n\n  a 1\n   # why\n");
        assert_eq!(file.remove(|entry| entry.1 > 2).expect("nothing to remove"), 0);
    }

    #[test]
    fn a_bad_line_is_named_and_nothing_is_changed() {
        let folder = TempDir::new().expect("a folder");
        let file = file(&folder, "# one\na 1\nb two\n");
        for error in [file.entries().err(), file.add(&pair("c", 3)).err(), file.remove(|_| true).err()] {
            let error = error.expect("refused").to_string();
            assert_eq!(error, format!("{}, line 3: \"two\" is no number", file.path().display()));
        }
        assert_eq!(fs::read_to_string(file.path()).expect("text"), "# one\na 1\nb two\n");
    }

    #[test]
    fn entries_added_at_once_are_all_there() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("list");
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let file = TrustFile::new(path.clone());
                scope.spawn(move || {
                    for n in 0..10 {
                        file.add(&pair(&format!("{thread}-{n}"), n)).expect("added");
                    }
                });
            }
        });
        assert_eq!(TrustFile::<Pair>::new(path).entries().expect("read").len(), 40);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_write_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = TempDir::new().expect("a folder");
        let file = file(&folder, "a 1\n");
        let set = |mode| fs::set_permissions(file.path(), PermissionsExt::from_mode(mode)).expect("changed");
        for mode in [0o664, 0o646, 0o602] {
            set(mode);
            let error = file.entries().expect_err("refused").to_string();
            assert!(error.contains(&format!("mode {mode:04o}")) && error.contains("chmod go-w"), "{error}");
        }
        set(0o644);
        assert!(file.entries().is_ok());
        file.add(&pair("b", 2)).expect("added");
        let mode = fs::metadata(file.path()).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "what is written here is its owner's alone");
    }

    #[test]
    fn what_is_no_text_and_what_is_too_much_is_an_error() {
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("list");
        fs::write(&path, b"a\xff 1\n").expect("written");
        assert!(matches!(TrustFile::<Pair>::new(path.clone()).entries(), Err(TrustError::Read { .. })));
        fs::write(&path, vec![b'\n'; MAX_LEN as usize + 1]).expect("written");
        let error = TrustFile::<Pair>::new(path).entries().expect_err("too large").to_string();
        assert!(error.contains("larger than"), "{error}");
    }
}
