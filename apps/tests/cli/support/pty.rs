//! A pseudo-terminal with a program on it, and somebody who types and looks.

use super::process::{Capture, Done};
use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{ControlModes, InputModes, LocalModes, OutputModes, tcgetattr};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command};

/// What a terminal does with what is typed and shown.
pub type Modes = (InputModes, OutputModes, ControlModes, LocalModes);

/// A program on a terminal of its own; killed when the test is done with it.
pub struct Pty {
    child: Child,
    master: File,
    screen: Capture,
    /// How much of the screen has been looked at.
    seen: usize,
    /// The modes before the program started.
    pub before: Modes,
}

impl Pty {
    pub fn spawn(mut command: Command) -> Pty {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let no_ctty = i32::try_from(OFlags::NOCTTY.bits()).unwrap();
        let end = || OpenOptions::new().read(true).write(true).custom_flags(no_ctty).open(&name).unwrap();
        let (stdin, stdout, stderr) = (end(), end(), end());
        let master = File::from(master);
        let before = modes(&master);
        // The command keeps its ends of the terminal open, so it must go for the screen to end.
        let child = command.stdin(stdin).stdout(stdout).stderr(stderr).spawn().unwrap();
        drop(command);
        let screen = Capture::of(master.try_clone().unwrap());
        Pty { child, master, screen, seen: 0, before }
    }

    /// Waits until `text` appears behind what was seen before.
    #[track_caller]
    pub fn see(&mut self, text: &str) {
        let seen = self.seen;
        self.seen = self.screen.until(text, |bytes, _| {
            let found = bytes[seen..].windows(text.len()).position(|window| window == text.as_bytes());
            found.map(|at| seen + at + text.len())
        });
    }

    pub fn type_in(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    pub fn modes(&self) -> Modes {
        modes(&self.master)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for its end. All that was on the screen is in `stdout`.
    #[track_caller]
    pub fn finish(&mut self) -> Done {
        let stdout = self.screen.all();
        Done { status: self.child.wait().unwrap().code(), stdout, stderr: String::new() }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn modes(terminal: &File) -> Modes {
    let modes = tcgetattr(terminal).unwrap();
    (modes.input_modes, modes.output_modes, modes.control_modes, modes.local_modes)
}
