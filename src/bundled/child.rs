//! One process of the target app.
//!
//! The child holds the reading end of a pipe. When this process ends, in whatever way, the pipe
//! closes; the child sees it, stops and removes its own files. It leads a process group of its
//! own, so that Ctrl-C in the terminal reaches only loadgen.

use super::{Served, health::wait_healthy, stderr_tail::StderrTail};
use crate::plan::{AppPool, AppSettings};
use serde::Deserialize;
use std::{
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tempfile::{Builder, TempDir};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child as Process, ChildStdin, ChildStdout, Command},
    time::timeout,
};

/// Creating and filling the database included.
const START_TIMEOUT: Duration = Duration::from_secs(60);
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// A process that runs a service.
pub(super) struct Child {
    process: Process,
    /// Its end of file tells the child to stop.
    life: Option<ChildStdin>,
    /// Standard output, on which the child reports once that it is ready.
    stdout: Option<ChildStdout>,
    /// Folder of its data, gone when this is dropped; None when its data is elsewhere. It removes
    /// the folder itself, unless it is killed: so that none is left, whichever of both goes first.
    folder: Option<TempDir>,
    stderr: StderrTail,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FirstLine {
    Ready { services: Vec<Served> },
    Failed { error: String },
}

impl Child {
    /// Starts `service`; `database` is a URL.
    ///
    /// # Errors
    /// In words, when the process cannot be made.
    pub fn spawn(
        service: &str,
        settings: &AppSettings,
        database: Option<&str>,
    ) -> Result<Self, String> {
        let program = std::env::current_exe()
            .map_err(|error| format!("this program's own file cannot be found: {error}"))?;
        let mut command = Command::new(&program);
        command
            .args(["target", service, "--port", "0", "--managed"])
            .args(pool(settings.pool.as_ref()))
            .args(&settings.flags);
        let folder = match database {
            Some(_) => None,
            None => Some(folder()?),
        };
        if let Some(folder) = &folder {
            command.arg("--data-dir").arg(folder.path());
        }
        // Not as arguments, which everybody on the machine can read.
        if let Some(database) = database {
            command.env("LOADGEN_DATABASE", database);
        }
        if let Some(cache) = &settings.cache {
            command.env("LOADGEN_CACHE", cache.expose());
        }
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .map_err(|error| format!("{} cannot be started: {error}", program.display()))?;
        let pipes = (
            process.stdin.take(),
            process.stdout.take(),
            process.stderr.take(),
        );
        let (Some(life), Some(stdout), Some(stderr)) = pipes else {
            return Err("the bundled target has no pipes".into());
        };
        let stderr = StderrTail::listen(stderr);
        Ok(Self {
            process,
            life: Some(life),
            stdout: Some(stdout),
            folder,
            stderr,
        })
    }

    /// Waits until what it serves is healthy. May be given up at any time; then the child still has
    /// to be stopped.
    ///
    /// # Errors
    /// In words, when it does not start or is not healthy in time.
    pub async fn ready(&mut self) -> Result<Vec<Served>, String> {
        let Some(stdout) = self.stdout.take() else {
            return Err("the bundled target was waited for twice".into());
        };
        let mut lines = BufReader::new(stdout).lines();
        let line = match timeout(START_TIMEOUT, lines.next_line()).await {
            Ok(line) => line.unwrap_or_default(),
            Err(_) => {
                return Err(format!(
                    "the bundled target was not ready after {START_TIMEOUT:?}"
                ));
            }
        };
        let Some(line) = line else {
            let problem = "the bundled target ended before it was ready";
            return Err(self.stderr.explain(problem.into()).await);
        };
        let services = match serde_json::from_str(&line) {
            Ok(FirstLine::Ready { services }) => services,
            Ok(FirstLine::Failed { error }) => {
                return Err(format!("the bundled target did not start: {error}"));
            }
            Err(error) => return Err(format!("the bundled target said {line:?}: {error}")),
        };
        for service in &services {
            wait_healthy(&service.url).await?;
        }
        Ok(services)
    }

    /// The temporary folder of its data; None when its data is elsewhere.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_ref().map(TempDir::path)
    }

    /// Waits until it ends by itself, which it should not, and says how.
    pub async fn failed(&mut self) -> String {
        let end = self.process.wait().await;
        self.stderr
            .explain(format!(
                "the bundled target ended during the run ({})",
                words(end)
            ))
            .await
    }

    /// Tells it to stop.
    pub fn let_go(&mut self) {
        drop(self.life.take());
    }

    /// Stops it and waits until it is gone.
    ///
    /// # Errors
    /// In words, when it did not end well.
    pub async fn stop(mut self) -> Result<(), String> {
        self.let_go();
        let end = match timeout(STOP_TIMEOUT, self.process.wait()).await {
            Ok(end) => end,
            Err(_) => {
                self.process
                    .kill()
                    .await
                    .map_err(|error| error.to_string())?;
                return Err(format!(
                    "the bundled target did not stop within {STOP_TIMEOUT:?} and was killed"
                ));
            }
        };
        match end {
            Ok(status) if status.success() => Ok(()),
            end => Err(self
                .stderr
                .explain(format!("the bundled target failed ({})", words(end)))
                .await),
        }
    }
}

fn pool(pool: Option<&AppPool>) -> Vec<String> {
    let (min, max, timeout) = match pool {
        None => return Vec::new(),
        Some(AppPool::Off) => return vec!["--no-pool".to_owned()],
        Some(AppPool::Bounds { min, max, timeout }) => (min, max, timeout),
    };
    let mut arguments = Vec::new();
    let mut flag = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
    if let Some(min) = min {
        flag("--pool-min", min.to_string());
    }
    if let Some(max) = max {
        flag("--pool-max", max.to_string());
    }
    if let Some(timeout) = timeout {
        flag("--pool-timeout", format!("{}ns", timeout.as_nanos()));
    }
    arguments
}

/// A temporary folder that is nobody else's, whatever the umask.
fn folder() -> Result<TempDir, String> {
    let mut builder = Builder::new();
    builder.prefix("loadgen-target-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir().map_err(|error| {
        let parent = std::env::temp_dir();
        let parent = parent.display();
        format!("the bundled target did not start: no folder can be made in {parent}: {error}")
    })
}

fn words(end: io::Result<ExitStatus>) -> String {
    end.map_or_else(|error| error.to_string(), |status| status.to_string())
}
