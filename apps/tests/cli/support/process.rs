//! A process under test: its output as it comes, and its end; everything within a deadline, nothing by sleeping.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// When to give up waiting, from now. Long, since it only decides how late a failure is seen.
fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// What a stream has given so far.
#[derive(Clone, Default)]
pub struct Capture(Arc<(Mutex<Captured>, Condvar)>);

#[derive(Default)]
struct Captured {
    bytes: Vec<u8>,
    ended: bool,
}

impl Capture {
    /// Reads `stream` to its end, on a thread.
    pub fn of(mut stream: impl Read + Send + 'static) -> Capture {
        let capture = Capture::default();
        let ours = capture.clone();
        thread::spawn(move || {
            let mut buffer = [0; 1 << 16];
            loop {
                // A terminal whose program is gone gives an error instead of an end.
                let count = stream.read(&mut buffer).unwrap_or(0);
                let mut captured = ours.0.0.lock().unwrap();
                captured.bytes.extend_from_slice(&buffer[..count]);
                captured.ended = count == 0;
                ours.0.1.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        capture
    }

    /// Waits until `find` finds something in the bytes so far (and is told whether they are all).
    #[track_caller]
    pub fn until<T>(&self, what: &str, find: impl Fn(&[u8], bool) -> Option<T>) -> T {
        let deadline = deadline();
        let mut captured = self.0.0.lock().unwrap();
        loop {
            if let Some(found) = find(&captured.bytes, captured.ended) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let shown = String::from_utf8_lossy(&captured.bytes[..captured.bytes.len().min(4000)]);
            assert!(!captured.ended && !left.is_zero(), "waited for {what:?}, but there is only:\n{shown}");
            captured = self.0.1.wait_timeout(captured, left).unwrap().0;
        }
    }

    /// Waits for a whole line that contains `part`, and gives it without its newline.
    #[track_caller]
    pub fn line_with(&self, part: &str) -> String {
        self.until(part, |bytes, _| {
            let text = String::from_utf8_lossy(bytes);
            let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
            whole.lines().find(|line| line.contains(part)).map(str::to_owned)
        })
    }

    /// Waits until `count` lines are there.
    #[track_caller]
    pub fn lines(&self, count: usize) {
        self.until("more lines", |bytes, _| (bytes.iter().filter(|b| **b == b'\n').count() >= count).then_some(()));
    }

    /// Waits for the end, and gives everything.
    #[track_caller]
    pub fn all(&self) -> Vec<u8> {
        self.until("the end", |_, ended| ended.then_some(()));
        self.0.0.lock().unwrap().bytes.clone()
    }
}

/// A process that runs; killed when the test is done with it.
pub struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    pub stdout: Capture,
    pub stderr: Capture,
}

/// A process that has ended.
#[derive(Debug)]
pub struct Done {
    /// Exit status; `None` when a signal ended it.
    pub status: Option<i32>,
    pub stdout: Vec<u8>,
    pub stderr: String,
}

impl Process {
    pub fn spawn(command: &mut Command) -> Process {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn().unwrap();
        let stdout = Capture::of(child.stdout.take().unwrap());
        let stderr = Capture::of(child.stderr.take().unwrap());
        Process { stdin: child.stdin.take(), child, stdout, stderr }
    }

    /// Writes to its standard input, which stays open.
    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stdin.as_mut().unwrap().write_all(bytes.as_ref()).unwrap();
    }

    /// Writes to its standard input on a thread and closes it then; a process that does not read is no error.
    pub fn feed(mut self, bytes: &[u8]) -> Process {
        let (mut stdin, bytes) = (self.stdin.take().unwrap(), bytes.to_vec());
        thread::spawn(move || drop(stdin.write_all(&bytes)));
        self
    }

    /// Closes its standard input.
    pub fn end_input(&mut self) {
        self.stdin = None;
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end; its standard input stays as it is.
    #[track_caller]
    pub fn finish(mut self) -> Done {
        let (stdout, stderr) = (self.stdout.all(), self.stderr.all());
        let status = self.child.wait().unwrap().code();
        Done { status, stdout, stderr: String::from_utf8(stderr).unwrap() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Done {
    /// Checks the exit status.
    #[track_caller]
    pub fn with_status(self, status: i32) -> Done {
        let stdout = String::from_utf8_lossy(&self.stdout[..self.stdout.len().min(4000)]);
        assert_eq!(self.status, Some(status), "stdout:\n{stdout}\nstderr:\n{}", self.stderr);
        self
    }

    /// Checks that it ended with success.
    #[track_caller]
    pub fn ok(self) -> Done {
        self.with_status(0)
    }

    /// Checks that standard error says all of `parts`.
    #[track_caller]
    pub fn saying(self, parts: &[&str]) -> Done {
        for part in parts {
            assert!(self.stderr.contains(part), "no {part:?} in:\n{}", self.stderr);
        }
        self
    }

    /// Standard output as text.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).unwrap()
    }
}
