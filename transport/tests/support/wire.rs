//! The wire a second time, from PROTOCOL.md and without the code under test: HMAC (RFC 2104) and HKDF-Expand (RFC 5869) by hand over
//! SHA-256, record parsing, and sealing of whatever a test wants to see refused.

use sealwire_traits::{Aead, AeadAlgorithm, Nonce, Tag};
use sha2::{Digest, Sha256};

pub type Hash = [u8; 32];

pub fn sha256(parts: &[&[u8]]) -> Hash {
    Sha256::digest(parts.concat()).into()
}

/// HMAC-SHA-256 for keys of at most a block: H(key ^ 5c.. || H(key ^ 36.. || message)).
pub fn hmac(key: &[u8], message: &[u8]) -> Hash {
    let mut block = [0; 64];
    block[..key.len()].copy_from_slice(key);
    let inner = sha256(&[&block.map(|b| b ^ 0x36), message]);
    sha256(&[&block.map(|b| b ^ 0x5c), &inner])
}

/// `XL` for at most 32 bytes: one block of HKDF-Expand.
pub fn expand(secret: &[u8], label: &str, context: &[u8], len: usize) -> Vec<u8> {
    let label = format!("sw1 {label}");
    let mut info = vec![(len >> 8) as u8, len as u8, label.len() as u8];
    info.extend_from_slice(label.as_bytes());
    info.push(context.len() as u8);
    info.extend_from_slice(context);
    info.push(1);
    hmac(secret, &info)[..len].to_vec()
}

/// `ctx(purpose)` and what follows it.
pub fn signed(purpose: &str, parts: &[&[u8]]) -> Vec<u8> {
    [&b" ".repeat(64), format!("sealwire/1 {purpose}\0").as_bytes(), &parts.concat()].concat()
}

/// A record: kind, then the body behind its length.
pub fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, (body.len() >> 16) as u8, (body.len() >> 8) as u8, body.len() as u8], body].concat()
}

/// An inner: type, length, content, padding.
pub fn inner(inner_type: u8, content: &[u8], padding: usize) -> Vec<u8> {
    [&record(inner_type, content), vec![0; padding].as_slice()].concat()
}

/// Cuts a stream of whole records apart, headers included.
pub fn records(mut stream: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    while !stream.is_empty() {
        let len = 4 + u32::from_be_bytes([0, stream[1], stream[2], stream[3]]) as usize;
        let (record, rest) = stream.split_at(len);
        records.push(record);
        stream = rest;
    }
    records
}

/// Reads fields of a message.
pub struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let (head, rest) = self.0.split_at(len);
        self.0 = rest;
        head
    }

    pub fn x8(&mut self) -> &'a [u8] {
        let len = self.take(1)[0];
        self.take(len.into())
    }

    pub fn x16(&mut self) -> &'a [u8] {
        let len = u16::from_be_bytes(self.take(2).try_into().unwrap());
        self.take(len.into())
    }
}

/// One direction under one secret.
pub struct Direction {
    algorithm: &'static dyn AeadAlgorithm,
    secret: Vec<u8>,
    aead: Box<dyn Aead>,
    iv: Vec<u8>,
    pub sequence: u64,
}

impl Direction {
    pub fn new(algorithm: &'static dyn AeadAlgorithm, secret: &[u8]) -> Direction {
        let aead = algorithm.key(&expand(secret, "key", b"", algorithm.suite().key_len)).unwrap();
        Direction { algorithm, secret: secret.to_vec(), aead, iv: expand(secret, "iv", b"", 12), sequence: 0 }
    }

    /// The next key.
    pub fn update(&mut self) {
        *self = Direction::new(self.algorithm, &expand(&self.secret, "upd", b"", 32));
    }

    fn nonce(&mut self) -> Nonce {
        let mut nonce: [u8; 12] = self.iv.as_slice().try_into().unwrap();
        for (byte, s) in nonce[4..].iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= s;
        }
        self.sequence += 1;
        Nonce::from_bytes(nonce)
    }

    /// Seals any inner into a record.
    pub fn seal(&mut self, inner: &[u8]) -> Vec<u8> {
        let mut sealed = record(b'S', &[inner, &[0; 16]].concat());
        let (header, body) = sealed.split_at_mut(4);
        let (text, tag) = body.split_at_mut(inner.len());
        let nonce = self.nonce();
        tag.copy_from_slice(self.aead.seal(nonce, header, text).as_bytes());
        sealed
    }

    /// Opens a record: type, content, and the length of the padding.
    pub fn open(&mut self, record: &[u8]) -> (u8, Vec<u8>, usize) {
        let (header, body) = record.split_at(4);
        assert_eq!(header[0], b'S', "a sealed record");
        let (text, tag) = body.split_at(body.len() - 16);
        let mut inner = text.to_vec();
        let nonce = self.nonce();
        self.aead.open(nonce, header, &mut inner, &Tag::new(tag.try_into().unwrap())).expect("it opens");
        let len = u32::from_be_bytes([0, inner[1], inner[2], inner[3]]) as usize;
        assert!(inner[4 + len..].iter().all(|b| *b == 0), "padding is zero");
        (inner[0], inner[4..4 + len].to_vec(), inner.len() - 4 - len)
    }
}

/// The key schedule of one handshake, from what travelled and from the client's secret.
pub struct Schedule {
    pub th1: Hash,
    pub th2: Hash,
    pub prk: Hash,
    algorithm: &'static dyn AeadAlgorithm,
}

impl Schedule {
    /// From the bodies of messages 1 to 3.
    pub fn new(algorithm: &'static dyn AeadAlgorithm, messages: [&[u8]; 3], pms: &[u8]) -> Schedule {
        let th2 = sha256(&messages);
        Schedule { th1: sha256(&messages[..2]), th2, prk: hmac(&th2, pms), algorithm }
    }

    pub fn secret(&self, label: &str, context: &[u8]) -> Vec<u8> {
        expand(&self.prk, label, context, 32)
    }

    pub fn direction(&self, label: &str, context: &[u8]) -> Direction {
        Direction::new(self.algorithm, &self.secret(label, context))
    }
}

/// Both application directions of a complete handshake, client to server first, from what travelled and the client's secret.
pub fn application(
    algorithm: &'static dyn AeadAlgorithm,
    to_server: &[u8],
    to_client: &[u8],
    pms: &[u8],
) -> (Direction, Direction) {
    let (ours, theirs) = (records(to_server), records(to_client));
    let messages = [&ours[0][4..], &theirs[0][4..], &ours[1][4..]];
    let schedule = Schedule::new(algorithm, messages, pms);
    let (_, finish, _) = schedule.direction("c hs", b"").open(ours[2]);
    let th4 = sha256(&[messages[0], messages[1], messages[2], &finish]);
    (schedule.direction("c ap", &th4), schedule.direction("s ap", &th4))
}
