//! What every engine does behind the traits, and that what one engine makes another one takes.
#![allow(missing_docs)]

use sealwire_backends::rsa::{KEY_TRANSPORTS, SIGNATURES, self_test_key_transport, self_test_signature};
use sealwire_traits::{
    GenerateError, KeyError, KeySize, KeyTransport, KeyTransportScheme, OperationError, OsRandom, RandomError, Secret,
    SecretBytes, SecureRandom, SignatureScheme, Slices, WrappedError,
};
use subtle::ConstantTimeEq;

fn transports() -> impl Iterator<Item = &'static dyn KeyTransport> + Clone {
    KEY_TRANSPORTS.iter().copied().filter(|transport| transport.available().is_ok())
}

fn schemes() -> impl Iterator<Item = &'static dyn SignatureScheme> + Clone {
    SIGNATURES.iter().copied().filter(|scheme| scheme.available().is_ok())
}

#[test]
fn the_preferred_engine_comes_first_and_a_missing_one_says_how_to_get_it() {
    let names: Vec<_> = KEY_TRANSPORTS.iter().map(|transport| transport.engine()).collect();
    assert_eq!(names, SIGNATURES.iter().map(|scheme| scheme.engine()).collect::<Vec<_>>());
    assert!(KEY_TRANSPORTS.iter().all(|transport| transport.scheme() == KeyTransportScheme::RSA_OAEP_SHA256));
    assert!(SIGNATURES.iter().all(|scheme| scheme.name() == "rsa-pss-sha256"));
    if cfg!(feature = "gmp") {
        assert_eq!(names, ["gmp", "num-bigint/ifma", "num-bigint/fma52", "num-bigint/mulx", "num-bigint/portable"]);
        assert!(transports().count() >= 2);
        return;
    }
    assert_eq!(names, ["num-bigint/ifma", "num-bigint/fma52", "num-bigint/mulx", "num-bigint/portable", "gmp"]);
    let (transport, signature) = (KEY_TRANSPORTS[4], SIGNATURES[4]);
    let reason = transport.available().expect_err("not built in").to_string();
    assert!(reason.contains("--features gmp"), "{reason}");
    assert!(signature.available().is_err());
    assert!(matches!(transport.public_key(&[]), Err(KeyError::Unavailable(_))));
    assert!(matches!(signature.generate(2048, &OsRandom, &()), Err(GenerateError::Unavailable(_))));
}

#[test]
fn every_engine_passes_its_self_test() {
    for transport in transports() {
        assert_eq!(self_test_key_transport(transport), Ok(()));
    }
    for scheme in schemes() {
        assert_eq!(self_test_signature(scheme), Ok(()));
    }
}

#[test]
fn a_secret_wrapped_by_any_engine_is_unwrapped_by_any() {
    for maker in transports() {
        for size in [2048.into(), 2320.into(), KeySize { bits: 3072, primes: 3 }, KeySize { bits: 4096, primes: 3 }] {
            let made = maker.generate(size, &OsRandom, &()).expect("a key");
            for (one, other) in transports().flat_map(|one| transports().map(move |other| (one, other))) {
                let public = one.public_key(made.public_key()).expect("our own key");
                let private = other.private_key(&made.to_pkcs8()).expect("our own key");
                assert_eq!((public.bits(), public.wrapped_len()), (size.bits, size.bits / 8));
                assert_eq!(private.public_key(), made.public_key());
                assert_eq!(private.to_pkcs8().expose(), made.to_pkcs8().expose());
                let secret = Secret::random(&OsRandom).expect("random");
                let wrapped = public.wrap_secret(&secret, b"label", &OsRandom).expect("random");
                assert_eq!(wrapped.len(), size.bits / 8);
                let unwrapped = private.unwrap_secret(&wrapped, b"label", &OsRandom).expect("a sound key");
                assert!(bool::from(unwrapped.ct_eq(&secret)));
            }
        }
    }
}

#[test]
fn operations_come_in_slices_and_may_be_given_up_between_them() {
    for (transport, scheme) in transports().zip(schemes()) {
        assert_eq!(transport.is_sliced(), transport.engine() != "gmp");
        for size in [2048.into(), KeySize { bits: 3072, primes: 3 }, 4096.into()] {
            let private = transport.generate(size, &OsRandom, &()).expect("a key");
            let public = transport.public_key(private.public_key()).expect("our own key");
            let secret = Secret::random(&OsRandom).expect("random");
            let wrapped = public.wrap_secret(&secret, b"label", &OsRandom).expect("random");
            let mut given_up = private.unwrapping(&wrapped, b"label", &OsRandom);
            assert!(given_up.advance().is_none());
            drop(given_up);
            let (unwrapped, slices) = counted(private.unwrapping(&wrapped, b"label", &OsRandom));
            assert!(bool::from(unwrapped.expect("a sound key").ct_eq(&secret)));
            assert_eq!(slices >= 5, transport.is_sliced(), "{slices} slices on {}, {size}", transport.engine());
            if size.primes == 2 {
                let signer = scheme.signing_key(&private.to_pkcs8()).expect("our own key");
                let (signature, as_many) = counted(signer.signing(b"message", &OsRandom));
                let verifier = scheme.verifying_key(private.public_key()).expect("our own key");
                assert!(verifier.verify(b"message", &signature.expect("a sound key")).is_ok());
                assert_eq!(slices, as_many);
            }
        }
    }
}

/// What comes of some work, and of how many slices it was.
fn counted<T>(mut work: Slices<'_, T>) -> (T, usize) {
    (1..).find_map(|slices| work.advance().map(|result| (result, slices))).expect("an end")
}

#[test]
fn a_signature_by_any_engine_verifies_on_any() {
    for maker in schemes() {
        let made = maker.generate(2048, &OsRandom, &()).expect("a key");
        for (one, other) in schemes().flat_map(|one| schemes().map(move |other| (one, other))) {
            let private = one.signing_key(&made.to_pkcs8()).expect("our own key");
            let public = other.verifying_key(made.public_key()).expect("our own key");
            assert_eq!(private.fingerprint(), public.fingerprint());
            let signature = private.sign(b"message", &OsRandom).expect("a sound key");
            assert!(public.verify(b"message", &signature).is_ok());
            assert!(public.verify(b"massage", &signature).is_err());
            for i in (0..signature.len()).step_by(17) {
                let mut damaged = signature.clone();
                damaged[i] ^= 1;
                assert!(public.verify(b"message", &damaged).is_err());
            }
            for wrong in [&signature[1..], &[&[0], &signature[..]].concat(), &[0xff; 256], &[]] {
                assert!(public.verify(b"message", wrong).is_err());
            }
            let again = private.sign(b"message", &OsRandom).expect("a sound key");
            assert_ne!(signature, again, "the salt is random");
        }
    }
}

#[test]
fn a_key_of_three_primes_is_no_identity() {
    let three = KeySize { bits: 3072, primes: 3 };
    let pkcs8 = transports().next().expect("an engine").generate(three, &OsRandom, &()).expect("a key").to_pkcs8();
    for scheme in schemes() {
        assert_eq!(scheme.signing_key(&pkcs8).err(), Some(KeyError::SigningPrimes(3)));
    }
}

/// Counts upwards: what the generator gives can be foretold.
#[derive(Debug)]
struct Counting(std::sync::atomic::AtomicU8);

impl SecureRandom for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for byte in bytes {
            *byte = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
        Ok(())
    }
}

#[test]
fn what_does_not_unwrap_gives_the_random_secret_that_was_drawn_first() {
    let first: [u8; 32] = std::array::from_fn(|i| i as u8);
    for transport in transports() {
        let private = transport.generate(2048.into(), &OsRandom, &()).expect("a key");
        let public = transport.public_key(private.public_key()).expect("our own key");
        let secret = Secret::random(&OsRandom).expect("random");
        let wrapped = public.wrap_secret(&secret, b"label", &OsRandom).expect("random");
        let unwrap = |wrapped: &[u8], label: &[u8]| private.unwrap_secret(wrapped, label, &Counting(0.into()));
        assert_eq!(unwrap(&wrapped, b"label").expect("sound").expose(), secret.expose());
        assert_eq!(unwrap(&wrapped, b"other").expect("sound").expose(), &first);
        let mut damaged = wrapped.clone();
        damaged[255] ^= 1;
        assert_eq!(unwrap(&damaged, b"label").expect("sound").expose(), &first);
        for number in [0, 1] {
            damaged.fill(0);
            damaged[255] = number;
            assert_eq!(unwrap(&damaged, b"label").expect("sound").expose(), &first);
        }
    }
}

#[test]
fn what_anybody_can_see_is_wrong_is_an_error() {
    let transport = transports().next().expect("an engine");
    let private = transport.generate(2048.into(), &OsRandom, &()).expect("a key");
    for got in [0, 255, 257] {
        let error = WrappedError::Length { expected: 256, got };
        assert_eq!(private.check_wrapped(&vec![0; got]), Err(error));
        let unwrapped = private.unwrap_secret(&vec![0; got], b"", &OsRandom);
        assert!(matches!(unwrapped, Err(OperationError::Wrapped(e)) if e == error));
    }
    assert_eq!(private.check_wrapped(&[0xff; 256]), Err(WrappedError::Range));
    assert_eq!(private.check_wrapped(&[0; 256]), Ok(()));
    let unwrapped = private.unwrap_secret(&[0xff; 256], b"", &OsRandom);
    assert!(matches!(unwrapped, Err(OperationError::Wrapped(WrappedError::Range))));
}

#[test]
fn bytes_that_are_no_key_are_refused() {
    for (transport, scheme) in transports().zip(schemes()) {
        let good = transport.generate(2048.into(), &OsRandom, &()).expect("a key");
        let (spki, pkcs8) = (good.public_key().to_vec(), good.to_pkcs8());
        for cut in (0..spki.len()).step_by(7) {
            assert!(transport.public_key(&spki[..cut]).is_err() && scheme.verifying_key(&spki[..cut]).is_err());
        }
        for cut in (0..pkcs8.expose().len()).step_by(37) {
            let cut = SecretBytes::new(pkcs8.expose()[..cut].to_vec());
            assert!(transport.private_key(&cut).is_err() && scheme.signing_key(&cut).is_err());
        }
        // Whatever bit is wrong in a private key, either it is refused or it is in a part that carries no number.
        let mut refused = 0;
        for i in (0..pkcs8.expose().len()).step_by(13) {
            let mut bent = pkcs8.expose().to_vec();
            bent[i] ^= 0x10;
            refused += usize::from(transport.private_key(&SecretBytes::new(bent)).is_err());
        }
        assert_eq!(refused, pkcs8.expose().len().div_ceil(13));
    }
}
