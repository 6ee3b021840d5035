//! A race: competitors take turns in one thread, so that a change of the processor's speed meets all of them alike.

use std::time::{Duration, Instant};

/// Turns that each competitor takes, and how long one lasts at least.
const TURNS: usize = 21;
const TURN: Duration = Duration::from_millis(3);

/// One competitor: its name, and its work.
pub(super) struct Runner {
    pub(super) name: String,
    work: Box<dyn FnMut()>,
}

impl Runner {
    pub(super) fn new(what: &str, backend: &str, work: impl FnMut() + 'static) -> Runner {
        Runner { name: format!("{what} {backend}"), work: Box::new(work) }
    }
}

/// How the figures come about, for those who read them.
pub(super) fn conditions() -> String {
    let turn = TURN.as_millis();
    format!(
        "One thread; medians of {TURNS} turns of at least {turn} ms, the backends in rotation.\n\
         A record is opened in place, so each time it is opened it is copied first, and that is part of the figure.\n\n"
    )
}

/// The median time of one run of each competitor, in seconds.
pub(super) fn race(runners: &mut [Runner]) -> Vec<f64> {
    let mut times = vec![Vec::with_capacity(TURNS); runners.len()];
    for _ in 0..TURNS {
        for (runner, times) in runners.iter_mut().zip(&mut times) {
            let (start, mut runs) = (Instant::now(), 0);
            while start.elapsed() < TURN {
                (runner.work)();
                runs += 1;
            }
            times.push(start.elapsed().as_secs_f64() / f64::from(runs));
        }
    }
    times.iter_mut().map(|times| median(times)).collect()
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
