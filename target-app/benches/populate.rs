//! `target seed` beside the way that demos fill their tables, and beside COPY of ready text, on a
//! private PostgreSQL: `scripts/bench populate`.
//!
//! All three fill the same table without keys and indexes; building those afterwards is not counted.
//! The exit code says whether the populator's targets were reached.

use clap::Parser;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::Instant;
use test_support::servers::{Server, ServerKind};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Least speed of the populator, as multiples of the others'.
const OF_DEMO: f64 = 10.0;
const OF_COPY: f64 = 0.5;

const COLUMNS: &str = "id, location, temperature, humidity, wind_speed, timestamp";

/// Measures how fast tables are filled.
#[derive(Parser)]
#[command(name = "scripts/bench populate")]
struct Options {
    /// How often each takes its turn
    #[arg(long, value_name = "N", default_value = "3")]
    rounds: NonZeroUsize,
    /// Rows of the populator and of COPY; the demo makes a twentieth
    #[arg(long, value_name = "N", default_value_t = 2_000_000, value_parser = clap::value_parser!(u64).range(20..))]
    records: u64,
    /// An interpreter with Faker and psycopg2
    #[arg(long, value_name = "FILE", default_value = "python3")]
    python: String,
}

fn main() -> ExitCode {
    // `cargo bench` adds a flag.
    let options = Options::parse_from(std::env::args().filter(|arg| arg != "--bench"));
    match measure(&options) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::from(2)
        }
    }
}

fn measure(options: &Options) -> Result<bool> {
    let server = Server::start(ServerKind::Postgres, &["max_wal_size=4GB"]);
    let folder = tempfile::tempdir()?;
    let text = folder.path().join("weather.txt");
    let (mut ours, mut demo, mut copy) = (Vec::new(), Vec::new(), Vec::new());
    println!(
        "rows a second into one PostgreSQL table without indexes; load average {}",
        std::fs::read_to_string("/proc/loadavg")?.trim()
    );
    for round in 1..=options.rounds.get() {
        let url = server.fresh();
        let seconds = populate(&url, options.records)?;
        ours.push(options.records as f64 / seconds);
        if round == 1 {
            let sql = format!("\\copy weather_data ({COLUMNS}) TO '{}'", text.display());
            psql(&url, &[&sql])?;
        }
        strip(&url)?;
        copy.push(options.records as f64 / copy_text(&url, &text)?);
        let records = options.records / 20;
        psql(&url, &["TRUNCATE weather_data"])?;
        demo.push(records as f64 / run_demo(&options.python, &url, records)?);
        psql(&url, &["DROP TABLE weather_data"])?;
        println!(
            "round {round}: populator {:.0}, COPY of ready text {:.0}, demo {:.0}",
            ours[round - 1],
            copy[round - 1],
            demo[round - 1]
        );
    }
    let (ours, copy, demo) = (median(ours), median(copy), median(demo));
    println!("median:  populator {ours:.0}, COPY of ready text {copy:.0}, demo {demo:.0}");
    let mut reached = true;
    for (name, factor, least) in [
        ("the demo's way", ours / demo, OF_DEMO),
        ("COPY of ready text", ours / copy, OF_COPY),
    ] {
        let verdict = if factor >= least { "reached" } else { "MISSED" };
        reached &= factor >= least;
        println!("{factor:.2} x {name}, target {least} x: {verdict}");
    }
    Ok(reached)
}

/// Seconds that the rows took, as it says itself.
fn populate(url: &str, records: u64) -> Result<f64> {
    let records = records.to_string();
    let mut seed = Command::new(env!("CARGO_BIN_EXE_target-app"));
    seed.args(["seed", "weather", "--database", url, "--records", &records]);
    let said = output(&mut seed)?;
    let seconds = said
        .split_once("rows in ")
        .and_then(|(_, rest)| rest.split_once(" s"))
        .ok_or_else(|| format!("found {said:?}, expected the time of the rows"))?;
    Ok(seconds.0.parse()?)
}

/// Takes from the table what slows its filling down.
fn strip(url: &str) -> Result<()> {
    psql(
        url,
        &[
            "DROP INDEX weather_data_location",
            "ALTER TABLE weather_data DROP CONSTRAINT weather_data_pkey",
        ],
    )
}

/// The fastest that psql can: emptied, and filled with rows that need no vacuum, in one transaction.
fn copy_text(url: &str, text: &Path) -> Result<f64> {
    let copy = format!(
        "\\copy weather_data ({COLUMNS}) FROM '{}' WITH (FREEZE)",
        text.display()
    );
    let began = Instant::now();
    psql(url, &["BEGIN", "TRUNCATE weather_data", &copy, "COMMIT"])?;
    Ok(began.elapsed().as_secs_f64())
}

fn run_demo(python: &str, url: &str, records: u64) -> Result<f64> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/demo_populate.py");
    let mut demo = Command::new(python);
    demo.args([script, url, &records.to_string()]);
    Ok(output(&mut demo)?.trim().parse()?)
}

fn psql(url: &str, commands: &[&str]) -> Result<()> {
    let mut psql = Command::new("psql");
    psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", url]);
    for command in commands {
        psql.args(["-c", command]);
    }
    output(&mut psql).map(drop)
}

fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| format!("{name}: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{name}: {}: {said}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
