//! A cipher that is not sealwire's own, plugged in and run over a real session: Camellia (RFC 3713) from its crate, in sealwire's GCM.
//!
//! `cargo run -p sealwire-backends --example camellia_gcm`
//!
//! The three steps of adding a cipher backend are numbered below. Inside this repository, step 2 is a line in `AEADS` of
//! `backends/src/registry.rs`; the config, `sealwire backends` and every test over the registry find it there. Outside of it, the
//! algorithm goes into a `Provider` directly, as in step 3. (This Camellia looks its S-boxes up in tables, so it is not constant time:
//! an example, not a recommendation.)

use camellia::Camellia256;
use cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use sealwire_backends::gcm::GcmAlgorithm;
use sealwire_backends::registry;
use sealwire_traits::{
    AeadAlgorithm, Block, BlockCipher, BlockCipherAlgorithm, Fingerprint, KeyError, OsRandom, Provider, Suite,
    Unavailable,
};
use sealwire_transport::Clock;
use sealwire_transport::channel::{self, Channel};
use sealwire_transport::pipe::Memory;
use sealwire_transport::server::{Rotation, TransportKeys};
use sealwire_transport::session::{ClientConfig, ServerConfig, Settings, TrustPolicy};
use sealwire_transport::workers::Workers;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

/// Step 1: the cipher, as an object that makes keyed objects.
#[derive(Debug)]
struct Camellia;

struct KeyedCamellia(Camellia256);

impl BlockCipherAlgorithm for Camellia {
    fn cipher(&self) -> &'static str {
        "camellia"
    }

    fn backend(&self) -> &'static str {
        "rustcrypto"
    }

    fn available(&self) -> Result<(), Unavailable> {
        Ok(())
    }

    fn key_lens(&self) -> &'static [usize] {
        &[32]
    }

    fn key(&self, key: &[u8]) -> Result<Box<dyn BlockCipher>, KeyError> {
        let wrong = |_| KeyError::Length { expected: "32".to_owned(), got: key.len() };
        Ok(Box::new(KeyedCamellia(Camellia256::new_from_slice(key).map_err(wrong)?)))
    }
}

impl BlockCipher for KeyedCamellia {
    fn encrypt_blocks(&self, blocks: &mut [Block]) {
        blocks.iter_mut().for_each(|block| self.0.encrypt_block(block.into()));
    }

    fn decrypt_blocks(&self, blocks: &mut [Block]) {
        blocks.iter_mut().for_each(|block| self.0.decrypt_block(block.into()));
    }
}

/// Step 2: an AEAD over it, with a wire number from the range for private use, which both ends must know.
static CAMELLIA_256_GCM: GcmAlgorithm =
    GcmAlgorithm::new(Suite { id: 0xff01, name: "camellia-256-gcm", key_len: 32 }, &Camellia);

/// Step 3: a provider with it, on both ends.
fn provider() -> Result<Provider, Box<dyn Error>> {
    static AEADS: [&dyn AeadAlgorithm; 1] = [&CAMELLIA_256_GCM];
    Ok(Provider {
        aeads: &AEADS,
        key_transport: registry::key_transport("rsa-oaep-sha256", registry::AUTO)?,
        signature: registry::signature("rsa-pss-sha256", registry::AUTO)?,
        random: &OsRandom,
    })
}

/// Anybody may ask for anything here.
#[derive(Debug)]
struct Anybody;

impl TrustPolicy for Anybody {
    fn client_allowed(&self, _: &Fingerprint) -> bool {
        true
    }

    fn service_allowed(&self, _: &str, _: Option<&Fingerprint>) -> bool {
        true
    }
}

/// The first vector of RFC 3713, appendix A, for 256 bits: a cipher is plugged in only when it computes what it is named after.
fn known_answer() -> Result<(), Box<dyn Error>> {
    let mut key = [0; 32];
    for (i, byte) in key.iter_mut().enumerate() {
        let i = i as u8;
        *byte = match i {
            0..8 => 0x01 + 0x22 * i,
            8..16 => 0xfe - 0x22 * (i - 8),
            _ => 0x11 * (i - 16),
        };
    }
    let mut blocks = [0x0123_4567_89ab_cdef_fedc_ba98_7654_3210_u128.to_be_bytes()];
    let plain = blocks;
    let camellia = Camellia.key(&key)?;
    camellia.encrypt_blocks(&mut blocks);
    assert_eq!(u128::from_be_bytes(blocks[0]), 0x9acc_237d_ff16_d76c_20ef_7c91_9e3a_7509);
    camellia.decrypt_blocks(&mut blocks);
    assert_eq!(blocks, plain);
    Ok(())
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "the example's result")]
async fn main() -> Result<(), Box<dyn Error>> {
    known_answer()?;
    let provider = provider()?;
    let (workers, clock, settings) = (Workers::new(2, 16), Clock::start(), Settings::default());

    let identity = provider.signature.generate(2048, provider.random, &())?;
    let client = Arc::new(ClientConfig {
        provider,
        pins: vec![identity.fingerprint()],
        announce_pin: false,
        service: "example".to_owned(),
        identity: None,
        want_server_auth: false,
        settings,
    });
    let server = Arc::new(ServerConfig {
        provider,
        identity: identity.into(),
        client_auth: false,
        policy: Arc::new(Anybody),
        settings,
    });
    let keys = TransportKeys::start(&server, 2048, Rotation::Every(Duration::from_secs(300)), clock).await?;

    let (near, far) = Memory::pair();
    let (here, there) = tokio::join!(
        channel::connect(near, client, &workers, clock),
        channel::accept(far, server, keys.epoch(), || 0, &workers, clock),
    );
    let Channel { mut sender, peer, .. } = here?;
    let mut receiver = there?.receiver;
    sender.send(b"sealed by Camellia").await?;
    let arrived = receiver.receive().await?.unwrap_or_default().to_vec();
    println!("{}: {:?}", peer.suite.name, String::from_utf8_lossy(&arrived));
    assert_eq!(arrived, b"sealed by Camellia");
    Ok(())
}
