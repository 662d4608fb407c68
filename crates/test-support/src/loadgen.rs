//! The built binary, run as a user runs it: in a folder of its own, with a bound on its time.

use crate::{
    processes::{MARK, POLL, Processes, list, settle},
    program::{binary, root},
    turn::Turn,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs,
    io::Read,
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::{JoinHandle, sleep, spawn},
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Longest time of a run before it is killed and its test fails.
const LIMIT: Duration = Duration::from_secs(120);

/// A command line to be run.
pub struct Loadgen {
    command: Command,
    folder: TempDir,
    mark: String,
    turn: Option<Turn>,
}

impl Loadgen {
    /// `loadgen ARGS`, in an empty folder and with an empty folder for temporary files.
    pub fn new(args: &[&str]) -> Self {
        Self::of(&binary("loadgen"), args)
    }

    /// The program of this name in `examples`, in the same way.
    pub fn example(name: &str, args: &[&str]) -> Self {
        Self::of(&example(name), args)
    }

    fn of(program: &Path, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mark = format!("{MARK}={}", folder.path().display());
        let mut command = Command::new(program);
        for inherited in std::env::vars_os().map(|(name, _)| name) {
            let inherited_name = inherited.to_string_lossy();
            if inherited_name.starts_with("LOADGEN_") || inherited_name == "GITHUB_STEP_SUMMARY" {
                command.env_remove(&inherited);
            }
        }
        for part in ["cwd", "tmp"] {
            fs::create_dir(folder.path().join(part)).expect("the folder is new");
        }
        command
            .args(args)
            .current_dir(folder.path().join("cwd"))
            .env("TMPDIR", folder.path().join("tmp"))
            .env(MARK, folder.path())
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self {
            command,
            folder,
            mark,
            turn: None,
        }
    }

    /// `loadgen run scenario.toml --dashboard off --json result.json` of this scenario.
    pub fn scenario(text: &str) -> Self {
        Self::new(&["run", "scenario.toml", "--dashboard", "off"])
            .args(&["--json", "result.json"])
            .file("scenario.toml", text)
    }

    /// `loadgen report` on the text of a journal, with the result asked for again.
    pub fn retold(journal: &str) -> Finished {
        Self::new(&["report", "intervals.jsonl", "--json", "result.json"])
            .file("intervals.jsonl", journal)
            .run()
    }

    /// More arguments.
    pub fn args(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }

    /// A variable of the environment.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// A file in the folder in which it runs.
    pub fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.folder.path().join("cwd").join(name), text).expect("the folder is ours");
        self
    }

    /// A folder in the folder in which it runs.
    pub fn folder(self, name: &str) -> Self {
        fs::create_dir(self.folder.path().join("cwd").join(name)).expect("the folder is ours");
        self
    }

    /// A path in the folder in which it runs.
    pub fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join("cwd").join(name)
    }

    /// Its standard output goes there, and is not seen.
    pub fn stdout_to(mut self, to: impl Into<Stdio>) -> Self {
        self.command.stdout(to);
        self
    }

    /// Its standard error goes there, and is not seen.
    pub fn stderr_to(mut self, to: impl Into<Stdio>) -> Self {
        self.command.stderr(to);
        self
    }

    /// In a terminal of its own, whose screen is its standard output. No argument has a `'`.
    pub fn in_terminal(self) -> Self {
        let words = std::iter::once(self.command.get_program()).chain(self.command.get_args());
        let words: Vec<String> = words.map(|word| format!("'{}'", word.display())).collect();
        let mut command = Command::new("script");
        // A shell that stayed would take Ctrl-C too, and give its own exit code, as dash does.
        command.args(["-qefc", &format!("exec {}", words.join(" ")), "/dev/null"]);
        command.stdin(Stdio::piped());
        self.through(command)
            .env("TERM", "xterm")
            .env("NO_COLOR", "")
    }

    /// No other test runs a load beside it: for what is measured finely. Nothing else may be
    /// running when it starts.
    pub fn alone(mut self) -> Self {
        self.turn = Some(Turn::alone());
        self
    }

    /// In a process group of its own, as a shell starts what it runs in the foreground.
    pub fn in_group(mut self) -> Self {
        self.command.process_group(0);
        self
    }

    /// It ignores SIGHUP from the start, as `nohup` has it.
    pub fn with_hangup_ignored(self) -> Self {
        self.through_shell(&[], "trap '' HUP")
    }

    /// With this mask for the permissions of new files.
    pub fn with_umask(self, mask: u32) -> Self {
        self.through_shell(&[], &format!("umask {mask:03o}"))
    }

    /// This file is mounted, and files of others are theirs, even for root, who alone may do this.
    pub fn with_mounted(self, name: &str) -> Self {
        let starters = ["unshare", "--mount", "setpriv", "--bounding-set=-fowner"];
        self.through_shell(&starters, &format!("mount --bind {name} {name}"))
    }

    /// A shell, started by these programs, does something, and then becomes the program.
    fn through_shell(self, starters: &[&str], first: &str) -> Self {
        let script = format!("{first}; exec \"$0\" \"$@\"");
        let shell = ["sh", "-c", &script];
        let mut words = starters.iter().chain(&shell);
        let mut command = Command::new(words.next().expect("there is a shell"));
        command
            .args(words)
            .arg(self.command.get_program())
            .args(self.command.get_args())
            .stdin(Stdio::null());
        self.through(command)
    }

    /// Another program starts it, in the same folder and environment.
    fn through(mut self, mut command: Command) -> Self {
        command
            .current_dir(self.folder.path().join("cwd"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        self.command = command;
        self
    }

    /// Runs it to its end.
    pub fn run(self) -> Finished {
        self.start().finish()
    }

    /// Starts it.
    pub fn start(mut self) -> Running {
        let turn = self.turn.unwrap_or_else(Turn::shared);
        let mut child = self.command.spawn().expect("the binary runs");
        let stdout = Captured::from(child.stdout.take());
        let stderr = Captured::from(child.stderr.take());
        Running {
            processes: Processes::of(child, self.mark),
            stdout,
            stderr,
            folder: self.folder,
            _turn: turn,
        }
    }
}

/// Path of an example that cargo built. Only a run of all tests builds them; where the library that
/// it is linked with has changed since, or it is not there at all, it is built here.
fn example(name: &str) -> PathBuf {
    let binary = binary("loadgen");
    let folder = binary.parent().expect("the binary is in a folder");
    let path = folder.join("examples").join(name);
    let written = |path: &Path| fs::metadata(path).and_then(|about| about.modified()).ok();
    let built = fs::read_dir(folder.join("deps")).expect("cargo builds there");
    let libraries = built.flatten().map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().map(|name| name.to_string_lossy());
        name.is_some_and(|name| name.starts_with("libloadgen-") && name.ends_with(".rlib"))
    });
    let newest = libraries.filter_map(|library| written(&library)).max();
    if written(&path).is_none() || written(&path) < newest {
        let mut cargo = Command::new(env!("CARGO"));
        // With it cargo would build some crates in another way.
        cargo.env_remove("RUSTC_BOOTSTRAP");
        cargo.args(["build", "--locked", "--example", name]);
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        let built = cargo.current_dir(root()).status();
        assert!(built.expect("cargo runs").success(), "{name} is not built");
    }
    path
}

/// A loadgen that runs; it is killed with all that it started when dropped.
pub struct Running {
    processes: Processes,
    stdout: Captured,
    stderr: Captured,
    folder: TempDir,
    _turn: Turn,
}

impl Running {
    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill(self.processes.first(), signal).expect("it was not waited for yet");
    }

    /// Sends a signal to the whole of its group, as the terminal does; see [`Loadgen::in_group`].
    pub fn signal_group(&self, signal: Signal) {
        let group = Pid::from_raw(-self.processes.first().as_raw());
        kill(group, signal).expect("it leads a group");
    }

    /// Presses keys in its terminal; see [`Loadgen::in_terminal`].
    pub fn press(&mut self, keys: &str) {
        self.processes.write(keys);
    }

    /// The only process that it has started.
    pub fn child(&self) -> Pid {
        let mut living = self.processes.living();
        living.retain(|pid| *pid != self.processes.first());
        assert_eq!(living.len(), 1, "{}", self.shown());
        living[0]
    }

    /// The names of its temporary files and folders.
    pub fn temporary(&self) -> Vec<String> {
        list(&self.folder.path().join("tmp"))
    }

    /// Waits until `happened`, which `what` names.
    pub fn wait_until(&mut self, what: &str, happened: impl Fn(&Running) -> bool) {
        let deadline = Instant::now() + LIMIT;
        while !happened(self) {
            let over = self.processes.ended().is_some() || Instant::now() > deadline;
            assert!(!over, "never {what}: {}", self.shown());
            sleep(POLL);
        }
    }

    /// A file in the folder in which it runs.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("cwd").join(name)
    }

    /// Standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// Standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Waits for its end, but not for what it started.
    pub fn wait_for_end(&mut self) -> ExitStatus {
        let deadline = Instant::now() + LIMIT;
        loop {
            if let Some(status) = self.processes.ended() {
                return status;
            }
            let over = Instant::now() > deadline;
            assert!(!over, "still running: {}", self.shown());
            sleep(POLL);
        }
    }

    /// Waits for its end, and then for the end of all that it started.
    pub fn finish(mut self) -> Finished {
        let status = self.wait_for_end();
        let left = settle(|| self.processes.living());
        assert!(left.is_empty(), "left behind: {left:?}, {}", self.shown());
        let left = settle(|| self.temporary());
        assert!(left.is_empty(), "left behind: {left:?}, {}", self.shown());
        Finished {
            status,
            stdout: self.stdout.all(),
            stderr: self.stderr.all(),
            folder: self.folder,
        }
    }

    fn shown(&self) -> String {
        format!(
            "stdout:\n{}\nstderr:\n{}",
            self.stdout.text(),
            self.stderr.text()
        )
    }
}

/// A loadgen that has ended; no process that it started and no temporary file is left.
pub struct Finished {
    status: ExitStatus,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    folder: TempDir,
}

impl Finished {
    /// It exited with this code.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        let Self { stdout, stderr, .. } = &self;
        let found = self.status;
        assert_eq!(
            found.code(),
            Some(code),
            "{found}\nstdout:\n{stdout}\nstderr:\n{stderr}"
        );
        self
    }

    /// It was ended by this signal.
    #[track_caller]
    pub fn expect_signal(self, signal: Signal) -> Self {
        assert_eq!(self.status.signal(), Some(signal as i32), "{}", self.status);
        self
    }

    /// Its exit code; None when a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// The result file of [`Loadgen::scenario`].
    #[track_caller]
    pub fn result(&self) -> serde_json::Value {
        let text = fs::read_to_string(self.path("result.json"));
        let text = text.unwrap_or_else(|error| panic!("no result: {error}\n{}", self.stderr));
        serde_json::from_str(&text).expect("the result is JSON")
    }

    /// The names of the files in the folder in which it ran.
    pub fn files(&self) -> Vec<String> {
        list(&self.path(""))
    }

    /// A file in the folder in which it ran.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("cwd").join(name)
    }
}

/// Output of a pipe, read as it comes so that the writer never waits; nothing without a pipe.
struct Captured {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Captured {
    fn from(pipe: Option<impl Read + Send + 'static>) -> Self {
        let bytes = Arc::<Mutex<Vec<u8>>>::default();
        let target = Arc::clone(&bytes);
        let reader = spawn(move || {
            let Some(mut pipe) = pipe else {
                return;
            };
            let mut chunk = [0; 4096];
            while let Ok(read @ 1..) = pipe.read(&mut chunk) {
                let mut target = target.lock().expect("no reader panics");
                target.extend_from_slice(&chunk[..read]);
            }
        });
        Self { bytes, reader }
    }

    fn text(&self) -> String {
        let bytes = self.bytes.lock().expect("no reader panics");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Everything, once all who could write have ended.
    fn all(self) -> String {
        self.reader.join().expect("the reader does not panic");
        let bytes = self.bytes.lock().expect("no reader panics");
        String::from_utf8(bytes.clone()).expect("the output is UTF-8")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::processes::marked;

    /// A shell in place of the binary.
    fn shell(script: &str) -> Running {
        Loadgen::of(Path::new("sh"), &["-c", script]).start()
    }

    #[test]
    fn output_and_code_are_seen() {
        let finished = shell("echo out; echo err >&2; echo '[1]' > result.json; exit 7").finish();
        let finished = finished.expect_code(7);
        assert_eq!((&*finished.stdout, &*finished.stderr), ("out\n", "err\n"));
        assert_eq!(finished.result(), serde_json::json!([1]));
    }

    #[test]
    fn a_signal_ends_it() {
        let mut running = shell("echo ready >&2; exec sleep 100");
        running.wait_until("ready", |it| it.stderr().contains("ready"));
        running.signal(Signal::SIGKILL);
        running.finish().expect_signal(Signal::SIGKILL);
    }

    #[test]
    fn what_it_started_is_found_and_ended() {
        let mut running = shell("setsid sh -c 'echo ready >&2; exec sleep 100' & wait");
        running.wait_until("ready", |it| it.stderr().contains("ready"));
        running.child();
        let mark = format!("{MARK}={}", running.folder.path().display());
        assert_eq!(marked(&mark).len(), 2);
        drop(running);
        assert!(settle(|| marked(&mark)).is_empty());
    }
}
