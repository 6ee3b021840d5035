//! DER by hand, for encodings that no library would write.

/// A tag, the minimal length, and the parts.
pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut out = vec![tag];
    match body.len() {
        len @ 0..0x80 => out.push(len as u8),
        len @ 0x80..0x100 => out.extend([0x81, len as u8]),
        len => out.extend([0x82, (len >> 8) as u8, len as u8]),
    }
    out.extend(body);
    out
}

/// An INTEGER with the given contents, whatever they are.
pub(crate) fn integer(body: &[u8]) -> Vec<u8> {
    tlv(2, &[body])
}

/// A SEQUENCE.
pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(0x30, parts)
}

/// An OCTET STRING.
pub(crate) fn octets(body: &[u8]) -> Vec<u8> {
    tlv(4, &[body])
}
