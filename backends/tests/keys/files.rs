//! Key files: permissions, limits, and keys exchanged with `openssl` and `ssh-keygen`.

use crate::tools::{run, ssh_fingerprint};
use crate::{FINGERPRINT, PASSPHRASE, PKCS8, SPKI, fingerprint_of, nobody, pem_to_der, pkcs8_der, says, silent};
use sealwire_backends::keys::{KeyFileError, public_path, read_private, read_public, write_key_pair};
use sealwire_traits::SecretBytes;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A file with the given text, its owner's alone.
fn file(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, text).unwrap();
    set_mode(&path, 0o600);
    path
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[cfg(not(unix))]
fn set_mode(_path: &Path, _mode: u32) {}

fn key() -> SecretBytes {
    SecretBytes::new(pkcs8_der())
}

#[test]
fn files_are_read_and_errors_name_them() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "id", PKCS8);
    assert_eq!(read_private(&path, &mut silent).unwrap().expose(), pkcs8_der());
    assert_eq!(read_public(&path, &mut silent).unwrap(), pem_to_der(SPKI));

    let missing = folder.path().join("missing");
    let large = file(&folder, "large", &format!("{PKCS8}{}", " ".repeat(64 * 1024)));
    let wrong = file(&folder, "wrong", "hello");
    for (path, reason) in [
        (missing.as_path(), "cannot read the key"),
        (folder.path(), "is no regular file"),
        (&large, "is larger than 65536 bytes"),
        (&wrong, "no key in it"),
    ] {
        for error in [read_private(path, &mut nobody).err(), read_public(path, &mut nobody).err()] {
            let error = error.expect(reason).to_string();
            assert!(error.contains(reason) && error.contains(path.to_str().unwrap()), "{error}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_private_key_that_others_can_open_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = file(&folder, "id", PKCS8);
    for mode in [0o640, 0o604, 0o620, 0o602, 0o610, 0o644, 0o666] {
        set_mode(&path, mode);
        for error in [read_private(&path, &mut silent).err(), read_public(&path, &mut silent).err()] {
            let error = error.expect("refused").to_string();
            assert!(error.contains(&format!("mode {mode:04o}")), "{error}");
            assert!(error.contains(&format!("`chmod 600 {}`", path.display())), "{error}");
        }
    }
    for mode in [0o600, 0o400, 0o700] {
        set_mode(&path, mode);
        assert!(read_private(&path, &mut silent).is_ok(), "{mode:o}");
    }
    let public = file(&folder, "id.pub", SPKI);
    set_mode(&public, 0o644);
    assert!(read_public(&public, &mut silent).is_ok(), "a public key is for everybody");

    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(read_private(&link, &mut silent).is_ok());
    set_mode(&path, 0o644);
    assert!(read_private(&link, &mut silent).is_err(), "it is the file behind the link that counts");
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_rather_than_waited_for() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("pipe");
    if run("mkfifo", &[path.to_str().unwrap()]).is_some() {
        assert!(matches!(read_private(&path, &mut nobody), Err(KeyFileError::NotAFile { .. })));
    }
}

#[cfg(unix)]
#[test]
fn a_pair_is_written_with_its_modes_and_nothing_else_is_left() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("id");
    write_key_pair(&path, &key(), None).unwrap();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&public_path(&path)) & 0o700, 0o600);
    assert_eq!(fs::read_to_string(&path).unwrap(), PKCS8);
    assert_eq!(fs::read_to_string(folder.path().join("id.pub")).unwrap(), SPKI);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file");
}

#[test]
fn nothing_is_ever_overwritten() {
    for taken in ["id", "id.pub"] {
        let folder = TempDir::new().unwrap();
        let there = file(&folder, taken, "precious");
        let error = write_key_pair(&folder.path().join("id"), &key(), None).err().unwrap();
        assert!(matches!(&error, KeyFileError::Exists { path } if *path == there), "{error}");
        assert_eq!(fs::read_to_string(&there).unwrap(), "precious");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no half of a pair");
    }
}

#[cfg(unix)]
#[test]
fn a_dangling_link_is_not_written_through() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("id");
    std::os::unix::fs::symlink(folder.path().join("elsewhere"), &path).unwrap();
    assert!(matches!(write_key_pair(&path, &key(), None), Err(KeyFileError::Exists { .. })));
    assert!(!folder.path().join("elsewhere").exists());
}

#[test]
fn a_folder_that_is_not_there_is_an_error_that_names_the_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("no/such/id");
    let error = write_key_pair(&path, &key(), None).err().unwrap();
    assert!(matches!(&error, KeyFileError::Write { path: named, .. } if *named == path), "{error}");
}

#[test]
fn keys_made_by_openssl_are_read_and_named_as_ssh_keygen_names_them() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (plain, traditional, pbkdf2, scrypt) = (path("plain"), path("traditional"), path("pbkdf2"), path("scrypt"));
    let pass = "pass:correct";
    for (bits, primes) in [("2048", "2"), ("3072", "2"), ("3072", "3"), ("4096", "3")] {
        let make = ["genrsa", "-primes", primes, "-out", &plain, bits];
        if run("openssl", &make).is_none() {
            return;
        }
        run("openssl", &["rsa", "-traditional", "-in", &plain, "-out", &traditional]);
        run("openssl", &["pkcs8", "-topk8", "-in", &plain, "-out", &pbkdf2, "-passout", pass]);
        run("openssl", &["pkcs8", "-topk8", "-scrypt", "-in", &plain, "-out", &scrypt, "-passout", pass]);
        let expected = read_private(plain.as_ref(), &mut silent).unwrap();
        for file in [&traditional, &pbkdf2, &scrypt] {
            set_mode(file.as_ref(), 0o600);
            let key = read_private(file.as_ref(), &mut says(PASSPHRASE)).unwrap();
            assert!(key.expose() == expected.expose(), "{bits} bits, {primes} primes, {file}");
        }
        if let Some(fingerprint) = ssh_fingerprint(&plain) {
            assert_eq!(fingerprint_of(&expected), fingerprint, "{bits} bits, {primes} primes");
        }
    }
}

#[test]
fn keys_written_here_are_read_by_openssl_and_ssh_keygen() {
    let folder = TempDir::new().unwrap();
    let passphrase = SecretBytes::new(PASSPHRASE.to_vec());
    for (name, passphrase) in [("plain", None), ("encrypted", Some(&passphrase))] {
        let path = folder.path().join(name);
        write_key_pair(&path, &key(), passphrase).unwrap();
        let (private, public) = (path.to_str().unwrap(), format!("{}.pub", path.display()));
        let check = ["pkey", "-check", "-noout", "-in", private, "-passin", "pass:correct"];
        if let Some(said) = run("openssl", &check) {
            assert!(said.contains("Key is valid"), "{said}");
            assert_eq!(run("openssl", &["pkey", "-pubin", "-in", &public]).unwrap(), SPKI);
            assert_eq!(run("openssl", &["pkey", "-in", private, "-passin", "pass:correct"]).unwrap(), PKCS8);
        }
        let as_ssh = folder.path().join("ssh.pub");
        if let Some(line) = run("ssh-keygen", &["-i", "-m", "PKCS8", "-f", &public]) {
            fs::write(&as_ssh, &line).unwrap();
            assert_eq!(ssh_fingerprint(as_ssh.to_str().unwrap()).unwrap(), FINGERPRINT.trim());
            assert_eq!(read_public(&as_ssh, &mut silent).unwrap(), pem_to_der(SPKI));
        }
    }
}
