//! The operational log: who came and went and what failed, on standard error. No key and no message text goes into it.

use sealwire_config::settings::{Log, LogFormat};
use std::io;
use std::str::FromStr;
use tracing::{Dispatch, Level};
use tracing_subscriber::fmt::{MakeWriter, format::FmtSpan};

/// Starts the log for the whole program. A second call changes nothing.
pub fn init(log: &Log) {
    let _ = tracing::dispatcher::set_global_default(dispatch(log, io::stderr));
}

/// A log that goes to `writer`.
fn dispatch<W>(log: &Log, writer: W) -> Dispatch
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let level = Level::from_str(log.level.name()).expect("the config's levels are tracing's");
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_span_events(FmtSpan::NONE)
        .with_target(false)
        .with_ansi(false)
        .with_writer(writer);
    match log.format {
        LogFormat::Text => builder.into(),
        LogFormat::Json => builder.json().flatten_event(true).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealwire_config::LogLevel;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    /// Memory to log to.
    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What an event at each of two levels leaves in the log.
    fn logged(format: LogFormat, level: LogLevel) -> String {
        let memory = Memory::default();
        let writer = memory.clone();
        let dispatch = dispatch(&Log { format, level }, move || writer.clone());
        tracing::dispatcher::with_default(&dispatch, || {
            tracing::info!(peer = "127.0.0.1:1", "connected");
            tracing::debug!("details");
        });
        let bytes = memory.0.lock().expect("no panic").clone();
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn the_level_decides_what_is_in_it() {
        let info = logged(LogFormat::Text, LogLevel::Info);
        assert!(info.contains("INFO") && info.contains("connected") && info.contains("127.0.0.1:1"), "{info}");
        assert!(!info.contains("details"), "{info}");
        assert!(logged(LogFormat::Text, LogLevel::Debug).contains("details"));
        assert_eq!(logged(LogFormat::Text, LogLevel::Error), "");
        for level in [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug, LogLevel::Trace] {
            logged(LogFormat::Json, level);
        }
    }

    #[test]
    fn json_is_one_object_a_line() {
        let line = logged(LogFormat::Json, LogLevel::Info);
        assert_eq!(line.lines().count(), 1);
        assert!(line.starts_with('{') && line.ends_with("}\n"), "{line}");
        assert!(line.contains(r#""level":"INFO""#) && line.contains(r#""peer":"127.0.0.1:1""#), "{line}");
    }
}
