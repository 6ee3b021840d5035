//! What the measurements say, as a table in the form of TIMING.md.

use crate::random::Fast;
use crate::sample::Times;
use crate::statistics::{Estimate, bootstrap, median, quantile_of_tail, sign_test, signed_rank_test};

/// A difference counts as found when chance alone finds one in fewer than so many of all studies. It is divided by the number of tests
/// (Bonferroni).
const LEVEL: f64 = 0.001;
/// The tests of a pair.
const TESTS: usize = 2;
/// How often a difference as large as the limit would have been found.
const POWER: f64 = 0.9;

/// Prints a table of all classes, each next to the first one, and what comes of all pairs. Whether there is a difference.
pub fn report(names: &[&str], times: &Times) -> bool {
    let pairs: Vec<(usize, usize)> = (0..names.len()).flat_map(|a| (a + 1..names.len()).map(move |b| (a, b))).collect();
    let tests = pairs.len() * TESTS;
    let level = LEVEL / tests as f64;
    let mut random = Fast::new();
    println!(
        "| class | median, us | interquartile mean of differences, ns | median of differences, ns | p | limit, ns | seen after |"
    );
    println!("|---|---|---|---|---|---|---|");
    println!("| {} | {:.2} | | | | | |", names[0], median(&times[0]) / 1e3);
    for class in 1..names.len() {
        let figures = figures(&differences(times, (0, class)), level, &mut random);
        println!("| {} | {:.2} | {figures} |", names[class], median(&times[class]) / 1e3);
    }
    let tested = pairs.iter().map(|&pair| (p(&differences(times, pair)), pair));
    let (smallest, (a, b)) = tested.min_by(|a, b| a.0.total_cmp(&b.0)).expect("more than one class");
    let found = smallest < level;
    println!(
        "\n{} rounds; {} pairs, {tests} tests; a difference counts below {level:.1e}",
        times[0].len(),
        pairs.len()
    );
    println!("smallest p {smallest:.1e} ({}, {})", names[a], names[b]);
    println!("{}", if found { "DIFFERENCE FOUND" } else { "no difference found" });
    found
}

/// What the table says of a class, by its differences from the first one.
fn figures(differences: &[f64], level: f64, random: &mut Fast) -> String {
    let [mean, median] = bootstrap(differences, random);
    // By whichever of the two is known better: which one that is depends on the noise.
    let limit = limit(mean.error.min(median.error), level);
    let (p, seen_after) = (p(differences), seen_after(differences, level));
    format!("{} | {} | {p:.1e} | {limit:.0} | {seen_after}", interval(&mean), interval(&median))
}

/// Round by round, the second class minus the first.
fn differences(times: &Times, (first, second): (usize, usize)) -> Vec<f64> {
    times[first].iter().zip(&times[second]).map(|(first, second)| second - first).collect()
}

/// The smaller p of the two tests.
fn p(differences: &[f64]) -> f64 {
    sign_test(differences).min(signed_rank_test(differences))
}

/// The first of 10, 20, 50, 100... rounds after which the tests find the difference, if they still do after all of them.
fn seen_after(differences: &[f64], level: f64) -> String {
    if p(differences) >= level {
        return "-".to_owned();
    }
    let steps = (1..).flat_map(|power| [1, 2, 5].map(|digit| digit * 10usize.pow(power)));
    let mut steps = steps.take_while(|&rounds| rounds < differences.len());
    steps.find(|&rounds| p(&differences[..rounds]) < level).unwrap_or(differences.len()).to_string()
}

/// The smallest difference that would have been seen: that a normal test of this level finds with the probability [`POWER`], when its mean
/// is known to this standard error.
fn limit(error: f64, level: f64) -> f64 {
    // The tail beyond one side only: of twice the probability.
    (quantile_of_tail(level) + quantile_of_tail(2.0 * (1.0 - POWER))) * error
}

fn interval(estimate: &Estimate) -> String {
    let [low, high] = estimate.interval;
    format!("{:+.1} [{low:+.1}, {high:+.1}]", estimate.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(random: &mut Fast, rounds: usize, shift: f64) -> Vec<f64> {
        (0..rounds).map(|_| 1000.0 + shift + random.below(100) as f64).collect()
    }

    /// (The seeds are fixed, so this never varies.)
    #[test]
    fn what_is_planted_is_found_and_nothing_else() {
        let mut random = Fast::from_seed(3);
        let mut times: Times = (0..4).map(|_| noise(&mut random, 500, 0.0)).collect();
        assert!(!report(&["a", "b", "c", "d"], &times));
        times[2] = noise(&mut random, 500, 20.0);
        assert!(report(&["a", "b", "c", "d"], &times));
    }

    #[test]
    fn large_differences_are_seen_early() {
        let mut random = Fast::from_seed(4);
        let [small, large] = [5.0, 200.0].map(|shift| {
            let (a, b) = (noise(&mut random, 20_000, 0.0), noise(&mut random, 20_000, shift));
            differences(&vec![a, b], (0, 1))
        });
        assert_eq!(seen_after(&large, LEVEL), "20");
        assert_eq!(seen_after(&vec![0.0; 100], LEVEL), "-");
        let rounds: usize = seen_after(&small, LEVEL).parse().expect("a difference");
        assert!((100..20_000).contains(&rounds), "{rounds}");
    }

    /// 1.96 errors for the level, 1.2816 for the power.
    #[test]
    fn the_smallest_difference() {
        assert!((limit(2.0, 0.05) - 2.0 * (1.959_964 + 1.281_552)).abs() < 1e-4);
    }
}
