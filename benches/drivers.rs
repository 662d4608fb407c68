//! pgbench's loads by loadgen, beside a program that does them through tokio-postgres and does nothing
//! else: what a load generator on top of that library would cost at least.

use crate::{
    Options, Result,
    databases::{CLIENTS, Databases, Done, SCALE},
    loadgen::BUILT,
    pairs::Pairs,
    process::{self, Usage},
    report::{Report, median},
};
use std::{path::PathBuf, process::Command, time::Duration};

const SCENARIOS: [&str; 2] = ["select-only", "tpcb-like"];

/// Both at once, on each load. There are no targets: it is to be known, not to be reached.
pub fn measure(options: &Options) -> Result<Report> {
    let client = client()?;
    let databases = Databases::start(BUILT.as_ref())?;
    let head = ["load", "client", "CPU us/transaction", "transactions/s"];
    let mut table = vec![head.map(String::from).to_vec()];
    // Bounds take two.
    let number = options.rounds.max(2);
    let length = 2 * options.length;
    let awake = process::keep_awake();
    let halted = match awake {
        Some(_) => "kept from being halted",
        None => "halted",
    };
    for scenario in SCENARIOS {
        let other = |url: &str, length: Duration| {
            let mut command = Command::new(&client);
            let seconds = length.as_secs().to_string();
            command.args([url, scenario, &seconds, CLIENTS, SCALE]);
            command
        };
        let pairs = Pairs::run(&databases, number, (scenario, length), other, done)?;
        let middle = |figure: &dyn Fn(&(Done, Done)) -> f64| {
            format!("{:.1}", median(pairs.0.iter().map(figure)))
        };
        let (cpu, rate) = (pairs.ratio(Done::cpu_us), pairs.ratio(Done::rate));
        table.extend([
            row(
                scenario,
                "loadgen",
                [middle(&|d| d.0.cpu_us()), middle(&|d| d.0.rate())],
            ),
            row(
                scenario,
                "tokio-postgres",
                [middle(&|d| d.1.cpu_us()), middle(&|d| d.1.rate())],
            ),
            row(
                scenario,
                "of tokio-postgres's",
                [cpu.to_string(), rate.to_string()],
            ),
        ]);
    }
    drop(awake);
    Ok(Report {
        title: "Databases beside tokio-postgres",
        method: format!(
            "PostgreSQL with {SCALE} pgbench branches, without fsync, on one core, {CLIENTS} clients on the other, prepared \
             statements. Both run at once for {} s, each on a database of its own, and one is stopped while the other goes, in \
             turn of 30 ms; {number} pairs of two such runs, in which each has each database; idle cores are {halted}. Ratios are \
             geometric means of those within each pair, with 95 % of such measurements above the lower bound and as many below \
             the upper. The program through tokio-postgres (benches/tokio-postgres) measures no latencies.",
            length.as_secs(),
        ),
        table,
        targets: Vec::new(),
    })
}

fn row(load: &str, client: &str, [cpu, rate]: [String; 2]) -> Vec<String> {
    vec![load.to_owned(), client.to_owned(), cpu, rate]
}

/// The program, which scripts/bench builds.
fn client() -> Result<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/target/tokio-postgres/release");
    let client = PathBuf::from(folder).join("tokio-postgres-client");
    match client.exists() {
        true => Ok(client),
        false => Err(format!("no {}; scripts/bench builds it", client.display()).into()),
    }
}

/// Results of a run of the program.
fn done((usage, took): (Usage, Duration)) -> Result<Done> {
    let count = usage.stdout.trim().strip_prefix("transactions: ");
    let transactions = count.and_then(|count| count.parse().ok());
    Ok(Done {
        transactions: transactions.ok_or("the program does not say how much it did")?,
        took,
        p50: f64::NAN,
        mean: f64::NAN,
        usage,
    })
}
