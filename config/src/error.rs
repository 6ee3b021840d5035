//! What is wrong with the configuration, said so that a person can mend it: where the value stands, what was found,
//! what is allowed.

use std::fmt;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why there is no configuration. Its display is meant for people and may have several lines.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// A file that was asked for, or found, cannot be read.
    #[error("cannot read the config file {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file is not TOML.
    #[error("{}:{line}:{column}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// What the parser expected.
        message: String,
    },
    /// Some settings are unknown or have values that are not allowed; all of them at once.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
    /// The merged settings do not fit the types behind them: a fault of this program.
    #[error("the checked settings cannot be read; please report this: {0}")]
    Types(#[from] config::ConfigError),
}

/// One setting that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it was written.
    pub origin: Origin,
    /// `section.key` as it was written, shortened if it is very long.
    pub key: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// In the defaults that are built into the program.
    BuiltIn,
    /// In a file, at a line counted from 1.
    File(PathBuf, usize),
    /// In the environment variable of this name.
    Environment(String),
    /// In an argument of `--set`.
    Set,
}

/// What is wrong with a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is no such section or key.
    Unknown {
        /// The one that was probably meant.
        meant: Option<&'static str>,
        /// Those there are.
        known: Vec<&'static str>,
    },
    /// The value is not allowed.
    Value {
        /// The value as it was written, shortened if it is very long.
        found: String,
        /// The allowed values, in words.
        allowed: String,
        /// What the setting is for.
        help: &'static str,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::BuiltIn => f.write_str("the built-in defaults"),
            Origin::File(path, line) => write!(f, "{}:{line}", path.display()),
            Origin::Environment(name) => write!(f, "environment variable {name}"),
            Origin::Set => f.write_str("--set"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { origin, key, fault } = self;
        match fault {
            Fault::Unknown { meant: Some(meant), .. } => {
                write!(f, "{origin}: unknown key {key}: did you mean {meant}?")
            }
            Fault::Unknown { known, .. } => write!(f, "{origin}: unknown key {key}: known are {}", known.join(", ")),
            Fault::Value { found, allowed, help } => {
                write!(f, "{origin}: {key} ({help}) is {found}: allowed is {allowed}")
            }
        }
    }
}

impl std::error::Error for Problem {}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n")
}

/// What the user wrote, fit for one line of a terminal: control characters and direction marks escaped, the rest cut
/// off.
pub(crate) fn shown(text: &str) -> String {
    const LONGEST: usize = 80;
    let mut line = String::new();
    for (i, c) in text.chars().enumerate() {
        match c {
            _ if i == LONGEST => return line + "...",
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                line.extend(c.escape_unicode())
            }
            c if c.is_control() => line.extend(c.escape_default()),
            c => line.push(c),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_raw() {
        assert_eq!(shown("a\u{1b}[31m\n\u{202e}é"), "a\\u{1b}[31m\\n\\u{202e}é");
        assert_eq!(shown(&"é".repeat(1000)), "é".repeat(80) + "...");
        assert_eq!(shown(&"é".repeat(80)), "é".repeat(80));
    }
}
