//! The five handshake messages (PROTOCOL.md, "Handshake"): exactly the bytes that are hashed into the transcript.

use super::HandshakeError;
use super::codec::{Put, Reader};
use super::limits::{MAX_DIFFICULTY, MAX_SERVICE};
use sealwire_traits::Fingerprint;

const MAGIC: &[u8; 8] = b"SEALWIRE";
const VERSION: u8 = 1;
const FLAG_CLIENT_AUTH: u8 = 1;
const FLAG_WANT_SERVER_AUTH: u8 = 1;
/// Bytes in a Finished MAC, the last field of messages 4 and 5.
pub(super) const MAC_LEN: usize = 32;

/// Message 1.
pub(super) struct ClientHello {
    /// Suites by preference.
    pub(super) suites: Vec<u16>,
    pub(super) random: [u8; 32],
    /// The identity the client wants to meet, if it wants to say so.
    pub(super) wanted: Option<Fingerprint>,
}

impl ClientHello {
    pub(super) fn encode(&self) -> Vec<u8> {
        let suites: Vec<u8> = self.suites.iter().flat_map(|s| s.to_be_bytes()).collect();
        let mut out = Vec::with_capacity(128);
        out.put(MAGIC);
        out.put_u8(VERSION);
        out.put_x8(&suites);
        out.put(&self.random);
        out.put_x8(self.wanted.as_ref().map_or(&[], |f| &f.0));
        out.put_x16(&[]);
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<ClientHello, HandshakeError> {
        let mut r = Reader::new(bytes);
        if r.take(MAGIC.len())? != MAGIC {
            return Err(HandshakeError::NotSealwire);
        }
        let version = r.u8()?;
        if version != VERSION {
            return Err(HandshakeError::Version(version));
        }
        let suites = r.x8()?;
        if suites.is_empty() || suites.len() % 2 != 0 {
            return Err(HandshakeError::Malformed("the list of suites is empty or cut"));
        }
        let suites = suites.chunks_exact(2).map(|s| u16::from_be_bytes([s[0], s[1]])).collect();
        let random = r.array()?;
        let wanted = match r.x8()? {
            [] => None,
            print => Some(Fingerprint(
                print.try_into().map_err(|_| HandshakeError::Malformed("a fingerprint has 32 bytes"))?,
            )),
        };
        r.x16()?;
        r.finish()?;
        Ok(ClientHello { suites, random, wanted })
    }
}

/// Message 2.
pub(super) struct ServerHello {
    pub(super) suite: u16,
    pub(super) random: [u8; 32],
    pub(super) client_auth: bool,
    /// Leading zero bits that the puzzle asks for.
    pub(super) difficulty: u8,
    /// The certificate of the transport key, encoded.
    pub(super) tbs: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl ServerHello {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.tbs.len() + self.signature.len());
        out.put_u16(self.suite);
        out.put(&self.random);
        out.put_u8(if self.client_auth { FLAG_CLIENT_AUTH } else { 0 });
        out.put_u8(self.difficulty);
        out.put_x16(&self.tbs);
        out.put_x16(&self.signature);
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<ServerHello, HandshakeError> {
        let mut r = Reader::new(bytes);
        let suite = r.u16()?;
        let random = r.array()?;
        let flags = flags(r.u8()?, FLAG_CLIENT_AUTH)?;
        let difficulty = r.u8()?;
        if difficulty > MAX_DIFFICULTY {
            return Err(HandshakeError::Difficulty(difficulty));
        }
        let tbs = r.x16()?.to_vec();
        let signature = r.x16()?.to_vec();
        r.finish()?;
        Ok(ServerHello { suite, random, client_auth: flags != 0, difficulty, tbs, signature })
    }
}

/// Message 3.
pub(super) struct ClientKeys {
    pub(super) want_server_auth: bool,
    pub(super) solution: u64,
    /// The secret under the transport key.
    pub(super) wrapped: Vec<u8>,
}

impl ClientKeys {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + self.wrapped.len());
        out.put_u8(if self.want_server_auth { FLAG_WANT_SERVER_AUTH } else { 0 });
        out.put_u64(self.solution);
        out.put_x16(&self.wrapped);
        out
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<ClientKeys, HandshakeError> {
        let mut r = Reader::new(bytes);
        let flags = flags(r.u8()?, FLAG_WANT_SERVER_AUTH)?;
        let solution = r.u64()?;
        let wrapped = r.x16()?.to_vec();
        r.finish()?;
        Ok(ClientKeys { want_server_auth: flags != 0, solution, wrapped })
    }
}

/// Message 4, without its MAC, which covers these bytes.
pub(super) struct ClientFinish {
    pub(super) service: String,
    /// The client's identity and its signature over the handshake; both empty without client authentication.
    pub(super) identity: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

impl ClientFinish {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64 + self.identity.len() + self.signature.len());
        out.put_x8(self.service.as_bytes());
        out.put_x16(&self.identity);
        out.put_x16(&self.signature);
        out
    }

    /// Decodes what stands before the MAC.
    pub(super) fn decode(bytes: &[u8]) -> Result<ClientFinish, HandshakeError> {
        let mut r = Reader::new(bytes);
        let service = service_name(r.x8()?)?;
        let identity = r.x16()?.to_vec();
        let signature = r.x16()?.to_vec();
        r.finish()?;
        Ok(ClientFinish { service, identity, signature })
    }
}

/// Message 5, without its MAC: the signature over the handshake, empty unless the client asked for it.
pub(super) fn encode_server_finish(signature: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(2 + signature.len() + MAC_LEN);
    out.put_x16(signature);
    out
}

/// The inverse of [`encode_server_finish`].
pub(super) fn decode_server_finish(bytes: &[u8]) -> Result<Vec<u8>, HandshakeError> {
    let mut r = Reader::new(bytes);
    let signature = r.x16()?.to_vec();
    r.finish()?;
    Ok(signature)
}

/// Splits a Finished message into the part under its MAC, and the MAC.
pub(super) fn split_mac(bytes: &[u8]) -> Result<(&[u8], &[u8; MAC_LEN]), HandshakeError> {
    bytes.split_last_chunk().ok_or(HandshakeError::Malformed("it ends too early"))
}

fn flags(found: u8, known: u8) -> Result<u8, HandshakeError> {
    if found & !known == 0 { Ok(found) } else { Err(HandshakeError::Malformed("an unknown flag is set")) }
}

/// Names of services are short printable ASCII, since they end up in logs.
pub(super) fn service_name(bytes: &[u8]) -> Result<String, HandshakeError> {
    let printable = bytes.iter().all(|b| b.is_ascii_graphic() || *b == b' ');
    match std::str::from_utf8(bytes) {
        Ok(name) if printable && bytes.len() <= MAX_SERVICE => Ok(name.to_owned()),
        _ => Err(HandshakeError::Malformed("the name of a service is printable ASCII")),
    }
}
