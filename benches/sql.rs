//! Databases, in turn with pgbench: the same tables, statements and number of clients.

use crate::{
    Options, Result,
    client::SLACK,
    databases::{CLIENTS, Databases, Done, SCALE, StatementRun},
    loadgen::BUILT,
    pairs::Pairs,
    process::{self, Usage},
    report::{Report, Target, median},
};
use std::{fs, path::Path, process::Command, time::Duration};

/// Arrivals per second of the open loads, by job: far from what the server can do.
const RATES: [u64; 2] = [500, 100];

/// Loadgen's latencies are to be those that pgbench logs but for so much.
const APART: f64 = 0.1;

/// A load that both know.
#[derive(Clone, Copy)]
struct Job<'a> {
    scenario: &'a str,
    flags: &'a [&'a str],
    /// Name of its CPU target.
    cpu: &'static str,
    throughput: &'static str,
}

const JOBS: [Job<'_>; 2] = [
    Job {
        scenario: "select-only",
        flags: &["-S"],
        cpu: "select-only: CPU, of pgbench's, upper bound",
        throughput: "select-only: pgbench's throughput, of loadgen's",
    },
    Job {
        scenario: "tpcb-like",
        flags: &[],
        cpu: "tpcb-like: CPU, of pgbench's, upper bound",
        throughput: "tpcb-like: pgbench's throughput, of loadgen's",
    },
];

/// Both clients in turn, on each load, then at a rate.
pub fn measure(options: &Options) -> Result<Report> {
    let databases = Databases::start(BUILT.as_ref())?;
    let folder = tempfile::tempdir()?;
    let bench = Bench {
        databases: &databases,
        folder: folder.path(),
        length: options.length,
    };
    let mut table = vec![
        [
            "load",
            "client",
            "CPU us/transaction",
            "transactions/s",
            "p50 us",
            "mean us",
        ]
        .map(String::from)
        .to_vec(),
    ];
    let mut targets = Vec::new();
    // Bounds take two.
    let turns = options.rounds.max(2);
    let awake = process::keep_awake();
    let halted = match awake {
        Some(_) => "kept from being halted",
        None => "halted",
    };
    for job in JOBS {
        let pairs = Pairs::run(
            &databases,
            turns,
            (job.scenario, 2 * options.length),
            |url, length| bench.pgbench(job, None, url, length),
            |spent| bench.others(spent),
        )?;
        let (cpu, rate) = (pairs.ratio(Done::cpu_us), pairs.ratio(Done::rate));
        table.extend(rows(job.scenario, &pairs.0));
        let (of_cpu, of_rate) = (cpu.to_string(), rate.to_string());
        let row = [job.scenario, "of pgbench's", &of_cpu, &of_rate, "-", "-"];
        table.push(row.map(String::from).to_vec());
        targets.push(at_most(job.cpu, cpu.upper, 1.0));
        // By its mean: both send all that the server can do, so that it is near 1 for either.
        targets.push(at_most(job.throughput, 1.0 / rate.mean, 1.0));
    }
    drop(awake);
    for (job, rate) in JOBS.into_iter().zip(RATES) {
        let rounds = bench.rounds(turns, job, rate)?;
        let load = format!("{} at {rate}/s", job.scenario);
        table.extend(rows(&load, &rounds));
        let ratio = |figure: &dyn Fn(&Done) -> f64| {
            let ratios = rounds
                .iter()
                .map(|(own, other)| figure(own) / figure(other));
            median(ratios)
        };
        let (p50, mean) = (ratio(&|d| d.p50), ratio(&|d| d.mean));
        match job.scenario {
            // Here much of the time is the clients' own: pgbench's log holds the lag behind its
            // schedule, which is longer than ours, so that ours can be lower.
            "select-only" => {
                targets.push(at_most(
                    "select-only at a rate: p50, of pgbench's",
                    p50,
                    1.0 + APART,
                ));
                targets.push(at_most(
                    "select-only at a rate: mean, of pgbench's",
                    mean,
                    1.0 + APART,
                ));
            }
            // Here it is the server's, and both must find the same.
            _ => {
                let apart = |ratio: f64| (ratio - 1.0).abs();
                targets.push(at_most(
                    "tpcb-like at a rate: p50 apart, share",
                    apart(p50),
                    APART,
                ));
                targets.push(at_most(
                    "tpcb-like at a rate: mean apart, share",
                    apart(mean),
                    APART,
                ));
            }
        }
    }
    Ok(Report {
        title: "Databases beside pgbench",
        method: format!(
            "PostgreSQL with {SCALE} pgbench branches, without fsync, on one core, {CLIENTS} clients on the other, prepared \
             statements. Where they do all that they can, both run at once for {} s, each on a database of its own, and one is \
             stopped while the other goes, in turn of 30 ms; {turns} rounds of two such runs, in which each has each database; idle \
             cores are {halted}. Their ratios are geometric means of those within each round, with 95 % of such measurements \
             above the lower bound and as many below the upper, by Student's t on their logarithms. \
             At a rate one follows the other, for {} s each; of twice as many rounds the {turns} from which \
             the machine's host took the least time, and ratios are medians. Other figures are medians.",
            2 * options.length.as_secs(),
            options.length.as_secs(),
        ),
        table,
        targets,
    })
}

fn at_most(name: &'static str, measured: f64, at_most: f64) -> Target {
    Target {
        name,
        measured,
        at_most,
        unit: "",
    }
}

fn rows(load: &str, rounds: &[(Done, Done)]) -> Vec<Vec<String>> {
    let row = |client: &str, done: &dyn Fn(&(Done, Done)) -> &Done| {
        let middle = |figure: &dyn Fn(&Done) -> f64| match median(
            rounds.iter().map(|round| figure(done(round))),
        ) {
            untold if untold.is_nan() => "-".to_owned(),
            told => format!("{told:.1}"),
        };
        vec![
            load.to_owned(),
            client.to_owned(),
            middle(&Done::cpu_us),
            middle(&Done::rate),
            middle(&|done| done.p50),
            middle(&|done| done.mean),
        ]
    };
    vec![
        row("loadgen", &|round| &round.0),
        row("pgbench", &|round| &round.1),
    ]
}

/// The server, and where results are put.
struct Bench<'a> {
    databases: &'a Databases,
    folder: &'a Path,
    length: Duration,
}

impl Bench<'_> {
    /// Both clients, in turn; who is first changes, so that a machine that becomes slower or faster
    /// does so for both. Of twice as many rounds as asked for, those from which the machine's host
    /// took the least time.
    fn rounds(&self, number: usize, job: Job<'_>, rate: u64) -> Result<Vec<(Done, Done)>> {
        let [url, _] = &self.databases.urls;
        let run = |command: &mut Command| {
            let usage = process::run(command, self.length + SLACK)?;
            Ok::<_, Box<dyn std::error::Error>>((usage, self.length))
        };
        let own = || {
            let rate = Some(rate);
            let mut own = StatementRun::new(BUILT.as_ref(), job.scenario, url, rate, self.length)?;
            let spent = run(&mut own.command)?;
            own.done(spent)
        };
        let others = || self.others(run(&mut self.pgbench(job, Some(rate), url, self.length))?);
        let round = |round: usize| {
            if round.is_multiple_of(2) {
                let own = own()?;
                return Ok((own, others()?));
            }
            let others = others()?;
            Ok((own()?, others))
        };
        let mut rounds = (0..2 * number).map(round).collect::<Result<Vec<_>>>()?;
        rounds.sort_by_key(|(own, other)| own.usage.stolen + other.usage.stolen);
        rounds.truncate(number);
        Ok(rounds)
    }

    fn pgbench(&self, job: Job<'_>, rate: Option<u64>, url: &str, length: Duration) -> Command {
        let mut command = Command::new("pgbench");
        let seconds = length.as_secs().to_string();
        let port = self.databases.port();
        command
            .args([
                "-n", "-M", "prepared", "-c", CLIENTS, "-j", "1", "-T", &seconds,
            ])
            .args(["-h", "127.0.0.1", "-p", &port, "-U", "postgres"])
            .args(job.flags);
        if let Some(rate) = rate {
            // Writing the log costs it CPU, so it is only asked for where latencies are compared.
            command.args(["-R", &rate.to_string(), "--log", "--log-prefix"]);
            command.arg(self.folder.join("log"));
        }
        command.arg(url.rsplit('/').next().unwrap_or_default());
        command
    }

    /// Results of pgbench.
    fn others(&self, (usage, took): (Usage, Duration)) -> Result<Done> {
        let said = |line: &str| {
            let rest = usage.stdout.lines().find_map(|own| own.strip_prefix(line));
            let digits = rest.and_then(|rest| rest.split([' ', '/']).find(|word| !word.is_empty()));
            digits.and_then(|digits| digits.parse::<f64>().ok())
        };
        let transactions = said("number of transactions actually processed:");
        let logged = self.logged()?;
        let [p50, mean] = match logged.len() {
            0 => [f64::NAN; 2],
            length => [
                median(logged.iter().copied()),
                logged.iter().sum::<f64>() / length as f64,
            ],
        };
        Ok(Done {
            transactions: transactions.ok_or("pgbench does not say what it did")?,
            took,
            p50,
            mean,
            usage,
        })
    }

    /// The latencies of its log, which is removed.
    fn logged(&self) -> Result<Vec<f64>> {
        let mut latencies = Vec::new();
        for entry in fs::read_dir(self.folder)? {
            let path = entry?.path();
            if path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("log"))
            {
                let text = fs::read_to_string(&path)?;
                let third = text.lines().filter_map(|line| line.split(' ').nth(2));
                latencies.extend(third.filter_map(|field| field.parse::<f64>().ok()));
                fs::remove_file(&path)?;
            }
        }
        Ok(latencies)
    }
}
