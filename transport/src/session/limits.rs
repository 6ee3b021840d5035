//! Every number of the protocol, with where it comes from.

use std::time::Duration;

/// Bytes of content in a record at most.
pub const MAX_CONTENT: usize = 64 * 1024;
/// Bytes of a record header: kind and length.
pub(super) const HEADER_LEN: usize = 4;
/// Bytes of an inner header: type and content length.
pub(super) const INNER_HEADER_LEN: usize = 4;
/// Where the content of a sealed record begins in it.
pub const CONTENT_START: usize = HEADER_LEN + INNER_HEADER_LEN;
/// Bytes of a tag.
pub(super) const TAG_LEN: usize = sealwire_traits::TAG_LEN;
/// Bytes of an inner at most, padding included.
pub(super) const MAX_INNER: usize = INNER_HEADER_LEN + MAX_CONTENT;
/// Bytes of a sealed body at most: 65,556.
pub(super) const MAX_BODY: usize = MAX_INNER + TAG_LEN;
/// A plain alert is one byte.
pub(super) const ALERT_LEN: usize = 1;

/// Records under one key. 2^20 records of at most 4,097 blocks are close to 2^32 blocks, for which an attacker's chance to tell GCM from
/// an ideal AEAD is about 2^-65 (collisions of blocks: 2^64 / 2^129), with room for many keys.
pub(super) const RECORDS_PER_KEY: u64 = 1 << 20;

/// Caps on handshake messages, in bytes.
pub(super) const MAX_CLIENT_HELLO: usize = 1024;
pub(super) const MAX_SERVER_HELLO: usize = 3 * 1024;
pub(super) const MAX_CLIENT_KEYS: usize = 1024;
pub(super) const MAX_CLIENT_FINISH: usize = 2 * 1024;
pub(super) const MAX_SERVER_FINISH: usize = 1024;
/// A sealed handshake message is padded to a multiple of this, so that the lengths of names and keys do not show.
pub(super) const HANDSHAKE_PADDING: usize = 1024;
/// The smallest bucket of the padding policy `buckets`.
pub(super) const SMALLEST_BUCKET: usize = 256;

/// Bytes in the name of a service.
pub(super) const MAX_SERVICE: usize = 255;
/// Leading zero bits that a server may ask of the puzzle: 2^20 hashes, about a second of a slow processor.
pub const MAX_DIFFICULTY: u8 = 20;
/// Seconds a certificate of a transport key may live.
pub(super) const MAX_LIFETIME: u64 = 900;
/// Seconds a certificate is valid before and after the time in which its key is used, for clocks that differ.
pub const CLOCK_SKEW: u64 = 300;

/// Time without data after which a direction lets go of what it can make again: the room of long records, and the tables of its key.
/// A bulk transfer keeps them, and an idle session has them made anew for its next record.
pub(super) const RELEASE_AFTER: Duration = Duration::from_secs(1);

/// Empty data records in a row.
pub(super) const MAX_EMPTY_RECORDS: u64 = 32;
/// Keepalives that a session may bring at once; one more may come for every second that it lasts.
pub(super) const MAX_KEEPALIVES: u64 = 60;

/// The size of the sealed body of a handshake message whose content may have `max` bytes.
pub(super) const fn sealed_handshake_body(max: usize) -> usize {
    (INNER_HEADER_LEN + max).next_multiple_of(HANDSHAKE_PADDING) + TAG_LEN
}
