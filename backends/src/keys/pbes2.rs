//! Private keys under a passphrase: PKCS#8 EncryptedPrivateKeyInfo with PBES2 (RFC 8018 section 6.2), through the crate
//! `pkcs8`.
//!
//! Written: scrypt (RFC 7914) and AES-256-CBC. Read: also PBKDF2 with SHA-2, other AES keys, GCM. The costs stand in
//! the file, so they are capped before any work starts: a file must not make the program take all memory, or years.

use super::KeyTextError;
use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::der::{Decode, Encode, asn1::OctetStringRef};
use pkcs8::pkcs5::pbes2::{Kdf, Parameters};
use pkcs8::pkcs5::{EncryptionScheme, Error as Pkcs5Error, scrypt};
use sealwire_traits::{KeyError, OsRandom, SecretBytes, SecureRandom};

/// scrypt costs of what is written: log2 N, r, p. 16 MiB and a fifth of a second; a larger N is beyond what `openssl`
/// agrees to read.
const LOG_N: u8 = 14;
const R: u32 = 8;
const P: u32 = 5;

/// Largest N * r that is read: scrypt takes 128 bytes for each, so 256 MiB.
const MAX_SCRYPT_MEMORY: u64 = 1 << 21;
/// Largest N * r * p that is read: some seconds.
const MAX_SCRYPT_WORK: u64 = 1 << 24;
/// Most PBKDF2 rounds that are read: some seconds.
const MAX_ITERATIONS: u32 = 10_000_000;

/// An encrypted key whose costs are bearable.
pub(super) struct Encrypted<'a> {
    scheme: Parameters,
    data: &'a [u8],
}

impl<'a> Encrypted<'a> {
    /// Reads the outer form.
    pub(super) fn parse(der: &'a [u8]) -> Result<Encrypted<'a>, KeyTextError> {
        let info = EncryptedPrivateKeyInfoRef::from_der(der)
            .map_err(|error| KeyTextError::Encryption(format!("not PBES2 of PKCS#8: {error}")))?;
        let EncryptionScheme::Pbes2(scheme) = info.encryption_algorithm else {
            return Err(KeyTextError::Encryption("PBES1".to_owned()));
        };
        check_costs(&scheme.kdf)?;
        Ok(Encrypted { scheme, data: info.encrypted_data.as_bytes() })
    }

    /// Decrypts. The result has not been looked at.
    pub(super) fn decrypt(&self, passphrase: &SecretBytes) -> Result<SecretBytes, KeyTextError> {
        let mut buffer = SecretBytes::new(self.data.to_vec());
        match self.scheme.decrypt_in_place(passphrase.expose(), buffer.expose_mut()) {
            Ok(pkcs8) => Ok(SecretBytes::new(pkcs8.to_vec())),
            Err(Pkcs5Error::DecryptFailed) => Err(KeyTextError::WrongPassphrase),
            Err(error) => Err(KeyTextError::Encryption(error.to_string())),
        }
    }
}

/// Encrypts a PKCS#8 PrivateKeyInfo under `passphrase`; the result is the DER of an EncryptedPrivateKeyInfo.
pub(super) fn encrypt(pkcs8: &SecretBytes, passphrase: &SecretBytes) -> Result<Vec<u8>, KeyTextError> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    OsRandom.fill(&mut salt)?;
    OsRandom.fill(&mut iv)?;
    let unusable = |error: Pkcs5Error| KeyTextError::Encryption(error.to_string());
    let costs = scrypt::Params::new(LOG_N, R, P).expect("costs within scrypt's limits");
    let scheme = Parameters::generate_scrypt_aes256cbc(costs, &salt, iv).map_err(unusable)?;
    // Room for the padding, so that the plaintext is overwritten in place and never moves.
    let len = pkcs8.expose().len();
    let mut buffer = SecretBytes::zeroed(len + 16);
    buffer.expose_mut()[..len].copy_from_slice(pkcs8.expose());
    let data = scheme.encrypt_in_place(passphrase.expose(), buffer.expose_mut(), len).map_err(unusable)?;
    let encoding = |error: pkcs8::der::Error| KeyError::Encoding(error.to_string());
    let encrypted_data = OctetStringRef::new(data).map_err(encoding)?;
    let info = EncryptedPrivateKeyInfoRef { encryption_algorithm: scheme.into(), encrypted_data };
    Ok(info.to_der().map_err(encoding)?)
}

fn check_costs(kdf: &Kdf) -> Result<(), KeyTextError> {
    let refuse = |what: String| Err(KeyTextError::Encryption(what));
    match kdf {
        Kdf::Pbkdf2(params) => match params.iteration_count {
            1..=MAX_ITERATIONS => Ok(()),
            count => refuse(format!("PBKDF2 of {count} rounds, where 1 to {MAX_ITERATIONS} are done")),
        },
        Kdf::Scrypt(params) => {
            let (n, r, p) = (params.cost_parameter, u64::from(params.block_size), u64::from(params.parallelization));
            let memory = n.saturating_mul(r);
            let sane = n.is_power_of_two() && n > 1 && r > 0 && p > 0;
            if !sane || memory > MAX_SCRYPT_MEMORY || memory.saturating_mul(p) > MAX_SCRYPT_WORK {
                return refuse(format!("scrypt with N = {n}, r = {r}, p = {p}, which takes too much memory or time"));
            }
            Ok(())
        }
        other => refuse(format!("key derivation {}", other.oid())),
    }
}
