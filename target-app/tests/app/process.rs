//! The program as a child process with a temporary folder of its own.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longest wait before the test gives up.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Process {
    pub child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
    /// Temporary folder of the process.
    pub tmp: TempDir,
}

impl Process {
    pub fn spawn(args: &[&str]) -> Self {
        Self::spawn_with(args, |_| {})
    }

    pub fn spawn_with(args: &[&str], adjust: impl FnOnce(&mut Command)) -> Self {
        let tmp = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_target-app"));
        adjust(command.args(args));
        let mut child = command
            .env("TMPDIR", tmp.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self {
            child,
            stdout,
            stderr,
            tmp,
        }
    }

    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }

    /// The next line on stderr.
    pub fn err_line(&mut self) -> String {
        let mut line = String::new();
        self.stderr.read_line(&mut line).unwrap();
        line
    }

    /// The line that a managed process says when it is ready, or why it is not.
    pub fn report(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    pub fn close_stdin(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Waits for a file of the process's temporary data folder to hold something.
    pub fn wait_for_data(&self, name: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.has_data(name) {
            assert!(Instant::now() < deadline, "no data in {name}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn has_data(&self, name: &str) -> bool {
        let folders = std::fs::read_dir(self.tmp.path()).unwrap();
        folders.flatten().any(|folder| {
            let file = std::fs::metadata(folder.path().join(name));
            file.is_ok_and(|file| file.len() > 0)
        })
    }

    /// Waits for the end. Returns how it ended and what was left on stdout and stderr.
    pub fn end(&mut self) -> (ExitStatus, String, String) {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "still running");
            std::thread::sleep(Duration::from_millis(5));
        };
        let (mut out, mut err) = (String::new(), String::new());
        self.stdout.read_to_string(&mut out).unwrap();
        self.stderr.read_to_string(&mut err).unwrap();
        (status, out, err)
    }

    pub fn is_tidy(&self) -> bool {
        is_empty(self.tmp.path())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Only a failed test leaves it running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn is_empty(folder: &Path) -> bool {
    std::fs::read_dir(folder).unwrap().next().is_none()
}
