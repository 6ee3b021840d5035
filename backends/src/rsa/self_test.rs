//! Known-answer tests of RSA, to be run before a backend is first used: a key, a wrapped secret and a signature made by
//! OpenSSL.

use sealwire_traits::{KeyTransport, OsRandom, PreMaster, Secret, SecretBytes, SignatureScheme};
use std::fmt::Display;
use subtle::ConstantTimeEq;

/// Unwraps a known secret, sees that a damaged one is not unwrapped, and that a fresh one comes back.
///
/// # Errors
/// What went wrong, for people.
pub fn self_test_key_transport(transport: &dyn KeyTransport) -> Result<(), String> {
    let key = transport.private_key(&key()).map_err(failed("the test key is refused"))?;
    let expected = secret();
    let mut wrapped = unhex(WRAPPED);
    let unwrap = |wrapped: &[u8]| key.unwrap_secret(wrapped, LABEL, &OsRandom).map_err(failed("unwrapping failed"));
    check(unwrap(&wrapped)?.ct_eq(&expected).into(), "a known secret is not unwrapped")?;
    // The last byte of the number: it stays below the modulus.
    wrapped[KEY_LEN - 1] ^= 1;
    check((!unwrap(&wrapped)?.ct_eq(&expected)).into(), "a damaged secret is unwrapped")?;
    let public = transport.public_key(key.public_key()).map_err(failed("the public half is refused"))?;
    let fresh = public.wrap_secret(&expected, LABEL, &OsRandom).map_err(failed("wrapping failed"))?;
    check(unwrap(&fresh)?.ct_eq(&expected).into(), "a wrapped secret does not come back")
}

/// Verifies a known signature, refuses a damaged one, and verifies one of its own.
///
/// # Errors
/// What went wrong, for people.
pub fn self_test_signature(scheme: &dyn SignatureScheme) -> Result<(), String> {
    let key = scheme.signing_key(&key()).map_err(failed("the test key is refused"))?;
    let public = scheme.verifying_key(key.public_key()).map_err(failed("the public half is refused"))?;
    let mut signature = unhex(SIGNATURE);
    check(public.verify(SECRET, &signature).is_ok(), "a known signature does not verify")?;
    signature[KEY_LEN - 1] ^= 1;
    check(public.verify(SECRET, &signature).is_err(), "a damaged signature verifies")?;
    let own = key.sign(SECRET, &OsRandom).map_err(failed("signing failed"))?;
    check(public.verify(SECRET, &own).is_ok(), "a fresh signature does not verify")
}

/// 2048 bits.
const KEY_LEN: usize = 256;

const LABEL: &[u8] = b"sealwire self-test";
const SECRET: &[u8; 32] = b"sealwire self-test: a 32B secret";

pub(super) fn key() -> SecretBytes {
    SecretBytes::new(unhex(PKCS8))
}

fn secret() -> PreMaster {
    let mut secret = Secret::zeroed();
    secret.expose_mut().copy_from_slice(SECRET);
    secret
}

fn check(good: bool, otherwise: &str) -> Result<(), String> {
    if good { Ok(()) } else { Err(otherwise.to_owned()) }
}

fn failed<E: Display>(what: &str) -> impl Fn(E) -> String {
    move |error| format!("{what}: {error}")
}

/// Bytes from pairs of lower-case hexadecimal digits.
fn unhex(text: &str) -> Vec<u8> {
    let digit = |c: u8| if c > b'9' { c - b'a' + 10 } else { c - b'0' };
    text.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// A key of 2048 bits made for this test, as PKCS#8. It protects nothing.
const PKCS8: &str = "\
    308204bc020100300d06092a864886f70d0101010500048204a6308204a20201000282010100b1a6a95437eef9366ca83f02e157d7db7ec6\
    3e92843df41ebd5fde8da19fc981541b602570f75f2ae4abd678144fb009524ffebf8a6072e89c62b8b6b6c7aa37a4bb959f4d0a3a713b4b\
    ed0e5724c37b3b290c3aade05b4aced448aff1ddfe4c19ca81fd51cccffa9af586b33921122c735489a9dc66f6c5ac0fca0fb2c7c93001cc\
    e09687858c44eaf4d0bfb0150e6bbf3272cbf36a2c5a8e8741d31e5389ee86ea393545513aa026bf80444a9f1f44aefc4b3ba85eb9af4e7d\
    4fd3ee9de52e15cb2d6fcd93c26ba2534e6a448667f8dabaffba1d7d555298dec060629893da43bdc1a9bb3a02d1ab34a45af8fa88ea9ddf\
    dd8b9515e662193ca71f23ac235502030100010282010015b8e0bc950849fdbf24856be73cf3fe794e69494615433bdd011377f2fad44b55\
    8af16332a074c90c63fc99fb35d13b1a8f0081d03c41e0b27a99c671ac1162b368627fb38e5c1e0b5799d9668b6ec1ab36b63198a035d97c\
    57d5b979d420ab927dc20e4509cba6837b2128da03f2b26fb9b7098793297a7b33050c8d5a437dc033de1175e0e804df7e51473256a9173a\
    b718c272a68c2e2d65f219bc25bd5d8f0fc65b1095a7f5d32a88d25c27da4387ed9fc0a543537afc0c9882ba7e0a8e1fc4ce6a71a5dc86eb\
    3ad06e7fb0e29c231f8aea69c1738ad514bf41d16ef93879a36f7ee2727dc7526ba4ad117bf6f9dfaf7b1be637b24970e98548fba162d102\
    818100f18a350e45585d2e32dadeee4989f82392255c82f520e418b75929ebe3cb50fd26ed6eb9b81b0e74e63a613b5cc68554bd393275b6\
    478cd3b95e6d986a84dcf30222d188c6ee8170d68238a99b8f96cbf4bcc179ac7963dcbdcfa0f5d01111c67397867104f739a15525877695\
    6d5e46f56506941228c75d208857deeba559e902818100bc494e620965862e4b82afe9a8ee8daf18b4ff1b585fd772c789dbca781fff765a\
    569c2a796e0f8fd48bf544cbf9f8b99d29f518c808cec43eb432a57b290507e79f47c8cd8c5076ee3302b3e4c55adcc112dcf618f1c1a0c5\
    7602a17b4b9283ea9a82c542b7410e778a266ff0b44514704a936382bf5bb66cf92dd5cb0bee8d02818026ef24463c9f55c5d0a4bf32a1df\
    ff839c5731665aa5069f854e7617740c9ded708ced403a9101ef8dfcf31762890d8cef437d02c4731c1c34d127d15dba34f366f0bdddd253\
    37c23c9199189ddeb36c04f3382ca8c498784890635dbc4044213d18bbaf1421d5c44fb950f0a87d8ca8db7d8165f4d765eb7907014309b1\
    09a10281807cdc1002ab408c0ebf3c56f3987739b5d7a88f53cef31fa899f22db2c29e558662b9f4ada600fa88e2e63d2bf6283a6cbc704a\
    7cb88a3eb39cf15a74aa8bb52e5cc71f8f65df9aac83a188354b8c248927f01e5f84832d683409e20cbbfa8d9ab544e95b6eb69f89bc73fc\
    b156e9f4b56d11c753c22cabe0f9baf44e466c0f3102818047e14c7461bfc10b2db06cb5b13dff6fcd06938e1af9f302bb4b5f409d705596\
    882e96719c83b7b65e16bab03a1a77bd6cc2d3c91f56ea4006ba768a2c26af478b9467547373a19e182f0b98330257e3a40ff106df748b01\
    b1fe09fbfaf7c3e675143af08d87ab1108c994da8305713c37b217f49095c9449d6f698157e9db61";

/// The secret under that key and label.
const WRAPPED: &str = "\
    9a5db4e2b63ab7edfb36122b329294422d08aac88d87d771755c69b4a544238643a1af16d6dfc4ac8c5716fb86a7f53008ad6b00272b998a\
    c9c2bb05c300113a27ac5c3a3516e299253ad67fd2ecd7f9926b9faa0f82450166eb0f341c1382732ad9095e24530f473500a159d1cdfe66\
    afff5876e29c5ef99b94f037fc8bf05d14bae396a7c5b7a12a37654e121af80e42477a61d00670e75574ea75051466e338797abd20ec16e8\
    3606c013799ab4fe91efd614a4094e43185c803bcbba07645b911ae9439865856cbf376585ee87084025e0d61398d987a5b69ce165c48fde\
    3810877a554f6aea39fac11ac6d874f12e4ee478011fde3ef0021324c0a259a1";

/// A signature over the secret by that key.
const SIGNATURE: &str = "\
    90523badb7e621e2a85488a0b59db054d9e63e7b256d9d47c624c0ae6293fa08ee82b1067d20cd98c9cb2aff255d7dfc1eb857186dae9bed\
    b104dbaf01195b9c305c6203a3c70700f0a8ce6b345a5b7d03d4d195f5b0a412669b0473248eb42f27a4dc81d51824c7b7e002f442284109\
    6c9fd75d17116cc3560f3be7b781841ab50300b1f9709f9e9d2f34ef6b2ce30bb56e5755b81d84392042dbdc4225a0a998a7032e4ad774da\
    d0a15722627a4f6f2434f5d8cf5defef096277637901d1104bf6d8d7df1c94333dd190933cd13ab9338238280c22d85af8345ccc2ec07dc2\
    b97c8910e18beb9104aeb644405bedc4093186577e212b8accb90f66ed566a82";
