//! A person at a terminal: a line editor below, the answers above it, and the terminal as it was when either end leaves.

use super::input::Input;
use super::output::Output;
use crate::error::AppError;
use crate::text::{Show, write_message};
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor, ExternalPrinter};
use std::io::{self, IsTerminal};
use std::sync::{Arc, Mutex, PoisonError};

const PROMPT: &str = "> ";

type Printer = Box<dyn ExternalPrinter + Send>;

/// The screen beside the line that is being typed.
#[derive(Clone)]
pub struct Terminal {
    printer: Arc<Mutex<Printer>>,
    _as_it_was: Arc<AsItWas>,
}

/// The ends of a conversation at the terminal, or `None` where standard input or output is none.
///
/// # Errors
/// [`AppError::Io`] when the terminal cannot be used.
pub fn open() -> Result<Option<(Input, Output)>, AppError> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Ok(None);
    }
    let as_it_was = AsItWas::now();
    // Pasted text is typed text here; a bracketed paste would outlive a readline that the end of the session interrupts.
    let config = Config::builder().bracketed_paste(false).auto_add_history(true).build();
    let mut editor = Editor::<(), MemHistory>::with_history(config, MemHistory::new()).map_err(failed)?;
    let printer: Printer = Box::new(editor.create_external_printer().map_err(failed)?);
    let terminal = Terminal { printer: Arc::new(Mutex::new(printer)), _as_it_was: Arc::new(as_it_was) };
    let input = Input::from_thread(
        move |sender| {
            loop {
                let line = match editor.readline(PROMPT) {
                    Ok(line) => Ok(line.into_bytes()),
                    // Ctrl-D and Ctrl-C are how a person leaves.
                    Err(ReadlineError::Eof | ReadlineError::Interrupted) => return,
                    Err(error) => Err(failed(error)),
                };
                let is_last = line.is_err();
                if sender.blocking_send(line).is_err() || is_last {
                    return;
                }
            }
        },
        Some(terminal.clone()),
    );
    Ok(Some((input, Output::Terminal(terminal))))
}

impl Terminal {
    /// Shows a message of the peer.
    pub(super) fn print_message(&mut self, message: &[u8]) -> Result<(), AppError> {
        let mut line = Vec::new();
        let written = write_message(&mut line, message, Show::Terminal);
        written.map_err(|source| AppError::Io { what: "the terminal", source })?;
        self.print(String::from_utf8_lossy(&line).trim_end_matches('\n'))
    }

    /// Shows a line of the program's own.
    pub(super) fn print(&mut self, text: &str) -> Result<(), AppError> {
        let mut printer = self.printer.lock().unwrap_or_else(PoisonError::into_inner);
        printer.print(format!("{text}\n")).map_err(failed)
    }
}

fn failed(error: ReadlineError) -> AppError {
    AppError::Io { what: "the terminal", source: io::Error::other(error) }
}

/// The modes of the terminal, put back when the conversation is over: the line editor may be in the middle of a line then.
#[cfg(unix)]
struct AsItWas(Option<rustix::termios::Termios>);

#[cfg(unix)]
impl AsItWas {
    fn now() -> AsItWas {
        AsItWas(rustix::termios::tcgetattr(io::stdin()).ok())
    }
}

#[cfg(unix)]
impl Drop for AsItWas {
    fn drop(&mut self) {
        if let Some(modes) = &self.0 {
            let _ = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Drain, modes);
        }
    }
}

#[cfg(not(unix))]
struct AsItWas;

#[cfg(not(unix))]
impl AsItWas {
    fn now() -> AsItWas {
        AsItWas
    }
}
