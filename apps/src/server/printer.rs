//! Shows messages as they arrive: the time, who sent it, and the text, with everything in it that could fool a terminal made visible.

use crate::text::{Show, write_message};
use sealwire_transport::ChannelError;
use sealwire_transport::session::MAX_CONTENT;
use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// A place where messages of all sessions are shown, one at a time.
#[derive(Clone)]
pub struct Printer {
    out: Arc<Mutex<Box<dyn Write + Send>>>,
    show: Show,
}

impl Printer {
    /// Standard output.
    pub fn stdout() -> Printer {
        let show = if io::stdout().is_terminal() { Show::Terminal } else { Show::Escaped };
        Printer { out: Arc::new(Mutex::new(Box::new(io::stdout()))), show }
    }

    /// Somewhere else, as text.
    pub fn new(out: impl Write + Send + 'static) -> Printer {
        Printer { out: Arc::new(Mutex::new(Box::new(out))), show: Show::Escaped }
    }

    /// Shows one message, on a thread that may wait for whoever reads the output, and gives it back.
    ///
    /// # Errors
    /// [`ChannelError::Service`] when it could not be shown, so that its sender does not take it for delivered.
    pub async fn message(&self, who: &str, message: Vec<u8>) -> Result<Vec<u8>, ChannelError> {
        let mut line = format!("{} {who}: ", humantime::format_rfc3339_seconds(SystemTime::now())).into_bytes();
        let (out, show) = (self.out.clone(), self.show);
        // A long one is made readable a piece at a time, since it may become six times as long; others wait for their turn meanwhile.
        let is_short = message.len() <= MAX_CONTENT;
        let shown = if is_short { write_message(&mut line, &message, show) } else { Ok(()) };
        let written = tokio::task::spawn_blocking(move || {
            shown?;
            let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
            out.write_all(&line)?;
            if !is_short {
                write_message(&mut *out, &message, show)?;
            }
            out.flush()?;
            Ok(message)
        });
        let written = written.await.map_err(io::Error::other).and_then(|written| written);
        written.map_err(|error: io::Error| ChannelError::Service(Arc::new(error)))
    }
}
