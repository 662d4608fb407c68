//! Command line of the benchmarks.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::{
    fmt,
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

/// Measures loadgen beside its peers, or beside another build of itself.
#[derive(Debug, Parser)]
#[command(
    name = "scripts/bench",
    args_conflicts_with_subcommands = true,
    after_help = "Exit codes: 0 reached, or not slower; 1 missed, or slower; 2 an error; 3 could not tell"
)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub peers: Peers,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compare two builds under the same loads: CPU per request, memory, evenness.
    Against(Against),
}

#[derive(Debug, Args)]
pub struct Peers {
    /// What to measure
    #[arg(default_values_t = [Part::Peers, Part::Pacing, Part::Users])]
    pub parts: Vec<Part>,
    /// How often each client takes its turn [default: 5; dashboards: 20]
    #[arg(long, value_name = "N")]
    rounds: Option<NonZeroUsize>,
    /// Length of each measurement
    #[arg(long, value_name = "N", default_value = "10")]
    seconds: NonZeroU32,
    /// Write benches/results/NAME.md too
    #[arg(long)]
    pub save: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// CPU per request, requests/s and memory relative to wrk and oha
    Peers,
    /// CPU per exchange with cookies, redirects, multipart, gzip, TLS and HTTP/2; 10,000 users with cookies
    Http,
    /// Evenness of 5,000 arrivals a second beside oha, as the server saw them
    Pacing,
    /// 10,000 users with think time
    Users,
    /// CPU per transaction, transactions/s and latencies beside pgbench
    Sql,
    /// CPU per transaction and transactions/s beside a bare client over that library
    TokioPostgres,
    /// The hot spots of the weather service beside examples/goose
    Goose,
    /// The load's CPU per request with the dashboards and without
    Dashboards,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}

/// Options of a measurement.
pub struct Options {
    /// Number of turns of each client.
    pub rounds: usize,
    /// Length of each measurement.
    pub length: Duration,
}

impl Peers {
    pub fn options(&self, part: Part) -> Options {
        let usual = if part == Part::Dashboards { 20 } else { 5 };
        Options {
            rounds: self.rounds.map_or(usual, NonZeroUsize::get),
            length: Duration::from_secs(self.seconds.get().into()),
        }
    }
}

#[derive(Debug, Args)]
pub struct Against {
    /// Binary of the old build
    pub old: PathBuf,
    /// Binary of the new build
    pub new: PathBuf,
    /// What to compare [default: all]
    pub parts: Vec<AgainstPart>,
    /// The most for all of them together
    #[arg(long, value_name = "N", default_value = "20")]
    minutes: NonZeroU32,
}

impl Against {
    pub fn length(&self) -> Duration {
        Duration::from_secs(60 * u64::from(self.minutes.get()))
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum AgainstPart {
    Peers,
    Sql,
    Users,
    Pacing,
}
