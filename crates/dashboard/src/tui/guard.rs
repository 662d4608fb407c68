//! A guard of the terminal, which gives it back when this process is killed and cannot.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

/// Script of the guard. It keeps the terminal's settings, says so, and waits for a line, which means that
/// the terminal was given back. Its input ends without one when this process does, even by SIGKILL.
const SCRIPT: &str = r#"trap '' HUP INT QUIT TERM TTOU
saved=$(stty -g <&2) && echo ready || exit
read -r _ || { stty "$saved" <&2; printf '\033[?1049l\033[?25h' >&2; }"#;

/// A process that does nothing as long as this lives.
#[derive(Debug)]
pub(super) struct Guard(Child);

impl Guard {
    /// Starts it, before the terminal of standard error is changed. None where there is no `stty`.
    pub(super) fn start() -> Option<Self> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .ok()?;
        let mut line = String::new();
        let output = BufReader::new(child.stdout.take()?).read_line(&mut line);
        let is_ready = output.is_ok() && !line.is_empty();
        let guard = Self(child);
        match is_ready {
            true => Some(guard),
            false => {
                guard.dismiss();
                None
            }
        }
    }

    /// Ends it: the terminal was given back.
    pub(super) fn dismiss(mut self) {
        if let Some(mut input) = self.0.stdin.take() {
            // One that is gone needs no telling.
            let _ = input.write_all(b"\n");
        }
        let _ = self.0.wait();
    }
}
