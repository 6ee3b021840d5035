//! The client puzzle: when a server is busy, a handshake costs its sender some hashing before it costs the server an RSA operation.

use super::limits::MAX_DIFFICULTY;
use super::transcript::Hash;
use sha2::{Digest, Sha256};

const LABEL: &[u8] = b"sealwire/1 puzzle";
/// A search ends behind so many times as many numbers as it takes on average: with a chance of e^-32 without a solution. So whatever the
/// server says, and whether anybody still waits for it, it is over after a few seconds.
const PATIENCE: u64 = 32;

/// Leading zero bits of the hash of a solution. All of it is one block of SHA-256 and a second one with nothing but padding, so there is no
/// beginning that could be hashed once for all solutions.
fn zero_bits(th1: &Hash, solution: u64) -> u32 {
    let hash = Sha256::new().chain_update(LABEL).chain_update(th1).chain_update(solution.to_be_bytes()).finalize();
    let mut bits = 0;
    for byte in hash {
        bits += byte.leading_zeros();
        if byte != 0 {
            break;
        }
    }
    bits
}

/// Whether `solution` solves the puzzle of this handshake. Without difficulty the only solution is 0.
pub(super) fn check(th1: &Hash, difficulty: u8, solution: u64) -> bool {
    if difficulty == 0 { solution == 0 } else { zero_bits(th1, solution) >= u32::from(difficulty) }
}

/// Searches for a solution: 2^difficulty hashes on average, at most [`PATIENCE`] times as many.
pub(super) fn solve(th1: &Hash, difficulty: u8) -> Option<u64> {
    search(th1, difficulty, PATIENCE << difficulty.min(MAX_DIFFICULTY))
}

fn search(th1: &Hash, difficulty: u8, numbers: u64) -> Option<u64> {
    (0..numbers).find(|&solution| check(th1, difficulty, solution))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_solution_counts_for_its_own_handshake_only() {
        let (one, other) = ([1; 32], [2; 32]);
        let solution = solve(&one, 12).expect("one of 2^17 numbers");
        assert!(check(&one, 12, solution));
        assert!(!check(&other, 12, solution));
        assert!(check(&one, 0, 0) && !check(&one, 0, 1));
        assert_eq!(solve(&one, 0), Some(0));
    }

    #[test]
    fn a_search_for_what_cannot_be_found_ends() {
        assert_eq!(search(&[1; 32], 64, 1000), None, "as long as 2^54 of these");
        assert!(search(&[1; 32], 6, PATIENCE << 6).is_some());
    }
}
