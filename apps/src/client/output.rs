//! Where answers go: the bytes to another program, visible text to a person.

use super::terminal::Terminal;
use crate::error::AppError;
use crate::text::{Show, write_message};
use std::io::{self, IsTerminal};
use tokio::io::AsyncWriteExt;

/// A place to show messages.
pub enum Output {
    /// Text on a terminal; elsewhere the bytes as they came, each message with a newline behind it or with nothing.
    Stdout(Show, &'static [u8]),
    /// Above the line that a person is typing.
    Terminal(Terminal),
}

impl Output {
    /// Standard output; `raw`: the bytes of the messages and nothing else, terminal or not.
    pub fn stdout(raw: bool) -> Output {
        match (raw, io::stdout().is_terminal()) {
            (true, _) => Output::Stdout(Show::Raw, b""),
            (false, true) => Output::Stdout(Show::Terminal, b""),
            (false, false) => Output::Stdout(Show::Raw, b"\n"),
        }
    }

    /// Shows one message.
    pub async fn show(&mut self, message: &[u8]) -> Result<(), AppError> {
        let result = match self {
            Output::Terminal(terminal) => return terminal.print_message(message),
            Output::Stdout(show, end) => write_stdout(message, *show, end).await,
        };
        result.map_err(|source| AppError::Io { what: "writing standard output", source })
    }
}

async fn write_stdout(message: &[u8], show: Show, end: &[u8]) -> io::Result<()> {
    let mut bytes = Vec::new();
    write_message(&mut bytes, message, show)?;
    bytes.extend_from_slice(end);
    let mut out = tokio::io::stdout();
    out.write_all(&bytes).await?;
    out.flush().await
}
