//! Standard output for bytes rather than text: nothing looks for lines in them, and nothing keeps them back.

use std::fs::File;
use std::io;

/// A file that is standard output.
///
/// # Errors
/// When it is closed.
pub fn for_bytes() -> io::Result<tokio::fs::File> {
    #[cfg(unix)]
    let own = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned()?;
    #[cfg(windows)]
    let own = std::os::windows::io::AsHandle::as_handle(&io::stdout()).try_clone_to_owned()?;
    Ok(tokio::fs::File::from_std(File::from(own)))
}
