//! A terminal with a shell in it, whose screen and keys a test has: tmux, with a server of its own.

use crate::processes::POLL;
use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Longest time until something must be seen.
const LIMIT: Duration = Duration::from_secs(60);

/// Ends with all that runs in it when dropped.
pub struct Tmux {
    folder: TempDir,
}

impl Tmux {
    /// So many columns and lines, with these variables in the shell's environment.
    pub fn start(width: u16, height: u16, environment: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let tmux = Self { folder };
        let (width, height) = (width.to_string(), height.to_string());
        let mut command = tmux.command();
        command
            .args([
                "-f",
                "/dev/null",
                "new-session",
                "-d",
                "-x",
                &width,
                "-y",
                &height,
            ])
            .args(["env", "PS1=$ ", "LC_ALL=C.UTF-8"])
            .args(
                environment
                    .iter()
                    .map(|(name, value)| format!("{name}={value}")),
            )
            .arg("sh")
            .current_dir(tmux.folder.path());
        run(&mut command);
        tmux.wait_for("$");
        tmux
    }

    /// Writes a file into the folder in which the shell runs.
    pub fn file(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("the folder is ours");
    }

    /// A file in that folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Types a line into the shell.
    pub fn line(&self, text: &str) {
        run(self.command().args(["send-keys", "-l", text]));
        self.press("Enter");
    }

    /// Presses a key, by tmux's name of it.
    pub fn press(&self, key: &str) {
        run(self.command().args(["send-keys", key]));
    }

    /// Makes the window larger or smaller.
    pub fn resize(&self, width: u16, height: u16) {
        let (width, height) = (width.to_string(), height.to_string());
        run(self
            .command()
            .args(["resize-window", "-x", &width, "-y", &height]));
    }

    /// Text on the screen.
    pub fn screen(&self) -> String {
        run(self.command().args(["capture-pane", "-p"]))
    }

    /// True if a program has taken over the whole screen.
    pub fn is_taken(&self) -> bool {
        run(self
            .command()
            .args(["display-message", "-p", "#{alternate_on}"]))
        .trim()
            == "1"
    }

    /// Waits until this is seen; gives the screen.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contains(text))
    }

    /// Waits until the screen is as wished, which `what` names; gives it.
    #[track_caller]
    pub fn wait_until(&self, what: &str, wished: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + LIMIT;
        loop {
            let screen = self.screen();
            if wished(&screen) {
                return screen;
            }
            assert!(Instant::now() < deadline, "never {what}:\n{screen}");
            sleep(POLL);
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new("tmux");
        command
            .arg("-S")
            .arg(self.folder.path().join("socket"))
            .env_remove("TMUX")
            .stdin(Stdio::null());
        command
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        // Our own server alone: it has a socket of its own.
        let _ = self.command().arg("kill-server").output();
    }
}

fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("`scripts/test test` installs tmux: {error}"));
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {problem}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
