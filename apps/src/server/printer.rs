//! Shows messages as they arrive: the time, who sent it, and the text, with everything in it that could fool a terminal made visible.

use crate::text::{Show, write_message};
use sealwire_transport::ChannelError;
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

    /// Shows one message, on a thread that may wait for whoever reads the output.
    ///
    /// # Errors
    /// [`ChannelError::Service`] when it could not be shown, so that its sender does not take it for delivered.
    pub async fn message(&self, who: &str, message: &[u8]) -> Result<(), ChannelError> {
        let mut line = format!("{} {who}: ", humantime::format_rfc3339_seconds(SystemTime::now())).into_bytes();
        let (out, show) = (self.out.clone(), self.show);
        let shown = write_message(&mut line, message, show);
        let written = tokio::task::spawn_blocking(move || {
            let mut out = out.lock().unwrap_or_else(PoisonError::into_inner);
            shown.and_then(|()| out.write_all(&line)).and_then(|()| out.flush())
        });
        let written = written.await.map_err(io::Error::other).and_then(|written| written);
        written.map_err(|error| ChannelError::Service(Arc::new(error)))
    }
}
