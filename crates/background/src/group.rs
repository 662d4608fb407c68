//! Process groups that do not outlive this process, however it ends.

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use procfs_core::{FromRead, process::Stat};
use std::{
    fs, io,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio::time::{Instant, sleep};

/// Longest time between SIGTERM and SIGKILL of a group.
const GRACE: Duration = Duration::from_secs(1);

/// Pause between two looks at a group that is told to end.
const POLL: Duration = Duration::from_millis(10);

/// Script of the guard. Its standard input ends when this process does, even by SIGKILL; then it
/// ends the group, itself included.
const GUARD: &str = "trap '' HUP INT QUIT TERM; read -r _; kill -TERM 0; sleep 1; kill -KILL 0";

/// A process group whose leader is a guard, so that the group's number is nobody else's as long as
/// this lives. Dropping it kills the group.
pub struct ProcessGroup {
    /// Not waited for before the group is killed.
    guard: Child,
    id: i32,
}

impl ProcessGroup {
    /// A group of the guard alone.
    ///
    /// # Errors
    /// When the guard cannot be started.
    pub fn new() -> io::Result<Self> {
        let guard = Command::new("/bin/sh")
            .args(["-c", GUARD])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let id = i32::try_from(guard.id()).map_err(io::Error::other)?;
        Ok(Self { guard, id })
    }

    /// Number of the group, for processes that join it.
    pub fn id(&self) -> i32 {
        self.id
    }

    /// True when nobody but the guard is known to live in it.
    pub fn is_empty(&self) -> bool {
        // Without /proc the group is kept to the end.
        let Ok(processes) = fs::read_dir("/proc") else {
            return false;
        };
        let names = processes.flatten().map(|entry| entry.file_name());
        let pids = names.filter_map(|name| name.to_str()?.parse::<i32>().ok());
        let mut others = pids.filter(|pid| *pid != self.id);
        !others.any(|pid| is_member(pid, self.id))
    }

    /// Tells the group to end, and kills what is left of it after a moment.
    pub async fn end(self) {
        self.signal(Signal::SIGTERM);
        let deadline = Instant::now() + GRACE;
        while Instant::now() < deadline && !self.is_empty() {
            sleep(POLL).await;
        }
        // The rest is done by dropping it.
    }

    fn signal(&self, signal: Signal) {
        // Cannot fail while the guard is there, and nobody is left to be told otherwise.
        let _ = killpg(Pid::from_raw(self.id), signal);
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
        // The guard was killed: this does not wait.
        let _ = self.guard.wait();
    }
}

/// True for a living process of this group.
fn is_member(pid: i32, group: i32) -> bool {
    let stat = Stat::from_file(format!("/proc/{pid}/stat"));
    stat.is_ok_and(|stat| stat.pgrp == group && !matches!(stat.state, 'Z' | 'X'))
}
