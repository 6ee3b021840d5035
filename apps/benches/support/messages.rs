//! The client's messages of a handshake, as far as they can be made without a key (`transport/PROTOCOL.md`, section 6).

/// Message 1.
pub fn hello() -> Vec<u8> {
    let random = [0x77; 32];
    record(b'H', &[&b"SEALWIRE\x01\x02\x01\x01"[..], &random, &[0, 0, 0]].concat())
}

/// Bytes of the shortest and of the longest body of message 4.
pub const FINISH_LEN: [usize; 2] = [1024 + 16, 3 * 1024 + 16];

/// Messages 3 and 4, without a solution of a puzzle and with so many bytes of nothing in 4; the secret is a number below any modulus of 2048
/// bits.
pub fn keys_and_finish(finish_len: usize) -> Vec<u8> {
    let keys = [&[0; 9][..], &[1, 0], &[0x5a; 256]].concat();
    let finish = vec![0xa5; finish_len];
    [record(b'H', &keys), record(b'S', &finish)].concat()
}

/// Bytes of the body that follows the header of a record.
pub fn body_len([_, a, b, c]: [u8; 4]) -> usize {
    u32::from_be_bytes([0, a, b, c]) as usize
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind, 0, (body.len() >> 8) as u8, body.len() as u8], body].concat()
}
