//! loadgen relative to wrk, oha, h2load, pgbench, tokio-postgres and Goose, on this machine, and to itself:
//! `scripts/bench [peers|http|pacing|users|sql|tokio-postgres|goose|dashboards]`, `scripts/bench against COMMIT`.
//!
//! The clients have one core to themselves, the servers another. Each part prints what it found,
//! and the exit code says whether loadgen's own targets were reached.

mod against;
mod arguments;
mod client;
mod dashboards;
mod databases;
mod drivers;
mod goose;
mod http;
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
mod turns;
mod users;
mod verdict;

pub use arguments::Options;
use arguments::{Arguments, Command, Part, Peers};
use clap::Parser;
use std::process::ExitCode;

/// Errors are told, not handled.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Above this load average the cores are not the clients' and the servers' alone.
const MOST_LOAD: f32 = 0.7;

fn main() -> ExitCode {
    // `cargo bench` adds a flag.
    let arguments = Arguments::parse_from(std::env::args().filter(|arg| arg != "--bench"));
    run(&arguments).unwrap_or_else(|error| {
        eprintln!("bench: {error}");
        ExitCode::from(2)
    })
}

fn run(arguments: &Arguments) -> Result<ExitCode> {
    process::settle()?;
    let load = process::load_average()?;
    if load > MOST_LOAD {
        eprintln!(
            "bench: the machine has other work (load {load:.1}): latencies will be its, not the clients'"
        );
    }
    if let Some(Command::Against(against)) = &arguments.command {
        return against::run(against);
    }
    Ok(match beside_peers(&arguments.peers)? {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    })
}

/// Measures the parts beside other clients; true if all of loadgen's targets were reached.
fn beside_peers(peers: &Peers) -> Result<bool> {
    let mut reached = true;
    for &part in &peers.parts {
        let measure = match part {
            Part::Peers => peers::measure,
            Part::Http => http::measure,
            Part::Pacing => pacing::measure,
            Part::Users => users::measure,
            Part::Sql => sql::measure,
            Part::TokioPostgres => drivers::measure,
            Part::Goose => goose::measure,
            Part::Dashboards => dashboards::measure,
        };
        let report = measure(&peers.options(part))?;
        println!("\n{report}");
        if peers.save {
            println!("written to {}", report.save(&part.to_string())?);
        }
        reached &= report.reached();
    }
    Ok(reached)
}
