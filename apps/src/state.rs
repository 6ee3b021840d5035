//! Where the program keeps what it makes itself: the identity, the lists of who is trusted.

use etcetera::{BaseStrategy, choose_base_strategy};
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The folder of the program within the folders of the system.
const NAME: &str = "sealwire";

/// A folder that cannot be had.
#[derive(Debug, Error)]
pub enum StateError {
    /// No home folder.
    #[error(
        "there is no home folder to keep keys and lists in: set HOME, or name the files in the config \
         (server.identity, server.authorized_clients, client.known_hosts)"
    )]
    NoHome,
    /// It cannot be made.
    #[error("cannot make the folder {path}: {source}", path = path.display())]
    Create {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The folder for state, made if need be: `$XDG_STATE_HOME/sealwire` or `~/.local/state/sealwire`; on Windows in the
/// local application data. Its owner's alone (mode 0700) when it is made here.
///
/// # Errors
/// [`StateError`].
pub fn state_dir() -> Result<PathBuf, StateError> {
    let path = state_dir_of(&choose_base_strategy().map_err(|_| StateError::NoHome)?);
    create_private(&path).map_err(|source| StateError::Create { path: path.clone(), source })?;
    Ok(path)
}

/// Windows has no folder for state; its data folder comes next to it.
fn state_dir_of(system: &impl BaseStrategy) -> PathBuf {
    system.state_dir().unwrap_or_else(|| system.data_dir()).join(NAME)
}

/// Makes a folder and those above it. What is there already is left as it is.
fn create_private(path: &Path) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    /// A system with or without a folder for state.
    struct System(Option<&'static str>);

    impl BaseStrategy for System {
        fn home_dir(&self) -> &Path {
            Path::new("/home")
        }
        fn config_dir(&self) -> PathBuf {
            PathBuf::from("/config")
        }
        fn data_dir(&self) -> PathBuf {
            PathBuf::from("/data")
        }
        fn cache_dir(&self) -> PathBuf {
            PathBuf::from("/cache")
        }
        fn state_dir(&self) -> Option<PathBuf> {
            self.0.map(PathBuf::from)
        }
        fn runtime_dir(&self) -> Option<PathBuf> {
            None
        }
    }

    #[test]
    fn state_has_a_folder_on_every_system() {
        assert_eq!(state_dir_of(&System(Some("/state"))), Path::new("/state/sealwire"));
        assert_eq!(state_dir_of(&System(None)), Path::new("/data/sealwire"));
    }

    #[cfg(unix)]
    #[test]
    fn a_new_folder_is_its_owners_alone_and_an_old_one_stays() {
        use std::os::unix::fs::PermissionsExt;
        let folder = TempDir::new().expect("a folder");
        let path = folder.path().join("state/sealwire");
        let mode = |path: &Path| std::fs::metadata(path).expect("the folder").permissions().mode() & 0o777;
        create_private(&path).expect("made");
        assert_eq!((mode(&path), mode(&folder.path().join("state"))), (0o700, 0o700));
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o750)).expect("changed");
        create_private(&path).expect("there already");
        assert_eq!(mode(&path), 0o750);
    }

    #[test]
    fn a_file_in_the_way_is_an_error() {
        let folder = TempDir::new().expect("a folder");
        std::fs::write(folder.path().join("file"), "").expect("a file");
        assert!(create_private(&folder.path().join("file/sealwire")).is_err());
    }
}
