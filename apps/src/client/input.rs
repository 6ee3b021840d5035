//! Where the client's messages come from. A thread reads, since a terminal or a pipe may block for ever; the session takes.

use super::terminal::Terminal;
use crate::error::AppError;
use std::io::{self, BufRead, Read};
use std::thread;
use tokio::sync::mpsc;

/// Messages that wait to be sent; more would only hide that the server is slow.
const AHEAD: usize = 16;

/// A source of messages.
pub struct Input {
    messages: mpsc::Receiver<Result<Vec<u8>, AppError>>,
    terminal: Option<Terminal>,
}

impl Input {
    /// From a thread of its own that runs `read`, which sends what it reads until the receiver is gone.
    pub(super) fn from_thread(
        read: impl FnOnce(mpsc::Sender<Result<Vec<u8>, AppError>>) + Send + 'static,
        terminal: Option<Terminal>,
    ) -> Input {
        let (sender, messages) = mpsc::channel(AHEAD);
        // Not joined: it may be waiting for a key that nobody presses, and ends with the process.
        thread::spawn(move || read(sender));
        Input { messages, terminal }
    }

    /// The messages of the command line.
    pub fn given(messages: &[String]) -> Input {
        let messages: Vec<Vec<u8>> = messages.iter().map(|message| message.clone().into_bytes()).collect();
        Input::from_thread(
            move |sender| {
                for message in messages {
                    if sender.blocking_send(Ok(message)).is_err() {
                        return;
                    }
                }
            },
            None,
        )
    }

    /// Each line of standard input, without its newline; at most `max` bytes.
    pub fn lines_of_stdin(max: usize) -> Input {
        Input::from_thread(
            move |sender| {
                let mut lines = io::stdin().lock();
                while let Some(line) = next_line(&mut lines, max).transpose() {
                    let failed = line.is_err();
                    if sender.blocking_send(line).is_err() || failed {
                        return;
                    }
                }
            },
            None,
        )
    }

    /// All of standard input as one message; at most `max` bytes.
    pub fn whole_stdin(max: usize) -> Input {
        Input::from_thread(
            move |sender| {
                let mut message = Vec::new();
                let read = io::stdin().lock().take(max as u64 + 1).read_to_end(&mut message);
                let result = read.map_err(reading).and_then(|len| within(len, max)).map(|()| message);
                // The receiver is gone when the session has failed, which is reported there.
                let _ = sender.blocking_send(result);
            },
            None,
        )
    }

    /// The next message; `None` when there are no more, or the user wants to leave. May be cancelled without loss.
    pub async fn next(&mut self) -> Option<Result<Vec<u8>, AppError>> {
        self.messages.recv().await
    }

    /// Whether all of its messages have been taken, and its end seen.
    pub fn has_ended(&self) -> bool {
        self.messages.is_closed() && self.messages.is_empty()
    }

    /// Whether a person is typing.
    pub fn is_interactive(&self) -> bool {
        self.terminal.is_some()
    }

    /// Tells the person something, at the end.
    pub fn say_last(&self, text: &str) -> Result<(), AppError> {
        match &self.terminal {
            Some(terminal) => terminal.say_last(text),
            None => Ok(()),
        }
    }
}

/// The next line without its newline, or `None` at the end. Reads no further than `max` bytes into a line that is too long.
fn next_line(input: &mut impl BufRead, max: usize) -> Result<Option<Vec<u8>>, AppError> {
    let mut line = Vec::new();
    input.take(max as u64 + 2).read_until(b'\n', &mut line).map_err(reading)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    within(line.len(), max)?;
    Ok(Some(line))
}

fn reading(source: io::Error) -> AppError {
    AppError::Io { what: "reading standard input", source }
}

fn within(len: usize, max: usize) -> Result<(), AppError> {
    if len > max {
        let text =
            format!("a message of the input is longer than the {max} bytes that are allowed (limits.max_message)");
        return Err(AppError::Unfinished(text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(mut text: &[u8], max: usize) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| next_line(&mut text, max).expect("short enough")).collect()
    }

    #[test]
    fn a_line_is_everything_before_its_newline() {
        assert_eq!(lines(b"a\n\nb\r\n\xff\x00c", 9), [b"a".to_vec(), vec![], b"b\r".to_vec(), b"\xff\0c".to_vec()]);
        assert_eq!(lines(b"12\n34\n", 2), [b"12", b"34"]);
    }

    #[test]
    fn a_line_that_is_too_long_is_refused_and_not_stored() {
        assert!(next_line(&mut b"123\n".as_slice(), 2).is_err());
        assert!(next_line(&mut io::BufReader::new(io::repeat(b'x')), 2).is_err());
    }
}
