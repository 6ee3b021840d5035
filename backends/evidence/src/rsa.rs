//! What is watched of RSA: the import of a key, OAEP both ways, a damaged message, and a PSS signature.
//!
//! Secret are the private numbers of the key, whatever the random generator gives but for the salt of a signature, the secret that
//! travels, and everything computed of them. Public are the public key, the label, what is signed, wrapped secrets, signatures, and these
//! verdicts: that the key is sound, that a random number is below the modulus, and that the result of a private operation is right.

use crate::arch::{public, public_limbs, secret};
use sealwire_backends::evidence;
use sealwire_backends::keys::{der, parse_private};
use sealwire_backends::rsa::{KEY_TRANSPORTS, SIGNATURES};
use sealwire_traits::{KeyTransport, PreMaster, RandomError, SecretBytes, SecureRandom, SignatureScheme, Unavailable};

/// 2048 bits, two primes. It protects nothing.
const KEY: &[u8] = include_bytes!("../../tests/keys/data/pkcs8.pem");
/// 3072 bits, three primes. It protects nothing.
const THREE_PRIMES: &[u8] = include_bytes!("../../tests/keys/data/three-primes.pem");

const LABEL: &[u8] = b"label";
const MESSAGE: &[u8] = b"message";

/// Bytes of each private number that stay public: DER is read by them, since they tell whether a number is positive and minimal.
const DER_HEAD: usize = 2;

/// The verdicts that become public, by their names in `verdict.supp`, and how many of each [`run`] meets: two imports of a key of two
/// primes and one of a key of three, two secrets wrapped, and five private operations.
pub const VERDICTS: [(&str, usize); 5] = [
    // The checks of `PrivateKey::new`: three for each prime, two for each coefficient, and three others. More are decided by bytes that
    // stay public ([`DER_HEAD`]): the sizes of the primes, and that they differ.
    ("sound", 2 * (2 * 3 + 2 + 3) + (3 * 3 + 2 * 2 + 3)),
    // For each prime.
    ("coprime", 2 * 2 + 3),
    ("representative", 2),
    // Two numbers make the factors of the blinding, once a key.
    ("random", 3 * 2),
    ("faultless", 5),
];

/// What one engine offers.
#[derive(Clone, Copy)]
pub struct Engine {
    transport: &'static dyn KeyTransport,
    scheme: &'static dyn SignatureScheme,
}

/// The engine of that name, if there is one.
pub fn find(name: &str) -> Option<Engine> {
    let transport = KEY_TRANSPORTS.iter().copied().find(|transport| transport.engine() == name)?;
    let scheme = SIGNATURES.iter().copied().find(|scheme| scheme.engine() == name)?;
    Some(Engine { transport, scheme })
}

/// Runs everything.
///
/// # Errors
/// [`Unavailable`] when this machine, or the tool that plays it, cannot run the engine.
pub fn run(engine: Engine) -> Result<(), Unavailable> {
    engine.transport.available()?;
    evidence::tell(public_limbs);
    unwrap(engine.transport, KEY);
    unwrap(engine.transport, THREE_PRIMES);
    sign(engine.scheme);
    Ok(())
}

/// A secret is wrapped, and unwrapped as it is and damaged.
fn unwrap(transport: &dyn KeyTransport, key: &[u8]) {
    let key = transport.private_key(&secret_key(key)).expect("a sound key");
    let wrapping = transport.public_key(key.public_key()).expect("a sound key");
    let mut text = PreMaster::zeroed();
    secret(text.expose_mut());
    let mut wrapped = wrapping.wrap_secret(&text, LABEL, &Watched).expect("a wrapped secret");
    public(&mut wrapped);
    let genuine = unwrapped(key.unwrap_secret(&wrapped, LABEL, &Watched).expect("no fault"));
    assert_eq!(genuine, [0; 32], "what was wrapped comes back");
    // The last byte: the number stays below the modulus.
    *wrapped.last_mut().expect("a number") ^= 1;
    let damaged = unwrapped(key.unwrap_secret(&wrapped, LABEL, &Watched).expect("no fault"));
    assert_ne!(damaged, [0; 32], "something else comes back");
}

fn unwrapped(mut secret: PreMaster) -> [u8; 32] {
    public(secret.expose_mut());
    *secret.expose()
}

fn sign(scheme: &dyn SignatureScheme) {
    let key = scheme.signing_key(&secret_key(KEY)).expect("a sound key");
    let mut signature = key.sign(MESSAGE, &Salted).expect("no fault");
    public(&mut signature);
    let verifying = scheme.verifying_key(key.public_key()).expect("a sound key");
    assert!(verifying.verify(MESSAGE, &signature).is_ok());
}

/// A key as PKCS#8, with its private numbers marked.
fn secret_key(pem: &[u8]) -> SecretBytes {
    let mut pkcs8 = parse_private(pem, &mut || Ok(None)).expect("a key file");
    let numbers = der::private_from_pkcs8(pkcs8.expose()).expect("an RSA key");
    // All are found before the first is marked: the search compares.
    let others = numbers.others.iter().flat_map(|other| [&other.prime, &other.exponent, &other.coefficient]);
    let first = [&numbers.d, &numbers.p, &numbers.q, &numbers.dp, &numbers.dq, &numbers.qinv];
    let places = first.into_iter().chain(others).map(|number| {
        let number = number.expose();
        let at = pkcs8.expose().windows(number.len()).position(|bytes| bytes == number).expect("a number of the key");
        at + DER_HEAD..at + number.len()
    });
    for place in places.collect::<Vec<_>>() {
        secret(&mut pkcs8.expose_mut()[place]);
    }
    pkcs8
}

/// A generator of secrets: always the same ones, so that as many tries as in the last run find a number below the modulus.
#[derive(Debug)]
struct Watched;

impl SecureRandom for Watched {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        pattern(bytes);
        secret(bytes);
        Ok(())
    }
}

/// A generator of secrets and of salts, which everybody reads in the signature.
#[derive(Debug)]
struct Salted;

/// Bytes of a salt. Blinding takes a number as long as the modulus.
const SALT_LEN: usize = 32;

impl SecureRandom for Salted {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        if bytes.len() == SALT_LEN {
            pattern(bytes);
            return Ok(());
        }
        Watched.fill(bytes)
    }
}

/// As a number it begins with a byte of 1, and is below any modulus as long.
fn pattern(bytes: &mut [u8]) {
    for (byte, i) in bytes.iter_mut().zip(0u8..=u8::MAX) {
        *byte = i.wrapping_mul(37) | 1;
    }
}
