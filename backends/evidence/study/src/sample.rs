//! Measuring: rounds, in each of which every class comes once, in random order. So the two measurements of a pair are milliseconds apart,
//! whatever the machine does over minutes, and nothing follows a class more often than another.

use crate::random::Fast;
use std::hint::black_box;
use std::time::Instant;

/// Rounds whose inputs are made at once, outside of what is timed.
const BLOCK: usize = 32;

/// Times in nanoseconds: of a class, a round.
pub type Times = Vec<Vec<f64>>;

/// Measures `rounds` rounds. `block` is given the classes of some rounds, in the order in which they are to be measured, and gives the times.
pub fn interleave(classes: usize, rounds: usize, mut block: impl FnMut(&[usize]) -> Vec<f64>) -> Times {
    let mut random = Fast::new();
    let mut times = vec![Vec::with_capacity(rounds); classes];
    let mut left = rounds;
    while left > 0 {
        let now = left.min(BLOCK);
        let plan: Vec<usize> = (0..now).flat_map(|_| round(classes, &mut random)).collect();
        for (&class, time) in plan.iter().zip(block(&plan)) {
            times[class].push(time);
        }
        left -= now;
    }
    times
}

fn round(classes: usize, random: &mut Fast) -> Vec<usize> {
    let mut order: Vec<usize> = (0..classes).collect();
    random.shuffle(&mut order);
    order
}

/// How long `work` takes on each input. Every input is first copied to the same place, which is warm by then. The first work is done twice,
/// since the making of inputs went before it.
pub fn time_each<R>(inputs: &[Vec<u8>], mut work: impl FnMut(usize, &[u8]) -> R) -> Vec<f64> {
    let mut place = inputs[0].clone();
    black_box(work(0, &place));
    let timed = inputs.iter().enumerate().map(|(i, input)| {
        place.copy_from_slice(input);
        time(|| work(i, black_box(&place)))
    });
    timed.collect()
}

/// How long `work` takes, in nanoseconds.
pub fn time<R>(work: impl FnOnce() -> R) -> f64 {
    let start = Instant::now();
    let result = work();
    let elapsed = start.elapsed();
    black_box(result);
    elapsed.as_nanos() as f64
}
