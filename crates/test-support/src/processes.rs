//! The processes that a test started, and whatever they started in turn.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    fs::{self, DirEntry},
    io::Write,
    path::Path,
    process::{Child, ExitStatus},
    thread::sleep,
    time::{Duration, Instant},
};

/// In the environment of the binary and so of everything that it starts, whatever their process group.
pub const MARK: &str = "STARTED_BY_TEST";

/// Interval of looking whether something has happened.
pub const POLL: Duration = Duration::from_millis(5);

/// Longest time that what a run started may take to end after it.
const GRACE: Duration = Duration::from_secs(15);

/// The binary and everything that carries its mark; killed when dropped.
pub struct Processes {
    child: Child,
    mark: String,
}

impl Processes {
    /// Processes of which `child`, with `mark` as a variable of its environment, is the first.
    pub fn of(child: Child, mark: String) -> Self {
        Self { child, mark }
    }

    /// Exit status of the first one, if it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is our child")
    }

    /// The first one.
    pub fn first(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// Writes to the standard input of the first one, which is a pipe.
    pub fn write(&mut self, text: &str) {
        let stdin = self.child.stdin.as_mut().expect("it is a pipe");
        stdin.write_all(text.as_bytes()).expect("it is read");
    }

    /// All that live.
    pub fn living(&self) -> Vec<Pid> {
        marked(&self.mark)
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        for pid in self.living() {
            // It may have ended since.
            let _ = kill(pid, Signal::SIGKILL);
        }
        let _ = self.child.wait();
    }
}

/// The living processes with this mark. One that has ended but was not waited for yet has no
/// environment any more.
pub fn marked(mark: &str) -> Vec<Pid> {
    let is_marked = |pid: &i32| {
        let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else {
            return false;
        };
        environment
            .split(|&byte| byte == 0)
            .any(|variable| variable == mark.as_bytes())
    };
    let names = list(Path::new("/proc"));
    let pids = names.iter().filter_map(|name| name.parse().ok());
    pids.filter(is_marked).map(Pid::from_raw).collect()
}

/// Looks until nothing is left or the grace is over.
pub fn settle<T>(look: impl Fn() -> Vec<T>) -> Vec<T> {
    let deadline = Instant::now() + GRACE;
    loop {
        let left = look();
        if left.is_empty() || Instant::now() > deadline {
            return left;
        }
        sleep(POLL);
    }
}

/// The names in a folder, in order.
pub fn list(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let name = |entry: DirEntry| entry.file_name().to_string_lossy().into_owned();
    let mut names: Vec<String> = entries.flatten().map(name).collect();
    names.sort_unstable();
    names
}
