//! Whole decryptions of the product: `UnwrapKey::unwrap_secret`, with the system's generator, as a server calls it.

use crate::classes::ALL;
use crate::key::Key;
use crate::message::decode_hastily;
use crate::sample::{Times, interleave, time, time_each};
use sealwire_traits::{KeyTransport, OsRandom, UnwrapKey};
use std::hint::black_box;

/// Blocks of rounds that share a key.
const BLOCKS_OF_A_KEY: usize = 32;

const LABEL: &[u8] = b"label";

/// Times of every class.
pub fn measure(transport: &dyn KeyTransport, rounds: usize, bits: usize) -> Times {
    let mut keys = Keys::new(transport, bits);
    interleave(ALL.len(), rounds, |plan| {
        let (key, numbers) = keys.next();
        let inputs: Vec<_> = plan.iter().map(|&class| ALL[class].1.ciphertext(numbers, LABEL)).collect();
        time_each(&inputs, |_, input| key.unwrap_secret(input, LABEL, &OsRandom))
    })
}

/// Extra nanoseconds in the planted classes. The last is seen in any noise.
const PLANTED: [u32; 8] = [0, 0, 10, 20, 50, 100, 500, 100_000];
/// Their names.
pub const PLANTED_NAMES: [&str; 8] =
    ["well-formed", "+ 0 ns", "+ 10 ns", "+ 20 ns", "+ 50 ns", "+ 100 ns", "+ 500 ns", "+ 100 us"];

/// Times of well-formed messages alone, with some work planted behind the decryption that takes about so many nanoseconds.
pub fn measure_planted(transport: &dyn KeyTransport, rounds: usize, bits: usize) -> Times {
    let mut keys = Keys::new(transport, bits);
    let step = (0..1000).map(|_| time(|| spin(1000)) / 1000.0).fold(f64::MAX, f64::min);
    let steps = PLANTED.map(|nanoseconds| (f64::from(nanoseconds) / step).round() as usize);
    interleave(PLANTED.len(), rounds, |plan| {
        let (key, numbers) = keys.next();
        let inputs: Vec<_> = plan.iter().map(|_| ALL[0].1.ciphertext(numbers, LABEL)).collect();
        time_each(&inputs, |i, input| {
            let secret = key.unwrap_secret(input, LABEL, &OsRandom);
            spin(steps[plan[i]]);
            secret
        })
    })
}

/// Steps that wait for each other. Not inlined, so that they are the same steps for each number of them.
#[inline(never)]
fn spin(steps: usize) {
    (0..steps).fold(1u64, |x, _| black_box(x).wrapping_mul(3));
}

/// A fresh key from time to time, so that no peculiarity of one key decides.
struct Keys<'a> {
    transport: &'a dyn KeyTransport,
    bits: usize,
    key: (Box<dyn UnwrapKey>, Key),
    blocks: usize,
}

impl<'a> Keys<'a> {
    fn new(transport: &'a dyn KeyTransport, bits: usize) -> Keys<'a> {
        Keys { transport, bits, key: Key::generate(transport, bits), blocks: 0 }
    }

    fn next(&mut self) -> (&dyn UnwrapKey, &Key) {
        if self.blocks == BLOCKS_OF_A_KEY {
            (self.key, self.blocks) = (Key::generate(self.transport, self.bits), 0);
        }
        self.blocks += 1;
        (&*self.key.0, &self.key.1)
    }
}

/// Times of every class with num-bigint's `modpow` in the place of the product, and a decoding that ends early.
pub fn measure_control(transport: &dyn KeyTransport, rounds: usize, bits: usize) -> Times {
    let (_, key) = Key::generate(transport, bits);
    interleave(ALL.len(), rounds, |plan| {
        let inputs: Vec<_> = plan.iter().map(|&class| ALL[class].1.ciphertext(&key, LABEL)).collect();
        time_each(&inputs, |_, input| decode_hastily(key.decrypt(input), LABEL))
    })
}
