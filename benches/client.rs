//! The clients: how each is told what to do, and what it says it did.

use crate::{
    Result,
    loadgen::{self, HttpRun},
    process::{self, Usage},
};
use serde_json::Value;
use std::{process::Command, time::Duration};

/// Longest time from a client's measurement to its end.
pub const SLACK: Duration = Duration::from_secs(60);

/// A client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// This project's.
    Loadgen,
    /// wrk: closed model, C.
    Wrk,
    /// oha: closed and open model, Rust.
    Oha,
    /// h2load: closed model, HTTP/2 with a request at a time on each connection, C.
    H2load,
}

/// Load models of a client.
#[derive(Debug, Clone, Copy)]
pub enum Load {
    /// Each connection has a request under way at all times.
    Closed,
    /// So many a second, evenly, over the connections.
    Rate(u64),
    /// Each connection is a user who pauses for one to two seconds; they come within five seconds.
    Thinking,
}

/// Work of a client.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The URL to get.
    pub url: &'a str,
    /// Connections, or users.
    pub connections: usize,
    /// Load that it makes.
    pub load: Load,
    /// For how long.
    pub length: Duration,
}

/// Results of a client.
#[derive(Debug, Clone)]
pub struct Done {
    /// Answers with status 200, as the client counted them.
    pub requests: u64,
    /// Everything else that it counted, but for what it cut off at the end.
    pub errors: u64,
    /// True if it was its own bottleneck, as only loadgen can tell.
    pub invalid: bool,
    /// Resources that it used.
    pub usage: Usage,
}

impl Done {
    /// CPU time per request in microseconds.
    pub fn cpu_us(&self) -> f64 {
        self.usage.cpu.as_secs_f64() * 1e6 / self.requests as f64
    }

    /// Requests per second over the whole life of the process.
    pub fn rate(&self) -> f64 {
        self.requests as f64 / self.usage.wall.as_secs_f64()
    }

    /// Highest resident memory in MB.
    pub fn rss_mb(&self) -> f64 {
        self.usage.max_rss as f64 / 1e6
    }
}

impl Client {
    /// As its command is called.
    pub fn name(self) -> &'static str {
        match self {
            Client::Loadgen => "loadgen",
            Client::Wrk => "wrk",
            Client::Oha => "oha",
            Client::H2load => "h2load",
        }
    }

    /// Its version in its own words.
    pub fn version(self) -> Result<String> {
        let (program, flag) = match self {
            Client::Loadgen => (loadgen::BUILT, "--version"),
            // It prints its usage too and exits with 1.
            Client::Wrk => ("wrk", "-v"),
            Client::Oha => ("oha", "--version"),
            Client::H2load => ("h2load", "--version"),
        };
        let output = Command::new(program)
            .arg(flag)
            .output()
            .map_err(|error| format!("{program}: {error}; scripts/bench installs it"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let line = text.lines().next().unwrap_or_default();
        Ok(line.split(" Copyright").next().unwrap_or(line).to_owned())
    }

    /// Does the job.
    pub fn run(self, job: Job) -> Result<Done> {
        match self {
            Client::Loadgen => HttpRun::new(loadgen::BUILT.as_ref(), job)?.run(),
            Client::Wrk => wrk(job),
            Client::Oha => oha(job),
            Client::H2load => h2load(job),
        }
    }
}

fn wrk(job: Job) -> Result<Done> {
    let Load::Closed = job.load else {
        return Err("wrk knows the closed model only".into());
    };
    let mut command = Command::new("wrk");
    command
        .args(["--threads", "1"])
        .args(["--connections", &job.connections.to_string()])
        .args(["--duration", &format!("{}s", job.length.as_secs())])
        .arg(job.url);
    let usage = ended(&mut command, job)?;
    let text = &usage.stdout;
    // "  123456 requests in 10.00s, 12.3MB read", and lines on errors only if there were some.
    let requests = text
        .lines()
        .find_map(|line| line.trim().split_once(" requests in ")?.0.parse().ok())
        .ok_or_else(|| format!("no count in wrk's output:\n{text}"))?;
    if text.contains("Socket errors") || text.contains("Non-2xx") {
        return Err(format!("wrk met errors:\n{text}").into());
    }
    Ok(Done {
        requests,
        errors: 0,
        invalid: false,
        usage,
    })
}

fn oha(job: Job) -> Result<Done> {
    let mut command = Command::new("oha");
    command
        .args(["--no-tui", "--output-format", "json"])
        .args(["-c", &job.connections.to_string()])
        .args(["-z", &format!("{}s", job.length.as_secs())]);
    match job.load {
        Load::Closed => {}
        Load::Rate(rate) => {
            command.args(["-q", &rate.to_string()]);
        }
        Load::Thinking => return Err("oha knows no think time".into()),
    }
    let usage = ended(command.arg(job.url), job)?;
    let result: Value = serde_json::from_str(&usage.stdout)?;
    let counts = |key: &str| {
        let table = result[key].as_object().into_iter().flatten();
        table.map(|(name, count)| (name.clone(), count.as_u64().unwrap_or(0)))
    };
    Ok(Done {
        requests: counts("statusCodeDistribution")
            .filter(|(status, _)| status == "200")
            .map(|(_, count)| count)
            .sum(),
        errors: counts("errorDistribution")
            .filter(|(error, _)| error != "aborted due to deadline")
            .map(|(_, count)| count)
            .sum(),
        invalid: false,
        usage,
    })
}

fn h2load(job: Job) -> Result<Done> {
    let Load::Closed = job.load else {
        return Err("h2load knows the closed model only".into());
    };
    let mut command = Command::new("h2load");
    command
        .args(["--clients", &job.connections.to_string()])
        .args(["--max-concurrent-streams", "1"])
        .args(["--duration", &job.length.as_secs().to_string()])
        .arg(job.url);
    let usage = ended(&mut command, job)?;
    let text = &usage.stdout;
    // "requests: 9 total, 9 started, 9 done, 8 succeeded, 1 failed, 0 errored, 0 timeout"
    let count = |name: &str| -> Result<u64> {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("requests: "));
        let counts = line.into_iter().flat_map(|line| line.split(", "));
        counts
            .filter_map(|count| count.strip_suffix(name)?.trim_end().parse().ok())
            .next()
            .ok_or_else(|| format!("no count of {name} in h2load's output:\n{text}").into())
    };
    Ok(Done {
        requests: count("succeeded")?,
        errors: count("failed")?,
        invalid: false,
        usage,
    })
}

/// Runs it to its end, which must be a success.
fn ended(command: &mut Command, job: Job) -> Result<Usage> {
    let usage = process::run(command, job.length + SLACK)?;
    if usage.code == 0 {
        return Ok(usage);
    }
    let (program, code) = (command.get_program().display(), usage.code);
    Err(format!("{program} ended with {code}:\n{}", usage.stdout).into())
}
