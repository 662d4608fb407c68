//! The hot spots of scenarios/weather/weighted.toml, once by loadgen and once by the Goose program in
//! examples/goose, against the same service.

use crate::{
    Options, Result,
    process::{self, SERVER_CORE, Usage},
    report::{Report, Target, median},
};
use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Users, who come within five seconds and think for one to two seconds.
const USERS: usize = 500;
const COMING: Duration = Duration::from_secs(5);

/// All users have come, and made some requests.
const LEAST: Duration = Duration::from_secs(20);

const SLACK: Duration = Duration::from_secs(60);

/// Requests that users may have in flight when their client ends.
const UNDER_WAY: f64 = USERS as f64;

/// Largest difference between the two numbers of requests, as a share.
const APART: f64 = 0.03;

const CLIENTS: [&str; 2] = ["loadgen", "goose"];

/// Results as a client reports them.
#[derive(Debug, Clone)]
struct Done {
    count: f64,
    /// Microseconds.
    percentiles: [f64; 3],
    usage: Usage,
}

impl Done {
    fn cpu_us(&self) -> f64 {
        self.usage.cpu.as_secs_f64() * 1e6 / self.count
    }

    fn rss_mb(&self) -> f64 {
        self.usage.max_rss as f64 / 1e6
    }
}

/// Lets the two take turns.
pub fn measure(options: &Options) -> Result<Report> {
    let length = options.length.max(LEAST);
    let goose = Path::new(env!("CARGO_BIN_EXE_loadgen")).with_file_name("goose-example");
    if !goose.exists() {
        return Err("examples/goose is not built: scripts/bench goose does it".into());
    }
    let service = Service::start()?;
    let mut rounds = Vec::new();
    for round in 0..options.rounds {
        let mut one = [None, None];
        for turn in 0..CLIENTS.len() {
            let index = (round + turn) % CLIENTS.len();
            let before = service.answered()?;
            let done = match index {
                0 => loadgen(&service, length)?,
                _ => with_goose(&goose, &service, length)?,
            };
            let answered = service.answered()? - before;
            if (answered - done.count).abs() > UNDER_WAY {
                let (name, counted) = (CLIENTS[index], done.count);
                return Err(
                    format!("{name} counted {counted} requests, the service {answered}").into(),
                );
            }
            println!(
                "round {}: {:8} {:6.0} requests, p50 {:5.0} us, p95 {:5.0} us, p99 {:6.0} us, {:6.1} us CPU per request",
                round + 1,
                CLIENTS[index],
                done.count,
                done.percentiles[0],
                done.percentiles[1],
                done.percentiles[2],
                done.cpu_us(),
            );
            one[index] = Some(done);
        }
        rounds.push(one.map(|one| one.expect("each took its turn")));
    }
    let mut table = vec![
        [
            "",
            "requests",
            "requests/s",
            "p50 us",
            "p95 us",
            "p99 us",
            "CPU us/request",
            "memory MB",
        ]
        .map(String::from)
        .to_vec(),
    ];
    for (index, name) in CLIENTS.iter().enumerate() {
        let middle =
            |figure: &dyn Fn(&Done) -> f64| median(rounds.iter().map(|one| figure(&one[index])));
        let count = middle(&|done| done.count);
        table.push(vec![
            (*name).to_owned(),
            format!("{count:.0}"),
            format!("{:.1}", count / length.as_secs_f64()),
            format!("{:.0}", middle(&|done| done.percentiles[0])),
            format!("{:.0}", middle(&|done| done.percentiles[1])),
            format!("{:.0}", middle(&|done| done.percentiles[2])),
            format!("{:.1}", middle(&Done::cpu_us)),
            format!("{:.1}", middle(&Done::rss_mb)),
        ]);
    }
    let ratio = |figure: &dyn Fn(&Done) -> f64| {
        median(
            rounds
                .iter()
                .map(|[own, other]| figure(own) / figure(other)),
        )
    };
    let target = |name, measured, at_most| Target {
        name,
        measured,
        at_most,
        unit: "",
    };
    Ok(Report {
        title: "The same load in Goose",
        method: format!(
            "{USERS} users who come within {} s and think for 1 to 2 s ask the bundled weather service (SQLite, cache \
             in memory, on another core) for the hot spots of scenarios/weather/weighted.toml, drawn by loadgen's \
             generators in both; {} s, {} rounds in turn. Medians. Goose times a request from its start to the head of \
             the answer, loadgen from when it was due to its last byte. The service's own count agrees with both.",
            COMING.as_secs(),
            length.as_secs(),
            options.rounds
        ),
        table,
        targets: vec![
            target(
                "loadgen's CPU per request, of Goose's",
                ratio(&Done::cpu_us),
                1.0,
            ),
            target(
                "requests apart, share",
                (ratio(&|done| done.count) - 1.0).abs(),
                APART,
            ),
        ],
    })
}

fn loadgen(service: &Service, length: Duration) -> Result<Done> {
    let folder = tempfile::tempdir()?;
    let result = folder.path().join("result.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
    command
        .arg("run")
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/scenarios/weather/weighted.toml"
        ))
        .args(["--target", &service.url(), "--users", &USERS.to_string()])
        .args([
            "--set",
            &format!("load.spawn_rate={}", USERS as u64 / COMING.as_secs()),
        ])
        .args(["--duration", &format!("{}s", length.as_secs())])
        .args(["--quiet", "--no-thresholds", "--json"])
        .arg(&result);
    let usage = process::run(&mut command, length + SLACK)?;
    let result: Value = serde_json::from_slice(&fs::read(result)?)?;
    let totals = &result["totals"];
    let latency = &totals["latency_us"];
    done(totals, &totals["errors"]["count"], latency, usage)
}

fn with_goose(program: &PathBuf, service: &Service, length: Duration) -> Result<Done> {
    let folder = tempfile::tempdir()?;
    let summary = folder.path().join("summary.json");
    let mut command = Command::new(program);
    command
        .args(["--host", &service.url(), "--users", &USERS.to_string()])
        .args(["--increase-time", &COMING.as_secs().to_string()])
        // Its run time begins when all have come, and what was before is forgotten.
        .args(["--run-time", &(length - COMING).as_secs().to_string()])
        .args(["--no-reset-metrics", "--no-telnet", "--no-websocket"])
        .args(["--no-print-metrics", "-q"])
        .env("SUMMARY", &summary);
    let usage = process::run(&mut command, length + SLACK)?;
    let summary: Value = serde_json::from_slice(&fs::read(summary)?)?;
    done(&summary, &summary["errors"], &summary, usage)
}

fn done(counts: &Value, errors: &Value, figures: &Value, usage: Usage) -> Result<Done> {
    let number = |value: &Value| value.as_f64().ok_or("a figure is missing");
    if number(errors)? > 0.0 {
        return Err(format!("errors: {counts}").into());
    }
    let percentiles = [&figures["p50"], &figures["p95"], &figures["p99"]];
    let [p50, p95, p99] = percentiles.map(number);
    Ok(Done {
        count: number(&counts["count"])?,
        percentiles: [p50?, p95?, p99?],
        usage,
    })
}

/// The bundled weather service on the servers' core. Ends when dropped.
struct Service {
    child: Child,
    address: String,
}

impl Service {
    fn start() -> Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_loadgen"));
        // It ends with its standard input, whatever becomes of this program.
        command
            .args([
                "target",
                "weather",
                "--port",
                "0",
                "--managed",
                "--cache",
                "memory",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = process::start(&mut command, SERVER_CORE)?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or("the service has no output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let ready: Value = serde_json::from_str(&line)?;
        let url = ready["services"][0]["url"].as_str();
        let url = url.ok_or_else(|| format!("the service does not say where it is: {line}"))?;
        let address = url
            .trim_start_matches("http://")
            .trim_end_matches('/')
            .to_owned();
        Ok(Self { child, address })
    }

    fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Number of statements that it has executed, by its own count.
    fn answered(&self) -> Result<f64> {
        let mut socket = TcpStream::connect(&self.address)?;
        let head = format!(
            "GET /metrics HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            self.address
        );
        socket.write_all(head.as_bytes())?;
        let mut page = String::new();
        socket.read_to_string(&mut page)?;
        let lines = page
            .lines()
            .filter(|line| line.starts_with("http_requests_total{") && line.contains("\"/query\""));
        let counts = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        Ok(counts.sum())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
