//! Two databases on one PostgreSQL, both with pgbench's tables, and loadgen's runs on them.

use crate::{
    Result,
    client::SLACK,
    process::{self, Usage},
};
use serde_json::Value;
use std::{fs, path::Path, process::Command, time::Duration};
use tempfile::TempDir;
use test_support::servers::{Server, ServerKind};

/// Connections, each with a statement under way at all times.
pub const CLIENTS: &str = "8";

/// A million accounts.
pub const SCALE: &str = "10";

/// The server, on the servers' core. It ends when this is dropped.
pub struct Databases {
    server: Server,
    /// Two, as no two have their rows in the same places: what is compared has each once.
    pub urls: [String; 2],
}

impl Databases {
    /// Starts the server, and has this loadgen make and fill the tables.
    pub fn start(loadgen: &Path) -> Result<Self> {
        // fsync off: disk time belongs to neither client, and differs from run to run.
        let server = Server::start(ServerKind::Postgres, &["shared_buffers=256MB", "fsync=off"]);
        let urls = [server.fresh(), server.fresh()];
        for url in &urls {
            let mut fill = Command::new(loadgen);
            let used = process::run(fill.args(["init", "sql", url, "--scale", SCALE]), SLACK)?;
            if used.code != 0 {
                return Err(format!("{fill:?} ended with {}:\n{}", used.code, used.stdout).into());
            }
        }
        Ok(Self { server, urls })
    }

    /// Port that the server listens on.
    pub fn port(&self) -> String {
        self.server.port().to_string()
    }
}

/// Results of a client's run.
pub struct Done {
    /// Transactions that it completed.
    pub transactions: f64,
    /// Wall time, of both clients from the first connection on: pgbench sets the alarm that ends it
    /// before it connects.
    pub took: Duration,
    /// Resources that it used.
    pub usage: Usage,
    /// Median latency in microseconds.
    pub p50: f64,
    /// Mean latency in microseconds.
    pub mean: f64,
}

impl Done {
    /// CPU time per transaction in microseconds.
    pub fn cpu_us(&self) -> f64 {
        self.usage.cpu.as_secs_f64() * 1e6 / self.transactions
    }

    /// Transactions per second of wall time.
    pub fn rate(&self) -> f64 {
        self.transactions / self.took.as_secs_f64()
    }
}

/// A run of loadgen with a scenario of scenarios/sql.
pub struct StatementRun {
    /// Not started yet.
    pub command: Command,
    scenario: String,
    folder: TempDir,
}

impl StatementRun {
    /// Does all that it can for so long, or so many transactions a second.
    pub fn new(
        program: &Path,
        scenario: &str,
        url: &str,
        rate: Option<u64>,
        length: Duration,
    ) -> Result<Self> {
        let scenarios = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/sql");
        let seconds = format!("{}s", length.as_secs());
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(program);
        command
            .arg("run")
            .arg(format!("{scenarios}/{scenario}.toml"))
            .args(["--duration", &seconds, "--workers", "1"])
            .args(["--quiet", "--no-thresholds"])
            .arg("--json")
            .arg(folder.path().join("result.json"))
            .env("DATABASE", url)
            .env("SCALE", SCALE);
        match rate {
            None => command.args(["--users", CLIENTS]),
            Some(rate) => {
                // pgbench has all its connections before its schedule begins.
                let load = format!(
                    "load={{ rate = {rate}, arrivals = \"poisson\", max_in_flight = {CLIENTS}, duration = \"{seconds}\", warmup = \"1s\" }}"
                );
                command.args(["--set", &load])
            }
        };
        Ok(Self {
            command,
            scenario: scenario.to_owned(),
            folder,
        })
    }

    /// Reads the result file of the run, once it has ended.
    pub fn done(&self, (usage, took): (Usage, Duration)) -> Result<Done> {
        let text = fs::read_to_string(self.folder.path().join("result.json"))?;
        let result: Value = serde_json::from_str(&text)?;
        let task = &result["tasks"][0];
        let number = |value: &Value| value.as_f64().ok_or("a figure is missing");
        if number(&task["errors"]["count"])? > 0.0 {
            return Err(format!("{} failed: {}", self.scenario, task["errors"]).into());
        }
        Ok(Done {
            transactions: number(&task["count"])?,
            took,
            usage,
            p50: number(&task["latency_us"]["p50"])?,
            mean: number(&task["latency_us"]["mean"])?,
        })
    }
}
