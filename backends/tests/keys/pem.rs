//! PEM text, `ssh-rsa` lines and passphrases.

use crate::asn1::{integer, octets, sequence};
use crate::{
    FINGERPRINT, PASSPHRASE, PKCS1, PKCS1_PUBLIC, PKCS8, SPKI, SSH_RSA, THREE_PRIMES, THREE_PRIMES_PKCS1, nobody,
    pem_to_der, pkcs8_der, says, silent,
};
use base64ct::{Base64, Encoding};
use proptest::prelude::*;
use sealwire_backends::keys::{self, KeyTextError, parse_private, parse_public, private_to_pem, public_to_pem};
use sealwire_traits::SecretBytes;
use std::io;

const PBKDF2: &str = include_str!("data/pbkdf2.pem");
const SCRYPT: &str = include_str!("data/scrypt.pem");

/// The error of reading `text` as a private key, with nobody to ask for a passphrase.
fn refused(text: &str) -> String {
    parse_private(text.as_bytes(), &mut nobody).err().expect("an error").to_string()
}

/// The error of reading `text` as a public key.
fn refused_public(text: &str) -> String {
    parse_public(text.as_bytes(), &mut nobody).expect_err("an error").to_string()
}

#[test]
fn private_keys_in_every_form_are_read() {
    for (name, text) in [("PKCS#8", PKCS8), ("PKCS#1", PKCS1)] {
        assert_eq!(parse_private(text.as_bytes(), &mut silent).unwrap().expose(), pkcs8_der(), "{name}");
    }
    for (name, text) in [("PBKDF2", PBKDF2), ("scrypt", SCRYPT)] {
        assert_eq!(parse_private(text.as_bytes(), &mut says(PASSPHRASE)).unwrap().expose(), pkcs8_der(), "{name}");
    }
}

#[test]
fn keys_of_three_primes_are_read_and_written_as_others_are() {
    let key = SecretBytes::new(pem_to_der(THREE_PRIMES));
    for text in [THREE_PRIMES, THREE_PRIMES_PKCS1] {
        assert_eq!(parse_private(text.as_bytes(), &mut silent).unwrap().expose(), key.expose());
    }
    assert_eq!(*private_to_pem(&key, None).unwrap(), THREE_PRIMES, "as openssl writes it");
    let encrypted = private_to_pem(&key, Some(&SecretBytes::new(PASSPHRASE.to_vec()))).unwrap();
    assert_eq!(parse_private(encrypted.as_bytes(), &mut says(PASSPHRASE)).unwrap().expose(), key.expose());
}

#[test]
fn public_keys_in_every_form_are_read() {
    for text in [SPKI, PKCS1_PUBLIC, SSH_RSA, PKCS8, PKCS1] {
        let spki = parse_public(text.as_bytes(), &mut silent).unwrap();
        assert_eq!(spki, pem_to_der(SPKI));
        assert_eq!(keys::fingerprint(&spki).unwrap().to_string(), FINGERPRINT.trim());
    }
    assert_eq!(parse_public(PBKDF2.as_bytes(), &mut says(PASSPHRASE)).unwrap(), pem_to_der(SPKI));
    assert_eq!(public_to_pem(&pem_to_der(SPKI)), SPKI, "as openssl writes it");
}

#[test]
fn line_ends_text_around_and_other_blocks_do_not_matter() {
    let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for text in [
        PKCS8.replace('\n', "\r\n"),
        format!("Bag Attributes\n    friendlyName: \u{e9}\n{PKCS8}Text behind it, -----END of it.\n"),
        format!("{certificate}{PKCS8}{certificate}"),
        format!("below is a -----BEGIN PRIVATE KEY-----\n{PKCS8}"),
        PKCS8.trim_end().to_owned(),
    ] {
        assert_eq!(parse_private(text.as_bytes(), &mut silent).unwrap().expose(), pkcs8_der(), "{text}");
    }
    let lines = format!("# the key of somebody\n\n  {}\r\n", SSH_RSA.trim());
    assert_eq!(parse_public(lines.as_bytes(), &mut silent).unwrap(), pem_to_der(SPKI));
}

#[test]
fn what_is_no_private_key_is_refused_with_the_way_out() {
    let cut = &PKCS8[..PKCS8.len() / 2];
    let damaged = PKCS8.replacen("MIIE", "MI*E", 1);
    let cases = [
        ("", "no key in it"),
        ("hello", "no key in it"),
        (cut, "no key in it"),
        (&damaged, "a damaged PEM block"),
        (SPKI, "a public key, where the private key is needed"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "\"CERTIFICATE\" is not read here"),
        (include_str!("data/openssh.pem"), "ssh-keygen -p -m PKCS8"),
        (include_str!("data/old-encryption.pem"), "openssl pkcs8 -topk8"),
        (include_str!("data/p256.pem"), "an elliptic curve key"),
        (PBKDF2, "no passphrase was given"),
    ];
    for (text, reason) in cases {
        assert!(refused(text).contains(reason), "{reason}: {}", refused(text));
    }
    for text in [include_str!("data/pbkdf2-sha1.pem"), include_str!("data/pbes1.pem")] {
        let error = parse_private(text.as_bytes(), &mut says(PASSPHRASE)).err().unwrap();
        assert!(matches!(error, KeyTextError::Encryption(_)), "{error}");
        assert!(error.to_string().contains("openssl pkcs8 -topk8 -v2 aes-256-cbc"), "{error}");
    }
}

#[test]
fn what_is_no_public_key_is_refused_with_the_reason() {
    let blob = Base64::decode_vec(SSH_RSA.split(' ').nth(1).unwrap()).unwrap();
    let line = |blob: &[u8]| format!("ssh-rsa {}", Base64::encode_string(blob));
    assert!(refused_public("").contains("no key in it"));
    assert!(refused_public(include_str!("data/ssh-ed25519.pub")).contains("ssh-ed25519: only ssh-rsa"));
    for (name, text, reason) in [
        ("no blob", "ssh-rsa".to_owned(), "it ends within the key"),
        ("no base64", "ssh-rsa A*== me".to_owned(), "not base64"),
        ("too long", line(&[0; 2000]), "not base64 of a key"),
        ("bytes behind", line(&[&blob[..], &[0]].concat()), "bytes behind the key"),
        ("cut", line(&blob[..blob.len() - 1]), "it ends within the key"),
        ("another kind within", line(b"\0\0\0\x07ssh-dss"), "not an RSA key"),
        ("length beyond", line(b"\xff\xff\xff\xffssh-rsa"), "it ends within the key"),
        ("negative", line(b"\0\0\0\x07ssh-rsa\0\0\0\x01\x83\0\0\0\x01\x7f"), "not positive, or not minimal"),
        ("padded", line(b"\0\0\0\x07ssh-rsa\0\0\0\x02\0\x03\0\0\0\x01\x7f"), "not positive, or not minimal"),
        ("zero", line(b"\0\0\0\x07ssh-rsa\0\0\0\0\0\0\0\x01\x7f"), "not positive, or not minimal"),
    ] {
        assert!(refused_public(&text).contains(reason), "{name}: {}", refused_public(&text));
    }
    for len in 0..blob.len() {
        refused_public(&line(&blob[..len]));
    }
}

#[test]
fn a_wrong_passphrase_is_called_so() {
    for text in [PBKDF2, SCRYPT] {
        // A few hundred, since one in 256 gives a right padding by chance.
        for n in 0..300u32 {
            let error = parse_private(text.as_bytes(), &mut says(n.to_string().as_bytes())).err().unwrap();
            assert!(matches!(error, KeyTextError::WrongPassphrase), "{n}: {error}");
        }
    }
    let mut broken = || Err(io::Error::other("no terminal"));
    assert!(parse_private(SCRYPT.as_bytes(), &mut broken).err().unwrap().to_string().contains("no terminal"));
}

#[test]
fn what_is_written_is_read_again_and_never_twice_the_same_under_a_passphrase() {
    let key = SecretBytes::new(pkcs8_der());
    assert_eq!(*private_to_pem(&key, None).unwrap(), PKCS8, "as openssl writes it");
    let passphrase = SecretBytes::new(PASSPHRASE.to_vec());
    let texts = [(); 2].map(|()| private_to_pem(&key, Some(&passphrase)).unwrap());
    for text in &texts {
        assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        assert_eq!(parse_private(text.as_bytes(), &mut says(PASSPHRASE)).unwrap().expose(), key.expose());
        assert!(matches!(parse_private(text.as_bytes(), &mut says(b"other")), Err(KeyTextError::WrongPassphrase)));
    }
    // Behind the object identifiers of scrypt and AES-256-CBC stand the salt and the initialization vector, 16 bytes
    // each.
    let scrypt = &[0x2b, 6, 1, 4, 1, 0xda, 0x47, 4, 0x0b, 0x30, 0x1c, 4, 16];
    let aes = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2a, 4, 16];
    let behind = |text: &str, mark: &[u8]| {
        let der = pem_to_der(text);
        let at = der.windows(mark.len()).position(|window| window == mark).unwrap() + mark.len();
        der[at..at + 16].to_vec()
    };
    for mark in [&scrypt[..], &aes[..]] {
        assert_ne!(behind(&texts[0], mark), behind(&texts[1], mark), "fresh each time");
    }
}

/// The DER of an encrypted key as PEM.
fn encrypted_pem(der: &[u8]) -> String {
    let base64 = Base64::encode_string(der);
    format!("-----BEGIN ENCRYPTED PRIVATE KEY-----\n{base64}\n-----END ENCRYPTED PRIVATE KEY-----\n")
}

/// An EncryptedPrivateKeyInfo with the given key derivation, AES-256-CBC and some ciphertext.
fn encrypted_with(kdf: &[u8]) -> String {
    let aes = sequence(&[&[6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2a], &octets(&[0; 16])]);
    let pbes2 = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 0x0d];
    encrypted_pem(&sequence(&[&sequence(&[&pbes2, &sequence(&[kdf, &aes])]), &octets(&[0; 32])]))
}

fn scrypt(n: &[u8], r: &[u8], p: &[u8]) -> String {
    let oid = [6, 9, 0x2b, 6, 1, 4, 1, 0xda, 0x47, 4, 0x0b];
    let params = sequence(&[&octets(b"salt"), &integer(n), &integer(r), &integer(p)]);
    encrypted_with(&sequence(&[&oid, &params]))
}

fn pbkdf2(rounds: &[u8]) -> String {
    let oid = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 0x0c];
    let hmac_sha256 = sequence(&[&[6, 8, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 9], &[5, 0]]);
    encrypted_with(&sequence(&[&oid, &sequence(&[&octets(b"salt"), &integer(rounds), &hmac_sha256])]))
}

#[test]
fn costs_that_nobody_would_wait_for_are_refused_before_the_passphrase_is_asked() {
    for bearable in [scrypt(&[2], &[8], &[1]), scrypt(&[4, 0, 0], &[8], &[1]), pbkdf2(&[1])] {
        let error = parse_private(bearable.as_bytes(), &mut says(PASSPHRASE)).err().unwrap();
        assert!(matches!(error, KeyTextError::WrongPassphrase), "{error}");
    }
    for (text, reason) in [
        (scrypt(&[0], &[8], &[1]), "N = 0, r = 8, p = 1"),
        (scrypt(&[1], &[8], &[1]), "N = 1,"),
        (scrypt(&[3], &[8], &[1]), "N = 3,"),
        (scrypt(&[2], &[0], &[1]), "r = 0"),
        (scrypt(&[2], &[8], &[0]), "p = 0"),
        (scrypt(&[8, 0, 0], &[8], &[1]), "N = 524288,"),
        (scrypt(&[0x40, 0, 0, 0, 0, 0, 0, 0], &[0x7f, 0xff], &[0x7f, 0xff]), "p = 32767"),
        (scrypt(&[4, 0, 0], &[8], &[9]), "p = 9"),
        (pbkdf2(&[0]), "PBKDF2 of 0 rounds"),
        (pbkdf2(&[0x7f, 0xff, 0xff, 0xff]), "PBKDF2 of 2147483647 rounds"),
    ] {
        let error = parse_private(text.as_bytes(), &mut silent).err().unwrap().to_string();
        assert!(error.contains(reason), "{reason}: {error}");
    }
}

#[test]
fn flipped_bits_in_the_costs_and_salts_never_panic() {
    for pem in [PBKDF2, SCRYPT] {
        let der = pem_to_der(pem);
        for bit in 0..100 * 8 {
            let mut flipped = der.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(key) = parse_private(encrypted_pem(&flipped).as_bytes(), &mut says(PASSPHRASE)) {
                assert_eq!(key.expose(), pkcs8_der(), "bit {bit}");
            }
        }
    }
}

#[test]
fn every_changed_character_of_a_file_is_refused_or_read_without_panic() {
    for text in [PKCS8, PKCS1, SPKI, SSH_RSA] {
        for at in 0..text.len() {
            for byte in [0u8, b'\n', b'-', b'A', 0xff] {
                let mut changed = text.as_bytes().to_vec();
                changed[at] = byte;
                let _ = parse_public(&changed, &mut nobody);
                let _ = parse_private(&changed[..at], &mut nobody);
            }
        }
    }
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(
        text in "(-----(BEGIN|END) [A-Z ]{0,12}(-----)?\r?\n?|[A-Za-z0-9+=]{0,70}\r?\n|ssh-rsa AAAA[a-z0-9=]{0,40}|.){0,12}"
    ) {
        let _ = parse_private(text.as_bytes(), &mut nobody);
        let _ = parse_public(text.as_bytes(), &mut nobody);
    }
}
