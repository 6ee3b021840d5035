//! The seams of sealwire. Everything that can be swapped is one of five small object-safe families:
//!
//! | family | what it does | who implements it |
//! |---|---|---|
//! | [`BlockCipher`] | a keyed permutation of 16-byte blocks, many at a time | `sealwire-backends::aes` |
//! | [`Aead`] | seals and opens one record in place | `Gcm` over any block cipher, or a fused kernel |
//! | [`KeyTransport`] | carries a fresh secret to the holder of a private key | RSAES-OAEP |
//! | [`SignatureScheme`] | proves who somebody is | RSASSA-PSS |
//! | [`Transport`] | a network that carries byte pipes | TCP, unix sockets, memory |
//!
//! An algorithm is a `'static` object found by name (`AeadAlgorithm`, `KeyTransport`, `SignatureScheme`). It makes a keyed object,
//! with the key schedule computed once, and the keyed object is called once a record or once a handshake. [`Provider`] is the handful
//! of algorithms that one session uses. What takes a private key long may come in [`Slices`], for servers that have other things to do.

mod aead;
mod block_cipher;
mod error;
mod fingerprint;
mod key_transport;
mod keygen;
mod provider;
mod random;
mod secret;
mod signature;
mod slices;
mod transport;

pub use aead::{Aead, AeadAlgorithm, Iv, NONCE_LEN, Nonce, Suite, TAG_LEN, Tag};
pub use block_cipher::{BLOCK_LEN, Block, BlockCipher, BlockCipherAlgorithm};
pub use error::{
    GenerateError, KeyError, OpenError, OperationError, RandomError, SignatureError, TransportError, Unavailable,
    WrappedError,
};
pub use fingerprint::{Fingerprint, ParseFingerprintError};
pub use key_transport::{KeyTransport, KeyTransportScheme, PreMaster, UnwrapKey, WrapKey};
pub use keygen::{KeySize, KeygenEvent, KeygenObserver};
pub use provider::Provider;
pub use random::{OsRandom, SecureRandom};
pub use secret::{Secret, SecretBytes};
pub use signature::{SignatureScheme, SigningKey, VerifyingKey};
pub use slices::{Slices, pause};
pub use transport::{Connection, Listener, PipeRead, PipeReader, PipeWrite, PipeWriter, Transport};
