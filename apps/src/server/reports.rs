//! What becomes of connections: each end is counted and has its line in the log, as far as somebody who floods the server lets lines be
//! read.

use sealwire_transport::server::{Ending, Endings};
use std::sync::{Mutex, PoisonError};

/// Lines for one kind of ending between two summaries; further ones are counted in the next summary.
const LINES: u64 = 5;

/// The counts of a server, and what of them has been logged.
#[derive(Default)]
pub struct Reports {
    endings: Endings,
    /// Since the last summary, by kind.
    recent: Mutex<[u64; Ending::ALL.len()]>,
}

impl Reports {
    /// A connection has ended. Tells whether it may have a line of its own.
    pub fn ended(&self, ending: Ending) -> bool {
        self.endings.count(ending);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent[ending as usize] += 1;
        // What ends well has cost its client a handshake each time.
        recent[ending as usize] <= LINES || ending == Ending::Complete
    }

    /// Takes note of a connection that is being attended: if it ends without a word, that is counted and logged too.
    pub fn attend<'a>(&'a self, peer: &'a str) -> Attended<'a> {
        Attended { reports: self, peer, ended: false }
    }

    /// One line for each kind of which there were too many since the last time. To be called once a second.
    pub fn summarise(&self) {
        for (ending, count) in self.kept_back() {
            tracing::warn!(reason = ending.name(), count, "more connections that ended alike");
        }
    }

    /// How many had no line of their own since the last time.
    fn kept_back(&self) -> Vec<(Ending, u64)> {
        let recent =
            std::mem::replace(&mut *self.recent.lock().unwrap_or_else(PoisonError::into_inner), [0; Ending::ALL.len()]);
        let kinds = Ending::ALL.iter().copied().zip(recent);
        kinds
            .filter(|(ending, count)| *count > LINES && *ending != Ending::Complete)
            .map(|(ending, count)| (ending, count - LINES))
            .collect()
    }

    /// One line with all counts.
    pub fn tell(&self, occasion: &'static str) {
        tracing::info!(endings = %self.endings, "{occasion}");
    }

    /// Tells the counts whenever somebody asks for them with SIGUSR1, for ever. The signal is listened for from this call on.
    pub fn tell_when_asked(&self) -> impl Future<Output = ()> + '_ {
        #[cfg(unix)]
        let asked = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::user_defined1());
        async move {
            #[cfg(unix)]
            if let Ok(mut asked) = asked {
                while asked.recv().await.is_some() {
                    self.tell("connections so far");
                }
            }
            std::future::pending().await
        }
    }
}

/// A connection that is being attended.
pub struct Attended<'a> {
    reports: &'a Reports,
    peer: &'a str,
    ended: bool,
}

impl Attended<'_> {
    /// It has ended. Tells whether it may have a line of its own.
    pub fn ended(mut self, ending: Ending) -> bool {
        self.ended = true;
        self.reports.ended(ending)
    }
}

impl Drop for Attended<'_> {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let ending = if std::thread::panicking() { Ending::Fault } else { Ending::Stopped };
        if self.reports.ended(ending) {
            tracing::info!(peer = self.peer, reason = ending.name(), "cut off");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_has_a_few_lines_and_a_summary() {
        let reports = Reports::default();
        let flood = |times: u64| (0..times).filter(|_| reports.ended(Ending::Puzzle)).count() as u64;
        assert_eq!(flood(1000), LINES);
        assert!(reports.ended(Ending::Unproven), "one kind does not hide another");
        assert_eq!(reports.kept_back(), [(Ending::Puzzle, 1000 - LINES)]);
        assert_eq!(reports.kept_back(), []);
        assert_eq!(flood(LINES + 1), LINES, "and again in the next second");
        assert_eq!(reports.kept_back(), [(Ending::Puzzle, 1)]);
        assert_eq!(reports.endings.of(Ending::Puzzle), 1001 + LINES);
    }

    #[test]
    fn sessions_that_end_well_have_their_line_always() {
        let reports = Reports::default();
        assert!((0..100).all(|_| reports.ended(Ending::Complete)));
        assert_eq!(reports.kept_back(), []);
    }

    #[test]
    fn whoever_ends_without_a_word_is_counted_once() {
        let reports = Reports::default();
        drop(reports.attend("somebody"));
        assert!(reports.attend("somebody").ended(Ending::Cut));
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _attended = reports.attend("somebody");
            panic!("as the test wants");
        }));
        assert!(panicked.is_err());
        assert_eq!(reports.endings.to_string(), "stopped:1 cut:1 fault:1");
    }
}
