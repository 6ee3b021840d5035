//! The bootstrap (Efron, Annals of Statistics 7, 1979): the same number of differences is drawn anew from those measured, with
//! replacement, many times; how much a figure varies from one draw to the next tells how well it is known.

use crate::random::Fast;

/// Draws.
const DRAWS: usize = 1000;

/// A figure of the differences.
pub struct Estimate {
    pub value: f64,
    /// Where 95 of 100 draws are.
    pub interval: [f64; 2],
    /// The standard deviation of the draws.
    pub error: f64,
}

/// The interquartile mean, of the half of the differences that is in the middle, and the median.
///
/// # Panics
/// When there is no difference.
pub fn bootstrap(differences: &[f64], random: &mut Fast) -> [Estimate; 2] {
    let mut sorted = differences.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let values = middle(&sorted, &vec![1; sorted.len()]);
    let mut draws = [Vec::new(), Vec::new()];
    let mut counts = vec![0; sorted.len()];
    for _ in 0..DRAWS {
        counts.fill(0);
        for _ in 0..sorted.len() {
            counts[random.below(sorted.len())] += 1;
        }
        for (figures, figure) in draws.iter_mut().zip(middle(&sorted, &counts)) {
            figures.push(figure);
        }
    }
    let [mean, median] = draws;
    [estimate(values[0], mean), estimate(values[1], median)]
}

fn estimate(value: f64, mut draws: Vec<f64>) -> Estimate {
    draws.sort_unstable_by(f64::total_cmp);
    let center = draws.iter().sum::<f64>() / draws.len() as f64;
    let variance = draws.iter().map(|x| (x - center).powi(2)).sum::<f64>() / (draws.len() - 1) as f64;
    Estimate { value, interval: [draws[DRAWS / 40], draws[DRAWS - 1 - DRAWS / 40]], error: variance.sqrt() }
}

/// The interquartile mean and the median of sorted values, of which each counts as often as is said.
fn middle(sorted: &[f64], counts: &[u32]) -> [f64; 2] {
    let len = sorted.len();
    let (low, high) = (len / 4, len - len / 4);
    let (mut sum, mut before, mut median) = (0.0, 0, None);
    for (&value, &count) in sorted.iter().zip(counts) {
        let after = before + count as usize;
        sum += value * after.min(high).saturating_sub(before.max(low)) as f64;
        if after > len / 2 && median.is_none() {
            median = Some(value);
        }
        before = after;
    }
    [sum / (high - low) as f64, median.expect("counts add up to the number of values")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_by_hand() {
        let sorted = [-100.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 900.0];
        assert_eq!(middle(&sorted, &[1; 8]), [3.5, 4.0]);
        // 1, 1, 1, 1, 3, 3, 6, 6: the middle is 1, 1, 3, 3.
        assert_eq!(middle(&sorted, &[0, 4, 0, 2, 0, 0, 2, 0]), [2.0, 3.0]);
        assert_eq!(crate::statistics::median(&sorted), 4.0);
    }

    /// For a uniform distribution the error of the median is known: half its width over the square root of the number.
    #[test]
    fn the_error_of_a_median() {
        let mut random = Fast::from_seed(2);
        let values: Vec<f64> = (0..2000).map(|_| random.below(1 << 20) as f64).collect();
        let [mean, median] = bootstrap(&values, &mut random);
        let expected = f64::from(1 << 19) / 2000f64.sqrt();
        assert!((0.7..1.4).contains(&(median.error / expected)));
        assert!(mean.error < median.error);
        assert!(mean.interval[0] < mean.value && mean.value < mean.interval[1]);
    }
}
