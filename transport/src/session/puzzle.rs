//! The client puzzle: when a server is busy, a handshake costs its sender some hashing before it costs the server an RSA operation.

use super::transcript::Hash;
use sha2::{Digest, Sha256};

const LABEL: &[u8] = b"sealwire/1 puzzle";

/// Leading zero bits of the hash of a solution.
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

/// Searches for a solution: 2^difficulty hashes on average.
pub(super) fn solve(th1: &Hash, difficulty: u8) -> u64 {
    (0..=u64::MAX).find(|&solution| check(th1, difficulty, solution)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_solution_counts_for_its_own_handshake_only() {
        let (one, other) = ([1; 32], [2; 32]);
        let solution = solve(&one, 12);
        assert!(check(&one, 12, solution));
        assert!(!check(&other, 12, solution));
        assert!(check(&one, 0, 0) && !check(&one, 0, 1));
    }
}
