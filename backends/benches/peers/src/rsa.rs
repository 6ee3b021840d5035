//! Races sealwire's RSA against other libraries: `taskset -c 1 cargo run --release --bin rsa -- [ROUNDS] [BITS]...`, and its key
//! generation with `-- keygen [KEYS] [BITS]...`.
//!
//! Every line is a race of its own, on one key: microseconds, and in brackets the time relative to the first one's, the median of the
//! ratios turn by turn. Each operation is complete: decryption with blinding, CRT, the check of the result and OAEP, signatures with PSS,
//! all with SHA-256. At 3072 and 4096 bits sealwire and OpenSSL decrypt under a key of three primes as well, in the same race.
//!
//! With `--features gmp` the engine `gmp` runs too, and against the same decryption written plainly in GMP's integers.
//!
//! How long the search for two primes takes is a matter of luck, and has no median worth giving: for keys it is the mean, and in brackets
//! its ratio to that of aws-lc-rs, both with their standard errors.

mod keygens;
#[cfg(feature = "gmp")]
mod plain_gmp;
mod race;

use openssl::encrypt::{Decrypter, Encrypter};
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, PKeyRef, Private, Public};
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer, Verifier};
use race::{Result, Runner, race, report};
use sealwire_backends::rsa::{KEY_TRANSPORTS, SIGNATURES};
use sealwire_traits::{KeySize, KeyTransport, OsRandom, SecretBytes, SignatureScheme};
use std::hint::black_box;

const SECRET: [u8; 32] = [9; 32];
const MESSAGE: &[u8] = b"message";

fn main() {
    let mut arguments = std::env::args().skip(1).peekable();
    let keygen = arguments.next_if(|argument| argument == "keygen").is_some();
    let mut arguments = arguments.map(|argument| argument.parse().expect("a number"));
    let rounds = arguments.next().unwrap_or(101).max(1);
    let mut sizes: Vec<usize> = arguments.collect();
    if sizes.is_empty() {
        sizes = vec![2048, 3072, 4096];
    }
    for bits in sizes {
        if keygen {
            keygens::report(rounds, bits);
            continue;
        }
        let key = Key::new(bits);
        let three = matches!(bits, 3072 | 4096).then(|| Key::of_three_primes(bits));
        println!("\nRSA, {bits} bits, {rounds} rounds, us");
        if let Some(three) = &three {
            println!("a private key of three primes is {}", readers(&three.pkcs8));
        }
        report("decrypt, OAEP", race(decryptions(&key, three.as_ref()), rounds), microseconds);
        #[cfg(feature = "gmp")]
        report("the same, GMP", race(decryptions_with_gmp(&key), rounds), microseconds);
        report("sign, PSS    ", race(signings(&key), rounds), microseconds);
        report("verify, PSS  ", race(verifications(&key), rounds), microseconds);
    }
}

/// Who reads such a private key (PKCS#8) and who does not.
fn readers(pkcs8: &[u8]) -> String {
    use rsa::pkcs8::DecodePrivateKey;
    let reads = [
        ("OpenSSL", PKey::private_key_from_pkcs8(pkcs8).is_ok()),
        ("ring", ring::rsa::KeyPair::from_pkcs8(pkcs8).is_ok()),
        ("aws-lc-rs", aws_lc_rs::rsa::KeyPair::from_pkcs8(pkcs8).is_ok()),
        ("graviola", graviola::signing::rsa::SigningKey::from_pkcs8_der(pkcs8).is_ok()),
        ("RustCrypto", rsa::RsaPrivateKey::from_pkcs8_der(pkcs8).is_ok()),
    ];
    let names =
        |wanted: bool| reads.iter().filter(|(_, reads)| *reads == wanted).map(|(name, _)| *name).collect::<Vec<_>>();
    format!("read by {}; refused by {}", names(true).join(", "), names(false).join(", "))
}

fn microseconds(result: &Result) -> String {
    format!("{:.1} ({:.2})", result.seconds * 1e6, result.ratio)
}

/// One key for all, and what was made under it.
struct Key {
    private: PKey<Private>,
    public: PKey<Public>,
    pkcs8: Vec<u8>,
    wrapped: Vec<u8>,
    signature: Vec<u8>,
}

impl Key {
    fn new(bits: usize) -> Key {
        Key::of(PKey::from_rsa(Rsa::generate(bits as u32).expect("key")).expect("key"))
    }

    fn of_three_primes(bits: usize) -> Key {
        let ours = transports().next().expect("an engine").generate(KeySize { bits, primes: 3 }, &OsRandom, &());
        Key::of(PKey::private_key_from_pkcs8(ours.expect("key").to_pkcs8().expose()).expect("key"))
    }

    fn of(private: PKey<Private>) -> Key {
        let public = PKey::public_key_from_der(&private.public_key_to_der().expect("spki")).expect("spki");
        let pkcs8 = private.private_key_to_pkcs8().expect("pkcs8");
        let mut encrypter = Encrypter::new(&private).expect("encrypter");
        encrypter.set_rsa_padding(Padding::PKCS1_OAEP).expect("padding");
        encrypter.set_rsa_oaep_md(MessageDigest::sha256()).expect("hash");
        encrypter.set_rsa_mgf1_md(MessageDigest::sha256()).expect("hash");
        let mut wrapped = vec![0; private.size()];
        assert_eq!(encrypter.encrypt(&SECRET, &mut wrapped).expect("encrypted"), wrapped.len());
        drop(encrypter);
        let signature = signer(&private).sign_oneshot_to_vec(MESSAGE).expect("signature");
        Key { private, public, pkcs8, wrapped, signature }
    }
}

fn signer(key: &PKeyRef<Private>) -> Signer<'_> {
    let mut signer = Signer::new(MessageDigest::sha256(), key).expect("signer");
    signer.set_rsa_padding(Padding::PKCS1_PSS).expect("padding");
    signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH).expect("salt");
    signer
}

/// The engines of ours that run here.
fn transports() -> impl Iterator<Item = &'static dyn KeyTransport> {
    KEY_TRANSPORTS.iter().copied().filter(|transport| transport.available().is_ok())
}

fn schemes() -> impl Iterator<Item = &'static dyn SignatureScheme> {
    SIGNATURES.iter().copied().filter(|scheme| scheme.available().is_ok())
}

fn decryptions<'a>(key: &'a Key, three: Option<&'a Key>) -> Vec<Runner<'a>> {
    let mut runners = vec![openssl_decryption(key, "")];
    runners.extend(transports().map(|transport| decryption(key, transport, "")));
    if let Some(three) = three {
        runners.push(openssl_decryption(three, ", 3 primes"));
        runners.extend(transports().map(|transport| decryption(three, transport, ", 3 primes")));
    }
    runners.extend(other_decryptions(key));
    runners
}

/// With its context kept.
fn openssl_decryption<'a>(key: &'a Key, which: &str) -> Runner<'a> {
    let mut decrypter = Decrypter::new(&key.private).expect("decrypter");
    decrypter.set_rsa_padding(Padding::PKCS1_OAEP).expect("padding");
    decrypter.set_rsa_oaep_md(MessageDigest::sha256()).expect("hash");
    decrypter.set_rsa_mgf1_md(MessageDigest::sha256()).expect("hash");
    let mut out = vec![0; key.wrapped.len()];
    Runner::new(format!("OpenSSL{which}"), move || {
        assert_eq!(decrypter.decrypt(black_box(&key.wrapped), &mut out).expect("decrypted"), SECRET.len());
    })
}

fn other_decryptions(key: &Key) -> Vec<Runner<'_>> {
    let mut runners = Vec::new();
    let mut out = vec![0; key.wrapped.len()];
    let aws = {
        use aws_lc_rs::rsa::{OaepPrivateDecryptingKey, PrivateDecryptingKey};
        OaepPrivateDecryptingKey::new(PrivateDecryptingKey::from_pkcs8(&key.pkcs8).expect("key")).expect("key")
    };
    runners.push(Runner::new("aws-lc-rs", move || {
        let oaep = &aws_lc_rs::rsa::OAEP_SHA256_MGF1SHA256;
        black_box(aws.decrypt(oaep, black_box(&key.wrapped), &mut out, None).expect("decrypted"));
    }));
    let rust_crypto = rust_crypto(key);
    runners.push(Runner::new("RustCrypto", move || {
        // With a generator it blinds, as the others do.
        let oaep = rsa::Oaep::<rsa::sha2::Sha256>::new();
        let secret = rust_crypto.decrypt_blinded(&mut generator(), oaep, black_box(&key.wrapped));
        black_box(secret.expect("decrypted"));
    }));
    runners
}

/// By one of our engines.
fn decryption<'a>(key: &'a Key, transport: &dyn KeyTransport, which: &str) -> Runner<'a> {
    let private = transport.private_key(&SecretBytes::new(key.pkcs8.clone())).expect("key");
    Runner::new(format!("{}{which}", transport.engine()), move || {
        let secret = private.unwrap_secret(black_box(&key.wrapped), b"", &OsRandom).expect("a sound key");
        assert!(black_box(secret).expose() == &SECRET);
    })
}

#[cfg(feature = "gmp")]
fn decryptions_with_gmp(key: &Key) -> Vec<Runner<'_>> {
    let mut plain = plain_gmp::PlainKey::new(key);
    let plain = Runner::new("plain rug", move || {
        assert!(plain.decrypt(black_box(&key.wrapped)) == Some(SECRET));
    });
    let ours = transports().filter(|transport| transport.engine() == "gmp").map(|gmp| decryption(key, gmp, ""));
    [plain].into_iter().chain(ours).collect()
}

fn rust_crypto(key: &Key) -> rsa::RsaPrivateKey {
    use rsa::pkcs8::DecodePrivateKey;
    rsa::RsaPrivateKey::from_pkcs8_der(&key.pkcs8).expect("key")
}

/// The system's generator, as RustCrypto takes it.
fn generator() -> impl rsa::rand_core::CryptoRng {
    rsa::rand_core::UnwrapErr(getrandom::SysRng)
}

fn signings(key: &Key) -> Vec<Runner<'_>> {
    let mut runners = vec![Runner::new("OpenSSL", move || {
        black_box(signer(&key.private).sign_oneshot_to_vec(MESSAGE).expect("signature"));
    })];
    for scheme in schemes() {
        let private = scheme.signing_key(&SecretBytes::new(key.pkcs8.clone())).expect("key");
        runners.push(Runner::new(scheme.engine(), move || {
            black_box(private.sign(MESSAGE, &OsRandom).expect("signature"));
        }));
    }
    let mut out = vec![0; key.signature.len()];
    let (ring, random) = (ring::rsa::KeyPair::from_pkcs8(&key.pkcs8).expect("key"), ring::rand::SystemRandom::new());
    runners.push(Runner::new("ring", move || {
        ring.sign(&ring::signature::RSA_PSS_SHA256, &random, MESSAGE, black_box(&mut out)).expect("signature");
    }));
    let mut out = vec![0; key.signature.len()];
    let aws = aws_lc_rs::rsa::KeyPair::from_pkcs8(&key.pkcs8).expect("key");
    runners.push(Runner::new("aws-lc-rs", move || {
        let (pss, random) = (&aws_lc_rs::signature::RSA_PSS_SHA256, aws_lc_rs::rand::SystemRandom::new());
        aws.sign(pss, &random, MESSAGE, black_box(&mut out)).expect("signature");
    }));
    let mut out = vec![0; key.signature.len()];
    let graviola = graviola::signing::rsa::SigningKey::from_pkcs8_der(&key.pkcs8).expect("key");
    runners.push(Runner::new("graviola", move || {
        black_box(graviola.sign_pss_sha256(&mut out, MESSAGE).expect("signature"));
    }));
    let rust_crypto = rsa::pss::SigningKey::<rsa::sha2::Sha256>::new(rust_crypto(key));
    runners.push(Runner::new("RustCrypto", move || {
        use rsa::signature::RandomizedSigner;
        black_box(rust_crypto.sign_with_rng(&mut generator(), MESSAGE));
    }));
    runners
}

fn verifications(key: &Key) -> Vec<Runner<'_>> {
    let mut runners = vec![Runner::new("OpenSSL", move || {
        let mut verifier = Verifier::new(MessageDigest::sha256(), &key.public).expect("verifier");
        verifier.set_rsa_padding(Padding::PKCS1_PSS).expect("padding");
        verifier.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH).expect("salt");
        assert!(verifier.verify_oneshot(black_box(&key.signature), MESSAGE).expect("verified"));
    })];
    let spki = key.private.public_key_to_der().expect("spki");
    for scheme in schemes() {
        let public = scheme.verifying_key(&spki).expect("key");
        runners.push(Runner::new(scheme.engine(), move || {
            public.verify(MESSAGE, black_box(&key.signature)).expect("verified");
        }));
    }
    let pkcs1 = key.public.rsa().expect("rsa").public_key_to_der_pkcs1().expect("pkcs1");
    // ring has no key that is read once: its time includes the reading.
    let ring = ring::signature::UnparsedPublicKey::new(&ring::signature::RSA_PSS_2048_8192_SHA256, pkcs1.clone());
    runners.push(Runner::new("ring", move || {
        ring.verify(MESSAGE, black_box(&key.signature)).expect("verified");
    }));
    let aws = {
        use aws_lc_rs::signature::{ParsedPublicKey, RSA_PSS_2048_8192_SHA256};
        ParsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, &pkcs1).expect("key")
    };
    runners.push(Runner::new("aws-lc-rs", move || {
        aws.verify_sig(MESSAGE, black_box(&key.signature)).expect("verified");
    }));
    runners
}
