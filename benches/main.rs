//! loadgen beside wrk, oha, pgbench, tokio-postgres and Goose, on this machine, and beside itself:
//! `scripts/bench [peers|pacing|users|sql|tokio-postgres|goose|dashboards]`, `scripts/bench against COMMIT`.
//!
//! The clients have one core to themselves, the servers another. Each part prints what it found,
//! and the exit code says whether loadgen's own targets were reached.

mod against;
mod client;
mod dashboards;
mod databases;
mod drivers;
mod goose;
mod loadgen;
mod nginx;
mod pacing;
mod pairs;
mod peers;
mod process;
mod ratio;
mod report;
mod slices;
mod sql;
#[allow(
    dead_code,
    unused_imports,
    reason = "its own tests are not part of the benches"
)]
#[path = "../tests/support/mod.rs"]
mod support;
mod users;
mod verdict;

use report::Report;
use std::{fmt::Display, process::ExitCode, time::Duration};

/// Errors are told, not handled.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Above this load average the cores are not the clients' and the servers' alone.
const MOST_LOAD: f64 = 0.7;

const USAGE: &str = "\
usage: scripts/bench [peers|pacing|users|sql|tokio-postgres|goose|dashboards]... [--rounds N] [--seconds N] [--save]
  peers    CPU per request, requests/s and memory beside wrk and oha
  pacing   evenness of 5,000 arrivals a second beside oha, as the server saw them
  users    10,000 users with think time
  sql      CPU per transaction, transactions/s and latencies beside pgbench
  tokio-postgres   CPU per transaction and transactions/s beside a bare client over that library
  goose    the hot spots of the weather service beside examples/goose
  dashboards   the load's CPU per request with the dashboards and without
  --rounds N   how often each client takes its turn (5; dashboards 20)
  --seconds N  length of each measurement (10)
  --save       write benches/results/NAME.md too
or: scripts/bench against COMMIT [peers|sql|users|pacing]... [--minutes N]
  the same loads by this build and by that of COMMIT: CPU per request, memory, evenness
  --minutes N  the most for all of them together (20)
exit codes: 0 reached, or not slower; 1 missed, or slower; 2 an error; 3 could not tell";

/// What was asked for.
pub struct Options {
    /// How often each client takes its turn.
    pub rounds: usize,
    /// How long each measurement takes.
    pub length: Duration,
}

fn main() -> ExitCode {
    // `cargo bench` adds a flag.
    let args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    run(args).unwrap_or_else(|error| {
        eprintln!("bench: {error}");
        ExitCode::from(2)
    })
}

fn run(args: impl Iterator<Item = String>) -> Result<ExitCode> {
    let mut args = args.peekable();
    let against = args.next_if(|first| first == "against").is_some();
    process::settle()?;
    let load = process::load_average()?;
    if load > MOST_LOAD {
        eprintln!(
            "bench: the machine has other work (load {load:.1}): latencies will be its, not the clients'"
        );
    }
    if against {
        return against::run(args);
    }
    Ok(match beside_peers(args)? {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Beside other clients; tells whether loadgen's targets were reached.
fn beside_peers(mut args: impl Iterator<Item = String>) -> Result<bool> {
    let (mut rounds, mut length) = (None, Duration::from_secs(10));
    let (mut names, mut save) = (Vec::new(), false);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "peers" | "pacing" | "users" | "sql" | "tokio-postgres" | "goose" | "dashboards" => {
                names.push(arg)
            }
            "--rounds" => rounds = Some(number(&arg, args.next())?),
            "--seconds" => {
                length = Duration::from_secs(number(&arg, args.next())? as u64);
            }
            "--save" => save = true,
            _ => return Err(format!("unknown argument {arg}\n{USAGE}").into()),
        }
    }
    if names.is_empty() {
        names = ["peers", "pacing", "users"].map(String::from).into();
    }
    let mut reached = true;
    for name in names {
        let usual = if name == "dashboards" { 20 } else { 5 };
        let options = Options {
            rounds: rounds.unwrap_or(usual),
            length,
        };
        let report: Report = match name.as_str() {
            "peers" => peers::measure(&options)?,
            "pacing" => pacing::measure(&options)?,
            "sql" => sql::measure(&options)?,
            "tokio-postgres" => drivers::measure(&options)?,
            "goose" => goose::measure(&options)?,
            "dashboards" => dashboards::measure(&options)?,
            _ => users::measure(&options)?,
        };
        println!("\n{report}");
        if save {
            println!("written to {}", report.save(&name)?);
        }
        reached &= report.reached();
    }
    Ok(reached)
}

fn number(flag: impl Display, value: Option<String>) -> Result<usize> {
    value
        .and_then(|value| value.parse().ok())
        .filter(|&n| n > 0)
        .ok_or_else(|| format!("{flag} needs a number above 0\n{USAGE}").into())
}
