//! Keys, wrapped secrets and signatures exchanged with the `openssl` command, in both directions, on every engine.
//!
//! Without that command the tests say so and pass, unless SEALWIRE_REQUIRE_OPENSSL=1 is set.
#![allow(clippy::print_stdout, missing_docs)]

use sealwire_backends::rsa::{KEY_TRANSPORTS, SIGNATURES};
use sealwire_traits::{KeySize, KeyTransport, OsRandom, Secret, SecretBytes, SignatureScheme};
use std::path::Path;
use std::process::Command;
use subtle::ConstantTimeEq;
use tempfile::TempDir;

/// Every engine, or none when there is no `openssl` to compare with.
fn engines() -> Vec<(&'static dyn KeyTransport, &'static dyn SignatureScheme)> {
    if Command::new("openssl").arg("version").output().is_err() {
        assert_ne!(std::env::var("SEALWIRE_REQUIRE_OPENSSL").as_deref(), Ok("1"), "openssl not found");
        println!("skipped: openssl not found");
        return Vec::new();
    }
    let pairs = KEY_TRANSPORTS.iter().zip(SIGNATURES).map(|(&transport, &scheme)| (transport, scheme));
    pairs.filter(|(transport, _)| transport.available().is_ok()).collect()
}

/// Runs `openssl` in `folder`; the arguments are separated by spaces. Returns whether it succeeded, and what it said.
fn openssl(folder: &Path, arguments: &str) -> (bool, String) {
    let output = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().expect("openssl runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

fn must(folder: &Path, arguments: &str) {
    let (success, said) = openssl(folder, arguments);
    assert!(success, "openssl {arguments}: {said}");
}

/// OAEP as ours; the label is in hexadecimal.
const OAEP: &str =
    "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256 -pkeyopt rsa_oaep_label:";
const PSS: &str = "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32 -sigopt rsa_mgf1_md:sha256";
const LABEL: &[u8] = b"sealwire/1 kt\0";
const LABEL_HEX: &str = "7365616c776972652f31206b7400";

/// Files of one key: private.der (PKCS#8) and public.der (SubjectPublicKeyInfo).
struct Files(TempDir);

impl Files {
    fn path(&self) -> &Path {
        self.0.path()
    }

    fn ours(pkcs8: &SecretBytes, spki: &[u8]) -> Files {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("private.der"), pkcs8.expose()).expect("a file");
        std::fs::write(folder.path().join("public.der"), spki).expect("a file");
        Files(folder)
    }

    fn theirs(size: KeySize) -> Files {
        let folder = tempfile::tempdir().expect("a folder");
        let KeySize { bits, primes } = size;
        let options = format!("-pkeyopt rsa_keygen_bits:{bits} -pkeyopt rsa_keygen_primes:{primes}");
        must(folder.path(), &format!("genpkey -algorithm RSA {options} -outform DER -out made.der"));
        must(folder.path(), "pkcs8 -topk8 -nocrypt -inform DER -in made.der -outform DER -out private.der");
        must(folder.path(), "pkey -inform DER -in private.der -pubout -outform DER -out public.der");
        Files(folder)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path().join(name)).expect("a file")
    }

    fn write(&self, name: &str, content: &[u8]) {
        std::fs::write(self.path().join(name), content).expect("a file");
    }

    fn pkcs8(&self) -> SecretBytes {
        SecretBytes::new(self.read("private.der"))
    }
}

fn exchange_secrets(transport: &dyn KeyTransport, files: &Files) {
    let public = transport.public_key(&files.read("public.der")).expect("a sound key");
    let private = transport.private_key(&files.pkcs8()).expect("a sound key");
    assert_eq!(private.public_key(), files.read("public.der"));
    let secret = Secret::random(&OsRandom).expect("random");

    files.write("wrapped", &public.wrap_secret(&secret, LABEL, &OsRandom).expect("random"));
    let decrypt = "pkeyutl -decrypt -keyform DER -inkey private.der -in wrapped -out unwrapped";
    must(files.path(), &format!("{decrypt} {OAEP}{LABEL_HEX}"));
    assert_eq!(files.read("unwrapped"), secret.expose());
    assert!(!openssl(files.path(), &format!("{decrypt} {OAEP}{LABEL_HEX}00")).0, "another label");

    files.write("secret", secret.expose());
    let encrypt = "pkeyutl -encrypt -pubin -keyform DER -inkey public.der -in secret -out wrapped";
    must(files.path(), &format!("{encrypt} {OAEP}{LABEL_HEX}"));
    let unwrap = |label| private.unwrap_secret(&files.read("wrapped"), label, &OsRandom).expect("a sound key");
    assert!(bool::from(unwrap(LABEL).ct_eq(&secret)));
    assert!(!bool::from(unwrap(b"another").ct_eq(&secret)));
}

fn exchange_signatures(scheme: &dyn SignatureScheme, files: &Files) {
    let private = scheme.signing_key(&files.pkcs8()).expect("a sound key");
    let public = scheme.verifying_key(&files.read("public.der")).expect("a sound key");
    let message = b"what is signed";
    files.write("message", message);

    files.write("signature", &private.sign(message, &OsRandom).expect("a sound key"));
    let verify = format!("dgst -sha256 -keyform DER -verify public.der {PSS} -signature signature");
    must(files.path(), &format!("{verify} message"));
    assert!(!openssl(files.path(), &format!("{verify} public.der")).0, "another message");

    must(files.path(), &format!("dgst -sha256 -keyform DER -sign private.der {PSS} -out signature message"));
    assert!(public.verify(message, &files.read("signature")).is_ok());
    assert!(public.verify(b"something else", &files.read("signature")).is_err());
}

#[test]
fn keys_of_ours_pass_the_check_of_openssl_and_work_there() {
    for (transport, scheme) in engines() {
        for bits in [2048, 2064, 3072] {
            let key = transport.generate(bits.into(), &OsRandom, &()).expect("a key");
            let files = Files::ours(&key.to_pkcs8(), key.public_key());
            must(files.path(), "pkey -check -noout -inform DER -in private.der");
            must(files.path(), "pkey -pubcheck -noout -pubin -inform DER -in public.der");
            exchange_secrets(transport, &files);
            exchange_signatures(scheme, &files);
        }
    }
}

#[test]
fn keys_of_every_size_work_there() {
    let engines = engines();
    let Some((maker, _)) = engines.first() else { return };
    for bits in (2048..=4096).step_by(64) {
        let key = maker.generate(bits.into(), &OsRandom, &()).expect("a key");
        let files = Files::ours(&key.to_pkcs8(), key.public_key());
        for (transport, scheme) in &engines {
            exchange_secrets(*transport, &files);
            exchange_signatures(*scheme, &files);
        }
    }
}

#[test]
fn keys_of_openssl_work_here() {
    for (transport, scheme) in engines() {
        // 2056 bits: primes of 1028, which fill no whole number of limbs.
        for bits in [2048, 2056, 3000, 4096] {
            let files = Files::theirs(bits.into());
            exchange_secrets(transport, &files);
            exchange_signatures(scheme, &files);
        }
    }
}

/// Sizes of keys with three primes.
fn of_three_primes() -> [KeySize; 2] {
    [3072, 4096].map(|bits| KeySize { bits, primes: 3 })
}

#[test]
fn keys_of_three_primes_pass_the_check_of_openssl_and_work_there() {
    for (transport, _) in engines() {
        for size in of_three_primes() {
            let key = transport.generate(size, &OsRandom, &()).expect("a key");
            let files = Files::ours(&key.to_pkcs8(), key.public_key());
            must(files.path(), "pkey -check -noout -inform DER -in private.der");
            let (_, said) = openssl(files.path(), "rsa -text -noout -inform DER -in private.der");
            assert!(said.contains(&format!("({} bit, 3 primes)", size.bits)), "{said}");
            exchange_secrets(transport, &files);
        }
    }
}

#[test]
fn keys_of_three_primes_by_openssl_work_here() {
    for size in of_three_primes() {
        for (transport, scheme) in engines() {
            let files = Files::theirs(size);
            exchange_secrets(transport, &files);
            let private = transport.private_key(&files.pkcs8()).expect("a sound key");
            assert!(private.to_pkcs8().expose() == files.read("private.der"), "as openssl writes it");
            let refused = scheme.signing_key(&files.pkcs8()).err().expect("no identity").to_string();
            assert!(refused.contains("3 primes cannot be an identity"), "{refused}");
        }
    }
}

#[test]
fn keys_of_openssl_that_are_not_taken_are_refused_with_the_reason() {
    for (transport, _) in engines() {
        let make = |options: &str| {
            let folder = tempfile::tempdir().expect("a folder");
            must(folder.path(), &format!("genpkey -algorithm RSA {options} -outform DER -out made.der"));
            must(folder.path(), "pkcs8 -topk8 -nocrypt -inform DER -in made.der -outform DER -out private.der");
            transport.private_key(&Files(folder).pkcs8()).err().expect("refused").to_string()
        };
        let small = make("-pkeyopt rsa_keygen_bits:1024");
        assert!(small.contains("1024 bits"), "{small}");
        let odd_size = make("-pkeyopt rsa_keygen_bits:2050");
        assert!(odd_size.contains("2050 bits"), "{odd_size}");
        let exponent = make("-pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_pubexp:3");
        assert!(exponent.contains("65537"), "{exponent}");
        let primes = make("-pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_primes:3");
        assert!(primes.contains("2048 bits, 3 primes"), "{primes}");
        let four = make("-pkeyopt rsa_keygen_bits:4096 -pkeyopt rsa_keygen_primes:4");
        assert!(four.contains("4096 bits, 4 primes"), "{four}");
    }
}
