//! A person at a terminal: a line editor below, the answers above it, and the terminal as it was when either end leaves.

use super::input::Input;
use super::output::Output;
use crate::error::AppError;
use crate::text::{Show, write_message};
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor, ExternalPrinter};
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

const PROMPT: &str = "> ";
/// A line that is not seen: one row up, and down again.
const UNSEEN: &str = "\x1b[A";

type Printer = Box<dyn ExternalPrinter + Send>;

/// The screen beside the line that is being typed.
#[derive(Clone)]
pub struct Terminal {
    printer: Arc<Mutex<Printer>>,
    as_it_was: Arc<AsItWas>,
}

/// The ends of a conversation at the terminal, or `None` where standard input or output is none.
///
/// # Errors
/// [`AppError::Io`] when the terminal cannot be used.
pub fn open() -> Result<Option<(Input, Output)>, AppError> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Ok(None);
    }
    let editing = Arc::new(AtomicBool::new(false));
    let as_it_was = Arc::new(AsItWas::now(editing.clone()));
    // Pasted text is typed text here; a bracketed paste would outlive a readline that the end of the session interrupts.
    let config = Config::builder().bracketed_paste(false).auto_add_history(true).build();
    let mut editor = Editor::<(), MemHistory>::with_history(config, MemHistory::new()).map_err(failed)?;
    let printer: Printer = Box::new(editor.create_external_printer().map_err(failed)?);
    let terminal = Terminal { printer: Arc::new(Mutex::new(printer)), as_it_was };
    let input = Input::from_thread(
        move |sender| {
            loop {
                editing.store(true, Ordering::SeqCst);
                let line = editor.readline(PROMPT);
                editing.store(false, Ordering::SeqCst);
                let line = match line {
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
    pub(super) fn print_message(&self, message: &[u8]) -> Result<(), AppError> {
        let mut line = Vec::new();
        let written = write_message(&mut line, message, Show::Terminal);
        written.map_err(|source| AppError::Io { what: "the terminal", source })?;
        self.print(String::from_utf8_lossy(&line).trim_end_matches('\n'))
    }

    /// Shows a line above the one that is being typed.
    fn print(&self, text: &str) -> Result<(), AppError> {
        let line = format!("{text}\n");
        let mut printer = self.printer.lock().unwrap_or_else(PoisonError::into_inner);
        match printer.print(line.clone()) {
            Ok(()) => Ok(()),
            // The line editor has just ended, and its queue with it.
            Err(_) => write_line(&line),
        }
    }

    /// Shows the last line, the program's own, below everything else.
    pub(super) fn say_last(&self, text: &str) -> Result<(), AppError> {
        // The editor's queue holds one line: once it has taken the second of these, all before the first has been shown.
        self.print(UNSEEN)?;
        self.print(UNSEEN)?;
        self.as_it_was.restore();
        write_line(&format!("{text}\n"))
    }
}

fn write_line(line: &str) -> Result<(), AppError> {
    let mut out = io::stdout().lock();
    let written = out.write_all(line.as_bytes()).and_then(|()| out.flush());
    written.map_err(|source| AppError::Io { what: "the terminal", source })
}

fn failed(error: ReadlineError) -> AppError {
    AppError::Io { what: "the terminal", source: io::Error::other(error) }
}

/// The terminal before the conversation, put back when it is over: the line editor may be in the middle of a line then.
struct AsItWas {
    #[cfg(unix)]
    modes: Option<rustix::termios::Termios>,
    /// Whether a line is being typed.
    editing: Arc<AtomicBool>,
}

impl AsItWas {
    fn now(editing: Arc<AtomicBool>) -> AsItWas {
        AsItWas {
            #[cfg(unix)]
            modes: rustix::termios::tcgetattr(io::stdin()).ok(),
            editing,
        }
    }

    fn restore(&self) {
        #[cfg(unix)]
        if let Some(modes) = &self.modes {
            let _ = rustix::termios::tcsetattr(io::stdin(), rustix::termios::OptionalActions::Drain, modes);
        }
        if self.editing.swap(false, Ordering::SeqCst) {
            let _ = write_line("\n");
        }
    }
}

impl Drop for AsItWas {
    fn drop(&mut self) {
        self.restore();
    }
}
