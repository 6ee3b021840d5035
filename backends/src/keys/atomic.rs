//! Files that are never seen half written: the text goes to a file beside the path, to the disk, and then to its name
//! in one step.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use tempfile::{Builder, NamedTempFile};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Its owner only (mode 0600).
    Private,
    /// Everybody (mode 0644).
    Public,
}

/// Writes a new file.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when there is something at `path` already, which is left as it is; else what the
/// system says.
pub fn create(path: &Path, access: Access, contents: &[u8]) -> io::Result<()> {
    written(path, access, contents)?.persist_noclobber(path).map_err(|e| e.error)?;
    sync_folder(path)
}

/// Writes a file, in the place of the one that may be there.
///
/// # Errors
/// What the system says; the old file is as it was then.
pub fn replace(path: &Path, access: Access, contents: &[u8]) -> io::Result<()> {
    written(path, access, contents)?.persist(path).map_err(|e| e.error)?;
    sync_folder(path)
}

fn written(path: &Path, access: Access, contents: &[u8]) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".sealwire-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(match access {
        Access::Private => 0o600,
        Access::Public => 0o644,
    }));
    #[cfg(not(unix))]
    let _ = access;
    let mut file = builder.tempfile_in(folder(path))?;
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Makes the new name last through a power failure.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder(path))?.sync_all() } else { Ok(()) }
}

fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
