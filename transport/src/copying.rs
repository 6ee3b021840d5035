//! What makes long stretches of memory cheap to copy. `benches/copying.rs` shows what it brings on a machine.

/// Bytes of a line of the cache: where buffers are aligned, they are aligned to this.
pub(crate) const CACHE_LINE: usize = 64;

/// Shorter than what the C library copies with `rep movsb`, 2 KiB and more in glibc: on some processors that becomes several times slower
/// where the target begins shortly behind the source, modulo the page, and where buffers lie is chance. Vector registers carry pieces
/// at one speed.
const PIECE: usize = 1536;

/// The pieces in which `bytes` are copied.
pub(crate) fn pieces(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.chunks(PIECE)
}

/// Copies `bytes` to the end of `out`.
pub(crate) fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(bytes.len());
    pieces(bytes).for_each(|piece| out.extend_from_slice(piece));
}
