//! Key files: limits, permissions, and writing that never overwrites.

use super::atomic::{self, Access};
use super::{AskPassphrase, KeyFileError, KeyTextError, parse_private, parse_public, pem, private_to_pem, public_of};
use sealwire_traits::SecretBytes;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Most bytes that are read of a key file; the largest key takes about 4 KiB of PEM, and other text may stand around
/// it.
const MAX_FILE_LEN: usize = 64 * 1024;

/// Reads a private key from a PEM file, in any of the forms of [`parse_private`]. The result is PKCS#8 DER, not
/// encrypted.
///
/// # Errors
/// [`KeyFileError`] names the file. A file that its group or others may read or write is refused (on unix): its key may
/// be known.
pub fn read_private(path: &Path, ask: AskPassphrase<'_>) -> Result<SecretBytes, KeyFileError> {
    let (text, metadata) = read(path)?;
    check_owner_only(path, &metadata)?;
    parse_private(&text, ask).map_err(|source| KeyFileError::Text { path: path.to_owned(), source })
}

/// Reads a public key from a file, in any of the forms of [`parse_public`]. The result is the DER of its
/// SubjectPublicKeyInfo.
///
/// # Errors
/// As [`read_private`]; only a file with a private key in it must be its owner's alone.
pub fn read_public(path: &Path, ask: AskPassphrase<'_>) -> Result<Vec<u8>, KeyFileError> {
    let (text, metadata) = read(path)?;
    if matches!(pem::find(&text), Ok(pem::Found::Private(_)) | Err(KeyTextError::OpenSsh)) {
        check_owner_only(path, &metadata)?;
    }
    parse_public(&text, ask).map_err(|source| KeyFileError::Text { path: path.to_owned(), source })
}

/// Writes a private key (PKCS#8 DER) to `path` with mode 0600, encrypted when there is a passphrase, and its public
/// half to [`public_path`] with mode 0644.
///
/// # Errors
/// [`KeyFileError::Exists`] when either file is there already: neither is touched then. Else what the system says.
pub fn write_key_pair(path: &Path, pkcs8: &SecretBytes, passphrase: Option<&SecretBytes>) -> Result<(), KeyFileError> {
    let text = |source| KeyFileError::Text { path: path.to_owned(), source };
    check_vacant(path)?;
    let public = public_path(path);
    let spki = public_of(pkcs8).map_err(|error| text(error.into()))?;
    let private_pem = private_to_pem(pkcs8, passphrase).map_err(text)?;
    create(path, Access::Private, private_pem.as_bytes())?;
    create(&public, Access::Public, pem::public_to_pem(&spki).as_bytes())
}

/// Whether [`write_key_pair`] would find its two places empty: to be asked before a key is made that could not be written.
///
/// # Errors
/// [`KeyFileError::Exists`] when either file is there.
pub fn check_vacant(path: &Path) -> Result<(), KeyFileError> {
    match [path.to_owned(), public_path(path)].into_iter().find(|path| fs::symlink_metadata(path).is_ok()) {
        Some(path) => Err(KeyFileError::Exists { path }),
        None => Ok(()),
    }
}

/// Where the public half of the private key at `path` is written: `path` with `.pub` behind it.
pub fn public_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

fn create(path: &Path, access: Access, contents: &[u8]) -> Result<(), KeyFileError> {
    atomic::create(path, access, contents).map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => KeyFileError::Exists { path: path.to_owned() },
        _ => KeyFileError::Write { path: path.to_owned(), source },
    })
}

/// The contents of a regular file, wiped on drop, and what the system says of the very file that was read.
fn read(path: &Path) -> Result<(Zeroizing<Vec<u8>>, Metadata), KeyFileError> {
    let failed = |source| KeyFileError::Read { path: path.to_owned(), source };
    // Looked at before it is opened, because opening a named pipe waits for its writer.
    let is_file = |metadata: &Metadata| match metadata.is_file() {
        true => Ok(()),
        false => Err(KeyFileError::NotAFile { path: path.to_owned() }),
    };
    is_file(&fs::metadata(path).map_err(failed)?)?;
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    is_file(&metadata)?;
    // With the whole capacity from the start, for growing would leave copies behind.
    let mut contents = Zeroizing::new(Vec::with_capacity(MAX_FILE_LEN + 1));
    file.take(MAX_FILE_LEN as u64 + 1).read_to_end(&mut contents).map_err(failed)?;
    if contents.len() > MAX_FILE_LEN {
        return Err(KeyFileError::TooLarge { path: path.to_owned(), max: MAX_FILE_LEN });
    }
    Ok((contents, metadata))
}

#[cfg(unix)]
fn check_owner_only(path: &Path, metadata: &Metadata) -> Result<(), KeyFileError> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Permissions { path: path.to_owned(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_owner_only(_path: &Path, _metadata: &Metadata) -> Result<(), KeyFileError> {
    Ok(())
}
