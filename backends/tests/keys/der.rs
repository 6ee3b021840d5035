//! DER: the numbers of a key that OpenSSL made, and everything that must be refused.

use crate::asn1::{integer, octets, sequence, tlv};
use crate::{FINGERPRINT, PKCS1, PKCS1_PUBLIC, SPKI, THREE_PRIMES, THREE_PRIMES_PKCS1, pem_to_der, pkcs8_der};
use num_bigint::BigUint;
use sealwire_backends::keys::der::*;
use sealwire_backends::rsa::PublicComponents;
use sealwire_traits::KeyError;

const RSA_ENCRYPTION: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const NULL: &[u8] = &[5, 0];

/// An SPKI around a PKCS#1 key.
fn spki(algorithm: &[&[u8]], unused_bits: u8, pkcs1: &[u8]) -> Vec<u8> {
    sequence(&[&sequence(algorithm), &tlv(3, &[&[unused_bits], pkcs1])])
}

/// A PKCS#8 PrivateKeyInfo around a PKCS#1 key.
fn pkcs8(version: u8, algorithm: &[&[u8]], pkcs1: &[u8], behind: &[u8]) -> Vec<u8> {
    sequence(&[&integer(&[version]), &sequence(algorithm), &octets(pkcs1), behind])
}

/// A PKCS#1 RSAPrivateKey with the given version and numbers.
fn pkcs1(version: u8, numbers: &[&[u8]]) -> Vec<u8> {
    let numbers: Vec<u8> = numbers.iter().flat_map(|number| integer(number)).collect();
    sequence(&[&integer(&[version]), &numbers])
}

#[test]
fn the_numbers_of_an_openssl_key_are_in_their_places() {
    let key = private_from_pkcs8(&pkcs8_der()).unwrap();
    let number = BigUint::from_bytes_be;
    let (n, e, d) = (number(&key.public.n), number(&key.public.e), number(key.d.expose()));
    let (p, q) = (number(key.p.expose()), number(key.q.expose()));
    assert_eq!(e, BigUint::from(65537u32));
    assert_eq!(&p * &q, n);
    assert_eq!((&d * &e) % (&p - 1u32), BigUint::from(1u32));
    assert_eq!(number(key.dp.expose()), &d % (&p - 1u32));
    assert_eq!(number(key.dq.expose()), &d % (&q - 1u32));
    assert_eq!((number(key.qinv.expose()) * &q) % &p, BigUint::from(1u32));
    assert!(key.public.n[0] >= 0x80 && key.public.n.len() == 256, "no sign byte in front");
}

#[test]
fn the_numbers_of_a_third_prime_are_in_their_places() {
    let key = private_from_pkcs8(&pem_to_der(THREE_PRIMES)).unwrap();
    let number = BigUint::from_bytes_be;
    let [n, d, p, q] = [&key.public.n[..], key.d.expose(), key.p.expose(), key.q.expose()].map(number);
    let [other] = &key.others[..] else { panic!("{} primes", 2 + key.others.len()) };
    let [r, exponent, coefficient] =
        [&other.prime, &other.exponent, &other.coefficient].map(|secret| number(secret.expose()));
    assert_eq!(&p * &q * &r, n);
    assert_eq!(exponent, d % (&r - 1u32));
    assert_eq!(coefficient * p * q % r, BigUint::from(1u32));
    assert_eq!(private_to_pkcs8(&key).expose(), pem_to_der(THREE_PRIMES));
    let traditional = private_from_pkcs1(&pem_to_der(THREE_PRIMES_PKCS1)).unwrap();
    assert_eq!(private_to_pkcs8(&traditional).expose(), pem_to_der(THREE_PRIMES));
}

#[test]
fn every_form_of_a_key_holds_the_same_key() {
    let key = private_from_pkcs8(&pkcs8_der()).unwrap();
    let traditional = private_from_pkcs1(&pem_to_der(PKCS1)).unwrap();
    assert_eq!(private_to_pkcs8(&key).expose(), pkcs8_der());
    assert_eq!(private_to_pkcs8(&traditional).expose(), pkcs8_der());
    assert_eq!(public_from_spki(&pem_to_der(SPKI)).unwrap(), key.public);
    assert_eq!(public_from_pkcs1(&pem_to_der(PKCS1_PUBLIC)).unwrap(), key.public);
    assert_eq!(public_to_spki(&key.public), pem_to_der(SPKI));
    assert_eq!(fingerprint(&key.public).to_string(), FINGERPRINT.trim());
}

#[test]
fn the_fingerprint_takes_a_sign_byte_only_where_the_top_bit_is_set() {
    // printf '\0\0\0\7ssh-rsa\0\0\0\1\3\0\0\0\1\x7f' | openssl dgst -sha256 -binary | base64, and the like with
    // \0\0\0\2\0\x80
    let print = |n: u8| fingerprint(&PublicComponents { n: vec![n], e: vec![3] }).to_string();
    assert_eq!(print(0x7f), "SHA256:YG3EVSe0xXWLZA3tfnUJTLDcCHLZrVJKA5Fd11tDKKI");
    assert_eq!(print(0x80), "SHA256:Ww9C14eXNklCoHP1sDNCkyv0UB+6tSel+mpVu1Ud2cA");
}

#[test]
fn truncated_anywhere_it_is_refused() {
    for private in [pkcs8_der(), pem_to_der(THREE_PRIMES)] {
        for len in 0..private.len() {
            assert!(private_from_pkcs8(&private[..len]).is_err(), "{len}");
        }
    }
    for traditional in [pem_to_der(PKCS1), pem_to_der(THREE_PRIMES_PKCS1)] {
        for len in 0..traditional.len() {
            assert!(private_from_pkcs1(&traditional[..len]).is_err(), "{len}");
        }
    }
    let public = pem_to_der(SPKI);
    for len in 0..public.len() {
        assert!(public_from_spki(&public[..len]).is_err(), "{len}");
    }
}

#[test]
fn with_any_bit_flipped_it_is_refused_or_another_key_in_canonical_form() {
    let flips = |der: Vec<u8>| {
        (0..der.len() * 8).map(move |bit| {
            let mut flipped = der.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            flipped
        })
    };
    let mut read = 0;
    for der in flips(pkcs8_der()).chain(flips(pem_to_der(THREE_PRIMES))) {
        if let Ok(key) = private_from_pkcs8(&der) {
            assert_eq!(private_to_pkcs8(&key).expose(), der);
            read += 1;
        }
    }
    for der in flips(pem_to_der(SPKI)) {
        if let Ok(key) = public_from_spki(&der) {
            assert_eq!(public_to_spki(&key), der);
            read += 1;
        }
    }
    assert!(read > 10_000, "most bits belong to the numbers: {read}");
}

#[test]
fn public_keys_that_are_not_strict_are_refused_with_the_reason() {
    let (n, e) = ([0x00, 0xc1, 0x01], [1, 0, 1]);
    let good = sequence(&[&integer(&n), &integer(&e)]);
    let rsa: &[&[u8]] = &[RSA_ENCRYPTION, NULL];
    assert!(public_from_spki(&spki(rsa, 0, &good)).is_ok(), "the form that the others are departures from");

    let with_n = |n: &[u8]| spki(rsa, 0, &sequence(&[&integer(n), &integer(&e)]));
    let long_length = [&[0x30, 0x81, 0x1d][..], &spki(rsa, 0, &good)[2..]].concat();
    let indefinite = [&[0x30, 0x80][..], &spki(rsa, 0, &good)[2..], &[0, 0]].concat();
    let cases: [(&str, Vec<u8>, &str); 14] = [
        ("empty", vec![], "not a well-formed key"),
        ("trailing byte", [spki(rsa, 0, &good), vec![0]].concat(), "trailing data"),
        ("trailing byte within", spki(rsa, 0, &[good.clone(), vec![0]].concat()), "trailing data"),
        ("no parameters", spki(&[RSA_ENCRYPTION], 0, &good), "without its NULL parameters"),
        ("parameters not NULL", spki(&[RSA_ENCRYPTION, &sequence(&[])], 0, &good), "without its NULL parameters"),
        ("unused bits", spki(rsa, 1, &good), "not a well-formed key"),
        ("negative modulus", with_n(&[0xc1, 0x01]), "not a well-formed key"),
        ("padded modulus", with_n(&[0, 0x41, 0x01]), "not a well-formed key"),
        ("empty modulus", with_n(&[]), "not a well-formed key"),
        ("modulus zero", with_n(&[0]), "zero"),
        ("long form of a short length", long_length, "not a well-formed key"),
        ("indefinite length", indefinite, "not a well-formed key"),
        ("another algorithm", spki(&[&[6, 3, 0x2b, 0x65, 0x70]], 0, &good), "an Ed25519 key"),
        ("too long", with_n(&[&[1][..], &[0; 1024]].concat()), "no key takes more than 1024"),
    ];
    for (name, der, reason) in cases {
        let error = public_from_spki(&der).expect_err(name).to_string();
        assert!(error.contains(reason), "{name}: {error}");
    }
}

#[test]
fn private_keys_that_are_not_strict_are_refused_with_the_reason() {
    let numbers: [&[u8]; 8] = [&[35], &[5], &[5], &[7], &[5], &[5], &[1], &[3]];
    let good = pkcs1(0, &numbers);
    let rsa: &[&[u8]] = &[RSA_ENCRYPTION, NULL];
    assert!(private_from_pkcs8(&pkcs8(0, rsa, &good, &[])).is_ok(), "the form that the others are departures from");
    let attributes = [0xa0, 0x0d, 0x30, 0x0b, 6, 3, 0x55, 0x1d, 0x0f, 0x31, 4, 3, 2, 0, 0x10];
    assert!(private_from_pkcs8(&pkcs8(0, rsa, &good, &attributes)).is_ok(), "attributes, as Windows writes them");

    let with = |at: usize, number: &'static [u8]| {
        let mut numbers = numbers;
        numbers[at] = number;
        pkcs8(0, rsa, &pkcs1(0, &numbers), &[])
    };
    let long = [0x11; 17_000];
    let cases: [(&str, Vec<u8>, &str); 13] = [
        ("empty", vec![], "not a well-formed key"),
        ("trailing byte", [pkcs8(0, rsa, &good, &[]), vec![0]].concat(), "trailing data"),
        ("trailing byte within", pkcs8(0, rsa, &[good.clone(), vec![0]].concat(), &[]), "trailing data"),
        ("no parameters", pkcs8(0, &[RSA_ENCRYPTION], &good, &[]), "without its NULL parameters"),
        ("version 2", pkcs8(2, rsa, &good, &[]), "not a well-formed key"),
        ("version 1 with a public key", pkcs8(1, rsa, &good, &[0x81, 2, 0, 1]), "version 1"),
        ("multi-prime version, two primes", pkcs8(0, rsa, &pkcs1(1, &numbers), &[]), "not a well-formed key"),
        ("seven numbers", pkcs8(0, rsa, &pkcs1(0, &numbers[..7]), &[]), "not a well-formed key"),
        ("nine numbers", pkcs8(0, rsa, &pkcs1(0, &[&numbers[..], &[&[1]]].concat()), &[]), "not a well-formed key"),
        ("negative private exponent", with(2, &[0x85]), "not a well-formed key"),
        ("padded prime", with(3, &[0, 7]), "not a well-formed key"),
        ("prime zero", with(4, &[0]), "zero"),
        ("too long", pkcs8(0, rsa, &long, &[]), "no key takes more than 16384"),
    ];
    for (name, der, reason) in cases {
        let error = private_from_pkcs8(&der).err().expect(name).to_string();
        assert!(error.contains(reason), "{name}: {error}");
    }
}

#[test]
fn triplets_that_are_not_strict_are_refused_with_the_reason() {
    let numbers: [&[u8]; 8] = [&[105], &[5], &[5], &[7], &[5], &[5], &[1], &[3]];
    let numbers: Vec<u8> = numbers.iter().flat_map(|number| integer(number)).collect();
    let multi = |version: u8, others: &[u8]| sequence(&[&integer(&[version]), &numbers, others]);
    let triplet = |numbers: &[&[u8]]| sequence(&numbers.iter().map(|number| &**number).collect::<Vec<_>>());
    let [three, one, zero] = [3, 1, 0].map(|number| integer(&[number]));
    let good = triplet(&[&three, &one, &one]);
    let primes = |der: &[u8]| private_from_pkcs1(der).map(|key| key.others.len());
    assert_eq!(primes(&multi(1, &sequence(&[&good]))), Ok(1), "the form that the others are departures from");
    assert_eq!(primes(&multi(1, &sequence(&[&good, &good]))), Ok(2), "how many there may be is said elsewhere");
    let malformed = "not a well-formed key";
    for (name, der, reason) in [
        ("version of two primes", multi(0, &sequence(&[&good])), malformed),
        ("version 2", multi(2, &sequence(&[&good])), malformed),
        ("no list", multi(1, &[]), malformed),
        ("empty list", multi(1, &sequence(&[])), malformed),
        ("two numbers", multi(1, &sequence(&[&triplet(&[&three, &one])])), malformed),
        ("four numbers", multi(1, &sequence(&[&triplet(&[&three, &one, &one, &one])])), malformed),
        ("negative", multi(1, &sequence(&[&triplet(&[&integer(&[0x83]), &one, &one])])), malformed),
        ("padded", multi(1, &sequence(&[&triplet(&[&integer(&[0, 3]), &one, &one])])), malformed),
        ("zero", multi(1, &sequence(&[&triplet(&[&three, &one, &zero])])), "zero"),
        ("another list behind", multi(1, &[sequence(&[&good]), sequence(&[&good])].concat()), malformed),
    ] {
        let error = private_from_pkcs1(&der).err().expect(name).to_string();
        assert!(error.contains(reason), "{name}: {error}");
    }
}

#[test]
fn keys_of_other_kinds_are_refused_by_their_name() {
    let refused = |pem| private_from_pkcs8(&pem_to_der(pem)).err().unwrap();
    let algorithm = |name: &str| KeyError::Algorithm(name.to_owned());
    assert_eq!(refused(include_str!("data/p256.pem")), algorithm("an elliptic curve key"));
    assert_eq!(refused(include_str!("data/ed25519.pem")), algorithm("an Ed25519 key"));
    assert_eq!(refused(include_str!("data/pss.pem")), algorithm("an RSASSA-PSS key (only rsaEncryption is taken)"));
}
