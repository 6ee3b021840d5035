//! Chance: for orders and resampling a fast generator that nobody has to trust, for inputs the system's.

use sealwire_traits::{OsRandom, SecureRandom};

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
pub struct Fast(u64);

impl Fast {
    /// Starts at a place that the system chooses.
    pub fn new() -> Fast {
        Fast(u64::from_ne_bytes(bytes()))
    }

    /// Starts at a known place, for tests.
    #[cfg(test)]
    pub fn from_seed(seed: u64) -> Fast {
        Fast(seed)
    }

    /// A number below `bound`, which is below 2^32. (Off from uniform by less than `bound` / 2^64.)
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// Brings a list into a random order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for i in (1..list.len()).rev() {
            list.swap(i, self.below(i + 1));
        }
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

/// Random bytes of the system.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill(&mut bytes);
    bytes
}

/// Fills with random bytes of the system.
pub fn fill(bytes: &mut [u8]) {
    OsRandom.fill(bytes).expect("the system's generator");
}
