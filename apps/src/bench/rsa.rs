//! RSA: every engine on the same key, so that all do the same work.

use super::race::Runner;
use super::{broken, table};
use crate::error::AppError;
use sealwire_traits::{KeySize, KeyTransport, OsRandom, PreMaster, SecretBytes, SignatureScheme};
use std::hint::black_box;

/// Sizes of the keys.
pub(super) const SIZES: [KeySize; 3] =
    [KeySize { bits: 2048, primes: 2 }, KeySize { bits: 3072, primes: 2 }, KeySize { bits: 3072, primes: 3 }];
const LABEL: &[u8] = b"bench";

/// Both operations of each key transport and signature scheme, under a new key. One of three primes does not sign.
pub(super) fn operations(
    size: KeySize,
    transports: &[&'static dyn KeyTransport],
    signatures: &[&'static dyn SignatureScheme],
) -> Result<String, AppError> {
    let Some(first) = transports.first() else { return Ok(String::new()) };
    let pkcs8 = first.generate(size, &OsRandom, &())?.to_pkcs8();
    let mut runners = Vec::new();
    for transport in transports {
        runners.extend(transport_runners(*transport, &pkcs8)?);
    }
    for signature in signatures.iter().filter(|_| size.primes == 2) {
        runners.extend(signature_runners(*signature, &pkcs8)?);
    }
    Ok(table::operations(&format!("rsa, {size}"), runners))
}

fn transport_runners(transport: &dyn KeyTransport, pkcs8: &SecretBytes) -> Result<[Runner; 2], AppError> {
    let private = transport.private_key(pkcs8).map_err(broken)?;
    let public = transport.public_key(private.public_key()).map_err(broken)?;
    let (secret, sent) = (PreMaster::zeroed(), PreMaster::zeroed());
    let wrapped = public.wrap_secret(&secret, LABEL, &OsRandom).map_err(broken)?;
    Ok([
        Runner::new("wrap (oaep)  ", transport.engine(), move || {
            assert!(black_box(public.wrap_secret(&secret, LABEL, &OsRandom)).is_ok(), "a secret is wrapped");
        }),
        Runner::new("unwrap (oaep)", transport.engine(), move || {
            let unwrapped = private.unwrap_secret(black_box(&wrapped), LABEL, &OsRandom);
            assert!(unwrapped.is_ok_and(|secret| secret.expose() == sent.expose()), "a wrapped secret comes back");
        }),
    ])
}

fn signature_runners(scheme: &dyn SignatureScheme, pkcs8: &SecretBytes) -> Result<[Runner; 2], AppError> {
    let signing = scheme.signing_key(pkcs8).map_err(broken)?;
    let verifying = scheme.verifying_key(signing.public_key()).map_err(broken)?;
    let signature = signing.sign(LABEL, &OsRandom).map_err(broken)?;
    Ok([
        Runner::new("sign (pss)   ", scheme.engine(), move || {
            assert!(black_box(signing.sign(LABEL, &OsRandom)).is_ok(), "a label is signed");
        }),
        Runner::new("verify (pss) ", scheme.engine(), move || {
            assert!(verifying.verify(LABEL, black_box(&signature)).is_ok(), "its signature verifies");
        }),
    ])
}
