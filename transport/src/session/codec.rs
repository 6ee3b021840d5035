//! Reading and writing the wire's primitives: big-endian integers and byte strings with a length before them.

use super::HandshakeError;

/// Reads a message from front to back. Every method fails when the bytes run out.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { rest: bytes }
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], HandshakeError> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(HandshakeError::Malformed("it ends too early"))?;
        self.rest = rest;
        Ok(head)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], HandshakeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    pub(super) fn u8(&mut self) -> Result<u8, HandshakeError> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, HandshakeError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, HandshakeError> {
        self.array().map(u64::from_be_bytes)
    }

    /// A byte string behind a length of one byte.
    pub(super) fn x8(&mut self) -> Result<&'a [u8], HandshakeError> {
        let len = self.u8()?;
        self.take(len.into())
    }

    /// A byte string behind a length of two bytes.
    pub(super) fn x16(&mut self) -> Result<&'a [u8], HandshakeError> {
        let len = self.u16()?;
        self.take(len.into())
    }

    /// The message must end here.
    pub(super) fn finish(self) -> Result<(), HandshakeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(HandshakeError::Malformed("bytes are left over")) }
    }
}

/// Writing the same. The lengths are this program's own and fit.
pub(super) trait Put {
    fn put(&mut self, bytes: &[u8]);

    fn put_u8(&mut self, value: u8) {
        self.put(&[value]);
    }

    fn put_u16(&mut self, value: u16) {
        self.put(&value.to_be_bytes());
    }

    fn put_u64(&mut self, value: u64) {
        self.put(&value.to_be_bytes());
    }

    fn put_x8(&mut self, bytes: &[u8]) {
        self.put_u8(u8::try_from(bytes.len()).expect("at most 255 bytes"));
        self.put(bytes);
    }

    fn put_x16(&mut self, bytes: &[u8]) {
        self.put_u16(u16::try_from(bytes.len()).expect("at most 65535 bytes"));
        self.put(bytes);
    }
}

impl Put for Vec<u8> {
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// A number of three bytes, for lengths up to 16 MiB.
pub(super) fn u24(value: usize) -> [u8; 3] {
    let [high, bytes @ ..] = u32::try_from(value).expect("a record is below 16 MiB").to_be_bytes();
    debug_assert_eq!(high, 0);
    bytes
}

/// The inverse of [`u24`].
pub(super) fn from_u24(bytes: [u8; 3]) -> usize {
    let [a, b, c] = bytes;
    u32::from_be_bytes([0, a, b, c]) as usize
}
