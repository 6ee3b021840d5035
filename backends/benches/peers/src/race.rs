//! A race: competitors take turns in one process, so that a change of the processor's speed meets all of them alike.

use std::time::{Duration, Instant};

/// One competitor: a name, and the work to be timed.
pub struct Runner<'a> {
    name: String,
    /// Does the work so often, in so much time.
    work: Box<dyn FnMut(u32) -> Duration + 'a>,
    iterations: u32,
    times: Vec<f64>,
}

/// How long one turn of one competitor lasts, roughly.
const TURN: Duration = Duration::from_millis(2);

impl<'a> Runner<'a> {
    /// Warms up, and finds how often the work fits into a turn.
    pub fn new(name: impl Into<String>, mut work: impl FnMut() + 'a) -> Runner<'a> {
        Self::timed(name, move |times| {
            let start = Instant::now();
            for _ in 0..times {
                work();
            }
            start.elapsed()
        })
    }

    /// Work that takes the time itself, so that it can prepare what it needs outside of it.
    pub fn timed(name: impl Into<String>, mut work: impl FnMut(u32) -> Duration + 'a) -> Runner<'a> {
        let mut iterations = 1;
        while work(iterations) < TURN {
            iterations *= 2;
        }
        let elapsed = work(iterations).as_secs_f64();
        let iterations = (f64::from(iterations) * TURN.as_secs_f64() / elapsed).ceil().max(1.0) as u32;
        Runner { name: name.into(), work: Box::new(work), iterations, times: Vec::new() }
    }

    fn turn(&mut self) {
        let elapsed = (self.work)(self.iterations);
        self.times.push(elapsed.as_secs_f64() / f64::from(self.iterations));
    }
}

/// A result: the median time in seconds, and the median of what it is relative to the reference's, turn by turn.
pub struct Result {
    pub name: String,
    pub seconds: f64,
    pub ratio: f64,
}

/// Lets all take `rounds` turns each. The first runner is the reference.
pub fn race(mut runners: Vec<Runner<'_>>, rounds: usize) -> Vec<Result> {
    for _ in 0..rounds {
        for runner in &mut runners {
            runner.turn();
        }
    }
    let reference = runners[0].times.clone();
    runners
        .into_iter()
        .map(|runner| {
            let ratios = reference.iter().zip(&runner.times).map(|(reference, own)| own / reference);
            Result { name: runner.name, seconds: median(runner.times.clone()), ratio: median(ratios.collect()) }
        })
        .collect()
}

/// One line: each competitor with its figures.
pub fn report(title: &str, results: Vec<Result>, figures: impl Fn(&Result) -> String) {
    print!("{title}");
    for result in results {
        print!("  {} {}", result.name, figures(&result));
    }
    println!();
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
