//! The normal distribution, as far as tests need it.

use std::f64::consts::{PI, SQRT_2};

/// The probability that a standard normal variable is at least `z` away from zero.
pub fn two_sided(z: f64) -> f64 {
    complementary_error(z.abs() / SQRT_2)
}

/// The z for which [`two_sided`] is `p`, for p from 1e-300 to 1.
pub fn quantile_of_tail(p: f64) -> f64 {
    let (mut low, mut high) = (0.0, 40.0);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if two_sided(middle) > p { low = middle } else { high = middle }
    }
    low
}

/// erfc(x) for x >= 0: the series of erf near zero, elsewhere the continued fraction (Abramowitz and Stegun, 7.1.6 and 7.1.14).
fn complementary_error(x: f64) -> f64 {
    if x < 2.5 {
        let mut term = x;
        let mut sum = x;
        for n in 1..200 {
            term *= 2.0 * x * x / f64::from(2 * n + 1);
            sum += term;
        }
        1.0 - 2.0 / PI.sqrt() * (-x * x).exp() * sum
    } else {
        let fraction = (1..100).rev().fold(x, |below, n| x + f64::from(n) / 2.0 / below);
        (-x * x).exp() / (PI.sqrt() * fraction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of Abramowitz and Stegun, table 26.1 and 26.2, doubled.
    #[test]
    fn known_tails() {
        for (z, p) in [(0.0, 1.0), (1.0, 0.317_310_507_9), (1.96, 0.049_995_790), (3.0, 0.002_699_796_1)] {
            assert!((two_sided(z) - p).abs() < 1e-9, "{z}");
        }
        assert!((two_sided(5.0) / 5.733_031_437e-7 - 1.0).abs() < 1e-6);
        assert!((two_sided(10.0) / 1.523_970_605e-23 - 1.0).abs() < 1e-6);
    }

    #[test]
    fn quantiles_lead_back() {
        for p in [0.9, 0.05, 1e-3, 1e-9, 1e-200] {
            assert!((two_sided(quantile_of_tail(p)) / p - 1.0).abs() < 1e-6, "{p}");
        }
    }
}
