//! Runs of loadgen against an HTTP server, by the binary that is given.

use crate::{
    Result,
    client::{Done, Job, Load, SLACK},
    process::{self, Usage},
};
use serde_json::Value;
use std::{fs, path::Path, process::Command, time::Duration};
use tempfile::TempDir;

/// The binary that was built with the benches.
pub const BUILT: &str = env!("CARGO_BIN_EXE_loadgen");

/// Loadgen's exit code when it was itself the bottleneck: a machine that has other work to do.
const INVALID: i32 = 96;

/// Loadgen's exit code when a threshold was missed, as on such a machine. Errors are counted anyway.
const MISSED: i32 = 99;

/// A load on a server, in the words of a scenario.
pub struct Scenario<'a> {
    /// The server.
    pub base: &'a str,
    /// Keys of `[http]`.
    pub http: &'a str,
    /// Keys of `[load]`, without its duration.
    pub load: &'a str,
    /// For how long.
    pub length: Duration,
    /// Steps of the task, and tables that follow them.
    pub steps: &'a str,
}

/// A job written as a scenario, and the command that runs it.
pub struct HttpRun {
    /// Not started yet.
    pub command: Command,
    limit: Duration,
    folder: TempDir,
}

impl HttpRun {
    /// With everything on: recording, timeline, thresholds and result file.
    pub fn new(program: &Path, job: Job) -> Result<Self> {
        let connections = job.connections;
        let load = match job.load {
            Load::Closed => format!("users = {connections}"),
            Load::Rate(rate) => format!("rate = \"{rate}/s\"\nmax_in_flight = {connections}"),
            Load::Thinking => format!(
                "users = {connections}\nspawn_rate = {}\nthink = \"1s..2s\"",
                connections / 5
            ),
        };
        let url = url::Url::parse(job.url)?;
        let (base, path) = (&url[..url::Position::BeforePath], url.path());
        let scenario = Scenario {
            base,
            http: "",
            load: &load,
            length: job.length,
            steps: &step(path),
        };
        Self::of(program, &scenario)
    }

    /// The same for any scenario of one server.
    pub fn of(program: &Path, scenario: &Scenario) -> Result<Self> {
        let Scenario {
            base,
            http,
            load,
            length,
            steps,
        } = scenario;
        let seconds = length.as_secs();
        let text = format!(
            r#"thresholds = ["p95 < 1s", "error_rate < 1%", "rate > 1/s"]
[target]
url = "{base}"
[http]
{http}
[load]
{load}
duration = "{seconds}s"
[[task]]
name = "get"
{steps}
"#
        );
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("bench.toml");
        fs::write(&file, text)?;
        let mut command = Command::new(program);
        command
            .args(["run", "--dashboard", "off", "--json"])
            .args([&folder.path().join("result.json"), &file]);
        Ok(Self {
            command,
            limit: *length + SLACK,
            folder,
        })
    }

    /// Runs it, alone.
    pub fn run(&mut self) -> Result<Done> {
        let usage = process::run(&mut self.command, self.limit)?;
        self.done(usage)
    }

    /// Reads the result file of the run, once it has ended; an invalid run is no error.
    pub fn done(&self, usage: Usage) -> Result<Done> {
        if ![0, INVALID, MISSED].contains(&usage.code) {
            let (command, code) = (&self.command, usage.code);
            return Err(format!("{command:?} ended with {code}:\n{}", usage.stdout).into());
        }
        let result = self.result()?;
        let total = |path| {
            let number = result.pointer(path).and_then(Value::as_u64);
            number.ok_or_else(|| format!("no number at {path} of loadgen's result"))
        };
        let errors = total("/totals/errors/count")?;
        Ok(Done {
            requests: total("/totals/count")? - errors,
            errors: errors + total("/totals/dropped")?,
            invalid: usage.code == INVALID,
            usage,
        })
    }

    /// The result file of the run, once it has ended.
    pub fn result(&self) -> Result<Value> {
        let text = fs::read(self.folder.path().join("result.json"))?;
        Ok(serde_json::from_slice(&text)?)
    }
}

/// A step that gets a path.
pub fn step(path: &str) -> String {
    format!("[[task.step]]\nget = \"{path}\"\nexpect = {{ status = 200 }}\n")
}
