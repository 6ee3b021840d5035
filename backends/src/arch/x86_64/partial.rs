//! Less than a block of bytes, as a block and back, by a few overlapping words: a call to copy them would cost a short record more than
//! its cipher. All branches are on the length.

use sealwire_traits::Block;

/// The first word of `N` bytes.
#[inline(always)]
fn first<const N: usize>(bytes: &[u8]) -> [u8; N] {
    *bytes.first_chunk().expect("long enough")
}

/// The last word of `N` bytes.
#[inline(always)]
fn last<const N: usize>(bytes: &[u8]) -> [u8; N] {
    *bytes.last_chunk().expect("long enough")
}

/// At most 15 bytes, filled up with zeros.
#[inline(always)]
pub(super) fn load(bytes: &[u8]) -> Block {
    let len = bytes.len() as u32;
    let number = match len {
        8.. => {
            u128::from(u64::from_le_bytes(first(bytes)))
                | u128::from(u64::from_le_bytes(last(bytes))) << (8 * (len - 8))
        }
        4.. => u128::from(
            u64::from(u32::from_le_bytes(first(bytes))) | u64::from(u32::from_le_bytes(last(bytes))) << (8 * (len - 4)),
        ),
        _ => bytes.iter().rev().fold(0, |number, &byte| number << 8 | u128::from(byte)),
    };
    number.to_le_bytes()
}

/// The first `bytes.len()` bytes of a block, at most 15.
#[inline(always)]
pub(super) fn store(block: &Block, bytes: &mut [u8]) {
    let (number, len) = (u128::from_le_bytes(*block), bytes.len() as u32);
    match len {
        8.. => {
            *bytes.first_chunk_mut().expect("long enough") = (number as u64).to_le_bytes();
            *bytes.last_chunk_mut().expect("long enough") = ((number >> (8 * (len - 8))) as u64).to_le_bytes();
        }
        4.. => {
            *bytes.first_chunk_mut().expect("long enough") = (number as u32).to_le_bytes();
            *bytes.last_chunk_mut().expect("long enough") = ((number >> (8 * (len - 4))) as u32).to_le_bytes();
        }
        _ => {
            for (i, byte) in bytes.iter_mut().enumerate() {
                *byte = (number >> (8 * i)) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwire_traits::BLOCK_LEN;

    #[test]
    fn every_length_comes_and_goes_as_it_is() {
        for len in 0..BLOCK_LEN {
            let bytes: Vec<u8> = (1..=len as u8).collect();
            let block = load(&bytes);
            assert_eq!(&block[..len], bytes);
            assert!(block[len..].iter().all(|&byte| byte == 0), "{len}");
            let mut back = vec![0xee; len];
            store(&[0xff; BLOCK_LEN], &mut back);
            assert_eq!(back, vec![0xff; len]);
            store(&block, &mut back);
            assert_eq!(back, bytes);
        }
    }
}
