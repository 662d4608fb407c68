//! loadgen beside another build of itself: `scripts/bench against COMMIT`.
//!
//! Both builds run under the same load on the same server in pairs, until the interval of the ratio
//! of their CPU per request is narrow enough, or the time is over.

mod comparison;
mod http;
mod pacing;
mod statements;

use crate::{
    Result,
    arguments::{Against, AgainstPart},
    process::{self, Usage},
    report::Table,
    verdict::Verdict,
};
use comparison::Comparison;
use std::{path::PathBuf, process::ExitCode, time::Instant};

/// Exit code if no load was found slower, but one could not be told.
const COULD_NOT_TELL: u8 = 3;

/// The binary of the old build, then that of the new one.
type Builds = [PathBuf; 2];

/// Figures of one pair of runs: what each is, and its value for the old and for the new build. The
/// first is the CPU time per request, on which the verdict rests.
type Pair = Vec<(&'static str, [f64; 2])>;

/// A load with its server.
trait Load {
    /// Runs both builds. The number of the pair says which of them is first.
    fn pair(&mut self, number: usize) -> Result<Pair>;
}

/// Parts to compare unless the arguments name some.
const PARTS: [AgainstPart; 4] = [
    AgainstPart::Peers,
    AgainstPart::Sql,
    AgainstPart::Users,
    AgainstPart::Pacing,
];

fn loads(part: AgainstPart) -> &'static [&'static str] {
    match part {
        AgainstPart::Peers => &["peers"],
        AgainstPart::Sql => &["select-only", "tpcb-like"],
        AgainstPart::Users => &["users"],
        AgainstPart::Pacing => &["pacing"],
    }
}

fn open<'a>(load: &'static str, builds: &'a Builds) -> Result<Box<dyn Load + 'a>> {
    Ok(match load {
        "peers" => Box::new(http::Http::closed(builds)?),
        "users" => Box::new(http::Http::thinking(builds)?),
        "pacing" => Box::new(pacing::Even { builds }),
        scenario => Box::new(statements::Statements::start(builds, scenario)?),
    })
}

/// Compares the builds that the arguments name, and prints what was found. A load that fails keeps
/// none of the others from being measured.
pub fn run(arguments: &Against) -> Result<ExitCode> {
    let builds = [arguments.old.clone(), arguments.new.clone()];
    let parts = match &arguments.parts[..] {
        [] => &PARTS[..],
        named => named,
    };
    let loads: Vec<&str> = parts
        .iter()
        .flat_map(|part| loads(*part))
        .copied()
        .collect();
    let awake = process::keep_awake();
    let end = Instant::now() + arguments.length();
    let (mut comparisons, mut failures) = (Vec::new(), Vec::new());
    for (done, &load) in loads.iter().enumerate() {
        // A load that finishes early leaves the rest of its share to those after it.
        let left = end.saturating_duration_since(Instant::now());
        let until = Instant::now() + left / (loads.len() - done) as u32;
        let found = open(load, &builds)
            .and_then(|mut opened| Comparison::measure(load, opened.as_mut(), until));
        match found {
            Ok(comparison) => comparisons.push(comparison),
            Err(error) => failures.push(format!("{load}: {error}")),
        }
    }
    print(&comparisons, awake.is_some());
    if !failures.is_empty() {
        return Err(failures.join("\n").into());
    }
    Ok(match comparisons.iter().map(Comparison::verdict).max() {
        Some(Verdict::Slower) => ExitCode::FAILURE,
        Some(Verdict::CouldNotTell) => ExitCode::from(COULD_NOT_TELL),
        Some(Verdict::NotSlower) | None => ExitCode::SUCCESS,
    })
}

fn print(comparisons: &[Comparison], awake: bool) {
    let mut table = vec![Comparison::HEAD.map(String::from).to_vec()];
    table.extend(comparisons.iter().flat_map(Comparison::rows));
    let halted = match awake {
        true => "were kept from being halted",
        false => "were halted",
    };
    println!("\n# Two builds of loadgen\n");
    println!(
        "Figures are medians, ratios geometric means of those within pairs, with two-sided intervals \
         (95 %, Student's t on their logarithms). Idle cores {halted}.\n"
    );
    println!("{}", Table(&table));
    for comparison in comparisons {
        println!("- {comparison}");
    }
}

/// Puts one of two first, the other one in every second pair. Undoes itself.
fn in_turn<T>(number: usize, [one, other]: [T; 2]) -> [T; 2] {
    match number.is_multiple_of(2) {
        true => [one, other],
        false => [other, one],
    }
}

/// The figures that every load reports of both builds, from their requests and resource usage.
fn figures([old, new]: [(f64, &Usage); 2]) -> Pair {
    let both = |figure: fn(f64, &Usage) -> f64| [figure(old.0, old.1), figure(new.0, new.1)];
    vec![
        (
            "CPU us/request",
            both(|requests, used| used.cpu.as_secs_f64() * 1e6 / requests),
        ),
        ("memory MB", both(|_, used| used.max_rss as f64 / 1e6)),
    ]
}
