//! The figures as text.

use super::race::{Runner, race};
use std::fmt::Write as _;

/// Columns of a row's name.
const NAME: usize = 34;

/// A race that gives one column of [`rates`]: the same competitors as in the others, in the same order.
pub(super) struct Column {
    pub(super) title: String,
    /// Bytes that one run goes through.
    pub(super) bytes: usize,
    pub(super) runners: Vec<Runner>,
}

/// A table of rates in GB/s.
pub(super) fn rates(title: &str, columns: Vec<Column>) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut head = format!("{title:<NAME$}");
    for Column { title, bytes, mut runners } in columns {
        let _ = write!(head, "{title:>10}");
        let times = race(&mut runners);
        lines.resize_with(runners.len(), String::new);
        for ((line, runner), seconds) in lines.iter_mut().zip(runners).zip(times) {
            if line.is_empty() {
                let _ = write!(line, "{:<NAME$}", runner.name);
            }
            let _ = write!(line, "{:>10.3}", bytes as f64 / seconds / 1e9);
        }
    }
    format!("{head}\n{}\n\n", lines.join("\n"))
}

/// A table of operations: what one takes, and how many a second makes.
pub(super) fn operations(title: &str, mut runners: Vec<Runner>) -> String {
    let mut out = format!("{title:<NAME$}{:>12}{:>12}\n", "us", "a second");
    let times = race(&mut runners);
    for (runner, seconds) in runners.iter().zip(times) {
        let _ = writeln!(out, "{:<NAME$}{:>12.3}{:>12.0}", runner.name, seconds * 1e6, 1.0 / seconds);
    }
    out.push('\n');
    out
}
