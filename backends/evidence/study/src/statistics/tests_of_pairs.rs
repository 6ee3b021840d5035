//! Two tests of the hypothesis that pairs differ by chance alone. Neither assumes a shape of the distribution beyond that: under the
//! hypothesis a difference of any size has either sign with the same probability. Differences of exactly zero say nothing and are left
//! out. Both use the normal approximation.

use super::normal::two_sided;

/// The sign test: counts which of the two was larger. The probability of a count as far from even, or farther.
pub fn sign_test(differences: &[f64]) -> f64 {
    let [positive, negative] = [1.0, -1.0].map(|sign| differences.iter().filter(|&&d| d * sign > 0.0).count() as f64);
    let (all, off) = (positive + negative, (positive - negative).abs());
    // Continuity: a count is a whole number.
    if all == 0.0 { 1.0 } else { two_sided((off - 1.0).max(0.0) / all.sqrt()) }
}

/// Wilcoxon's signed-rank test (Biometrics Bulletin 1, 1945): also weighs how large the differences are. The probability of a sum of ranks
/// as far from even, or farther. Equal sizes share their ranks.
pub fn signed_rank_test(differences: &[f64]) -> f64 {
    let mut sorted: Vec<f64> = differences.iter().copied().filter(|&d| d != 0.0).collect();
    sorted.sort_unstable_by(|a, b| a.abs().total_cmp(&b.abs()));
    let (mut sum, mut squares, mut begin) = (0.0, 0.0, 0);
    for tied in sorted.chunk_by(|a, b| a.abs() == b.abs()) {
        let rank = begin as f64 + (tied.len() as f64 + 1.0) / 2.0;
        sum += tied.iter().map(|d| d.signum() * rank).sum::<f64>();
        squares += tied.len() as f64 * rank * rank;
        begin += tied.len();
    }
    // Under the hypothesis the sum of signed ranks has mean zero, and as its variance the sum of their squares.
    if squares == 0.0 { 1.0 } else { two_sided(sum / squares.sqrt()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Fast;

    /// By hand: nine of ten are positive, |9 - 1| - 1 = 7, 7 / sqrt(10) = 2.2136.
    #[test]
    fn signs_by_hand() {
        let differences = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, -1.0, 0.0];
        assert!((sign_test(&differences) - 0.026_857).abs() < 1e-5);
        assert_eq!(sign_test(&[]), 1.0);
    }

    /// By hand: ranks 1.5, 1.5, 3, 4 with signs -, +, +, +: 7 / sqrt(29.5) = 1.2888.
    #[test]
    fn ranks_by_hand() {
        assert!((signed_rank_test(&[4.0, -1.0, 0.0, 3.0, 1.0]) - 0.197_468).abs() < 1e-5);
        assert_eq!(signed_rank_test(&[0.0]), 1.0);
    }

    /// Where nothing differs, p is uniform: about a tenth of many tries are below 0.1. (The seed is fixed, so this never varies.)
    #[test]
    fn nothing_is_found_where_there_is_nothing() {
        let mut random = Fast::from_seed(1);
        let mut noise = |shift: f64| -> Vec<f64> {
            (0..200).map(|_| random.below(1 << 20) as f64 - random.below(1 << 20) as f64 + shift).collect()
        };
        for test in [sign_test, signed_rank_test] {
            let low = (0..1000).filter(|_| test(&noise(0.0)) < 0.1).count();
            assert!((60..140).contains(&low), "{low}");
            assert!(test(&noise(300_000.0)) < 1e-6);
        }
    }
}
