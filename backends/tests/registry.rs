//! The registry as the applications use it.
#![allow(clippy::unwrap_used)]

use sealwire_backends::registry::{self, AUTO, Kind, RegistryError};

#[test]
fn every_listed_backend_that_is_available_passes_its_self_test() {
    let list = registry::list().unwrap();
    for line in &list {
        let broken = matches!(line.status, Err(RegistryError::SelfTest { .. } | RegistryError::Unknown { .. }));
        assert!(!broken, "{} {} by {}: {:?}", line.kind, line.family, line.name, line.status);
    }
    for kind in [Kind::BlockCipher, Kind::Aead, Kind::KeyTransport, Kind::Signature] {
        assert!(list.iter().any(|line| line.kind == kind && line.auto), "nothing to use for {kind}");
    }
}

#[test]
fn what_is_listed_is_found_by_its_name() {
    for line in registry::list().unwrap() {
        let found = match line.kind {
            Kind::BlockCipher => registry::block_cipher(line.family, line.name).map(|b| (b.cipher(), b.backend())),
            Kind::Aead => registry::aead(line.family, line.name).map(|a| (a.suite().name, a.backend())),
            Kind::KeyTransport => {
                registry::key_transport(line.family, line.name).map(|k| (k.scheme().name, k.engine()))
            }
            Kind::Signature => registry::signature(line.family, line.name).map(|s| (s.name(), s.engine())),
        };
        assert_eq!(found, line.status.map(|()| (line.family, line.name)));
    }
}

#[test]
fn auto_finds_something_for_every_name() {
    assert!(registry::suites().contains(&"aes-256-gcm") && registry::suites().contains(&"aes-128-gcm"));
    for suite in registry::suites() {
        assert_eq!(registry::aead(suite, AUTO).unwrap().suite().name, suite);
    }
    for scheme in registry::key_transport_schemes() {
        assert_eq!(registry::key_transport(scheme, AUTO).unwrap().scheme().name, scheme);
    }
    for scheme in registry::signature_schemes() {
        assert_eq!(registry::signature(scheme, AUTO).unwrap().name(), scheme);
    }
    assert_eq!(registry::block_cipher("aes", AUTO).unwrap().cipher(), "aes");
}

#[test]
fn names_for_the_config_begin_with_auto_and_name_what_is_not_built_in() {
    assert_eq!(registry::cipher_backends()[0], AUTO);
    assert!(registry::cipher_backends().contains(&"portable"));
    assert_eq!(registry::engines()[0], AUTO);
    assert!(registry::engines().contains(&"num-bigint"));
    assert!(registry::engines().contains(&"gmp"));
}

#[test]
fn an_unknown_name_is_answered_with_the_known_ones() {
    let error = registry::aead("aes-512-gcm", AUTO).unwrap_err();
    assert_eq!(error.to_string(), "unknown cipher suite \"aes-512-gcm\": expected one of aes-256-gcm, aes-128-gcm");
    let RegistryError::Unknown { allowed, .. } = registry::aead("aes-256-gcm", "vaess").unwrap_err() else {
        panic!("the wrong error")
    };
    assert_eq!(allowed, registry::cipher_backends(), "every backend computes aes-256-gcm");
}
