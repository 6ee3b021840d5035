//! RSA keys as DER: PKCS#8 and PKCS#1 to and from the numbers, SubjectPublicKeyInfo, and the fingerprint over the SSH
//! form.
//!
//! Reading is strict, because two encodings of one key would be two keys to whoever compares bytes: rsaEncryption with
//! NULL parameters, minimal lengths and integers, nothing behind the end. Whether the numbers make a sound
//! key is for [`crate::rsa`] to say.

use crate::rsa::{OtherPrime, PrivateComponents, PublicComponents};
use pkcs1::{ALGORITHM_ID, OtherPrimeInfo, RsaPrivateKeyRef, RsaPublicKeyRef, UintRef};
use pkcs8::der::asn1::{BitStringRef, OctetStringRef};
use pkcs8::der::{self, Decode, Encode};
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use sealwire_traits::{Fingerprint, KeyError, SecretBytes};
use sha2::{Digest, Sha256};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use zeroize::Zeroizing;

/// Longest SubjectPublicKeyInfo that is read, in bytes: a key of 4096 bits takes 550.
pub const MAX_SPKI_LEN: usize = 1024;
/// Longest private key that is read, in bytes: a key of 4096 bits takes about 2500.
pub const MAX_PRIVATE_LEN: usize = 16 * 1024;

/// The reason why encoding cannot fail: DER allows 256 MiB, and no key comes near that.
const FITS: &str = "an RSA key fits into DER";

/// Reads a PKCS#8 PrivateKeyInfo (RFC 5208 section 5) that holds an RSA key. Attributes are passed over.
///
/// # Errors
/// [`KeyError::Encoding`] for bytes that are not strict DER of this form or more than [`MAX_PRIVATE_LEN`],
/// [`KeyError::Algorithm`] for another kind of key, [`KeyError::Unsound`] for a number that is zero.
pub fn private_from_pkcs8(der: &[u8]) -> Result<PrivateComponents, KeyError> {
    check_len(der, MAX_PRIVATE_LEN)?;
    let info = PrivateKeyInfoRef::from_der(der).map_err(encoding)?;
    check_algorithm(info.algorithm)?;
    if info.public_key.is_some() {
        return Err(KeyError::Encoding("PKCS#8 of version 1 for an RSA key (RFC 5208 asks for version 0)".to_owned()));
    }
    private_from_pkcs1(info.private_key.as_bytes())
}

/// Reads a PKCS#1 RSAPrivateKey (RFC 8017 appendix A.1.2), of version 0 with two primes or 1 with more.
///
/// # Errors
/// As [`private_from_pkcs8`].
pub fn private_from_pkcs1(der: &[u8]) -> Result<PrivateComponents, KeyError> {
    check_len(der, MAX_PRIVATE_LEN)?;
    let key = RsaPrivateKeyRef::from_der(der).map_err(encoding)?;
    Ok(PrivateComponents {
        public: components(&key.public_key())?,
        d: secret(key.private_exponent)?,
        p: secret(key.prime1)?,
        q: secret(key.prime2)?,
        dp: secret(key.exponent1)?,
        dq: secret(key.exponent2)?,
        qinv: secret(key.coefficient)?,
        others: key.other_prime_infos.iter().flatten().map(other_prime).collect::<Result<_, _>>()?,
    })
}

fn other_prime(info: &OtherPrimeInfo<UintRef<'_>>) -> Result<OtherPrime, KeyError> {
    Ok(OtherPrime {
        prime: secret(info.prime)?,
        exponent: secret(info.exponent)?,
        coefficient: secret(info.coefficient)?,
    })
}

/// Writes a PKCS#8 PrivateKeyInfo: version 0, no attributes. The PKCS#1 key in it is of version 1 if there are more
/// than two primes.
pub fn private_to_pkcs8(key: &PrivateComponents) -> SecretBytes {
    let pkcs1 = RsaPrivateKeyRef {
        modulus: uint(&key.public.n),
        public_exponent: uint(&key.public.e),
        private_exponent: uint(key.d.expose()),
        prime1: uint(key.p.expose()),
        prime2: uint(key.q.expose()),
        exponent1: uint(key.dp.expose()),
        exponent2: uint(key.dq.expose()),
        coefficient: uint(key.qinv.expose()),
        other_prime_infos: (!key.others.is_empty()).then(|| key.others.iter().map(other_prime_info).collect()),
    };
    let pkcs1 = Zeroizing::new(pkcs1.to_der().expect(FITS));
    let info = PrivateKeyInfoRef::new(ALGORITHM_ID, OctetStringRef::new(&pkcs1).expect(FITS));
    SecretBytes::new(info.to_der().expect(FITS))
}

fn other_prime_info(other: &OtherPrime) -> OtherPrimeInfo<UintRef<'_>> {
    OtherPrimeInfo {
        prime: uint(other.prime.expose()),
        exponent: uint(other.exponent.expose()),
        coefficient: uint(other.coefficient.expose()),
    }
}

/// Reads a SubjectPublicKeyInfo (RFC 5280 section 4.1) that holds an RSA key. [`public_to_spki`] of the result gives
/// the same bytes.
///
/// # Errors
/// [`KeyError::Encoding`] for bytes that are not strict DER of this form or more than [`MAX_SPKI_LEN`],
/// [`KeyError::Algorithm`] for another kind of key.
pub fn public_from_spki(der: &[u8]) -> Result<PublicComponents, KeyError> {
    check_len(der, MAX_SPKI_LEN)?;
    let info = SubjectPublicKeyInfoRef::from_der(der).map_err(encoding)?;
    check_algorithm(info.algorithm)?;
    let pkcs1 = info.subject_public_key.as_bytes().ok_or_else(|| KeyError::Encoding("unused bits".to_owned()))?;
    let key = public_from_pkcs1(pkcs1)?;
    // The parser is strict already; this makes the promise above hold whatever it takes for minimal.
    if public_to_spki(&key) != der {
        return Err(KeyError::Encoding("not the canonical encoding of its key".to_owned()));
    }
    Ok(key)
}

/// Reads a PKCS#1 RSAPublicKey (RFC 8017 appendix A.1.1).
///
/// # Errors
/// As [`public_from_spki`].
pub fn public_from_pkcs1(der: &[u8]) -> Result<PublicComponents, KeyError> {
    check_len(der, MAX_SPKI_LEN)?;
    components(&RsaPublicKeyRef::from_der(der).map_err(encoding)?)
}

/// Writes a SubjectPublicKeyInfo.
pub fn public_to_spki(key: &PublicComponents) -> Vec<u8> {
    let pkcs1 = RsaPublicKeyRef { modulus: uint(&key.n), public_exponent: uint(&key.e) }.to_der().expect(FITS);
    let subject_public_key = BitStringRef::from_bytes(&pkcs1).expect(FITS);
    SubjectPublicKeyInfoRef { algorithm: ALGORITHM_ID, subject_public_key }.to_der().expect(FITS)
}

/// SHA-256 over the SSH form of the key (RFC 4253 section 6.6): string "ssh-rsa", mpint e, mpint n.
pub fn fingerprint(key: &PublicComponents) -> Fingerprint {
    let mut hash = Sha256::new();
    hash.update(7u32.to_be_bytes());
    hash.update(b"ssh-rsa");
    for number in [&key.e, &key.n] {
        // An mpint is signed (RFC 4251 section 5): a zero byte keeps a number with its top bit set positive.
        let sign: &[u8] = if number.first().is_some_and(|&byte| byte >= 0x80) { &[0] } else { &[] };
        hash.update(((sign.len() + number.len()) as u32).to_be_bytes());
        hash.update(sign);
        hash.update(number);
    }
    Fingerprint(hash.finalize().into())
}

fn check_len(der: &[u8], max: usize) -> Result<(), KeyError> {
    if der.len() > max {
        return Err(KeyError::Encoding(format!("{} bytes, where no key takes more than {max}", der.len())));
    }
    Ok(())
}

fn check_algorithm(algorithm: AlgorithmIdentifierRef<'_>) -> Result<(), KeyError> {
    if algorithm.oid != ALGORITHM_ID.oid {
        return Err(KeyError::Algorithm(algorithm_name(algorithm.oid)));
    }
    if algorithm != ALGORITHM_ID {
        return Err(KeyError::Encoding("rsaEncryption without its NULL parameters (RFC 8017 appendix A.1)".to_owned()));
    }
    Ok(())
}

/// What people call the algorithm of a key that was given by mistake.
fn algorithm_name(oid: ObjectIdentifier) -> String {
    match oid.to_string().as_str() {
        "1.2.840.113549.1.1.10" => "an RSASSA-PSS key (only rsaEncryption is taken)".to_owned(),
        "1.2.840.10045.2.1" => "an elliptic curve key".to_owned(),
        "1.3.101.112" => "an Ed25519 key".to_owned(),
        "1.2.840.10040.4.1" => "a DSA key".to_owned(),
        other => format!("algorithm {other}"),
    }
}

fn encoding(error: der::Error) -> KeyError {
    KeyError::Encoding(error.to_string())
}

fn components(key: &RsaPublicKeyRef<'_>) -> Result<PublicComponents, KeyError> {
    Ok(PublicComponents { n: positive(key.modulus)?.to_vec(), e: positive(key.public_exponent)?.to_vec() })
}

fn secret(number: UintRef<'_>) -> Result<SecretBytes, KeyError> {
    Ok(SecretBytes::new(positive(number)?.to_vec()))
}

/// The bytes of a number without leading zeros, of which zero itself would have none.
fn positive(number: UintRef<'_>) -> Result<&[u8], KeyError> {
    match number.as_bytes() {
        [] | [0] => Err(KeyError::Unsound("one of its numbers is zero")),
        bytes => Ok(bytes),
    }
}

fn uint(bytes: &[u8]) -> UintRef<'_> {
    UintRef::new(bytes).expect(FITS)
}
