//! The report of a suite: an overview of its phases, and the report of each.

use super::{Page, body, errors, outcome_class, rendered, time};
use crate::suite::{Phase, SuiteFile};
use askama::Template;
use loadgen_core::human;

#[derive(Template)]
#[template(path = "suite.html")]
struct Body<'a> {
    name: &'a str,
    outcome: &'static str,
    verdict: String,
    facts: Vec<String>,
    failures: &'a [String],
    phases: Vec<PhaseReport<'a>>,
    sha256: &'a str,
    file: &'a str,
    id: &'a str,
    started: String,
    version: &'a str,
}

struct PhaseReport<'a> {
    name: &'a str,
    outcome: &'static str,
    verdict: String,
    cells: Vec<String>,
    /// Its own report; None when there was no load.
    body: Option<String>,
}

/// The file.
///
/// # Errors
/// In words, when a histogram of a result cannot be read.
pub fn suite(suite: &SuiteFile) -> Result<String, String> {
    let run = &suite.suite;
    let (outcome, verdict) = suite.verdict();
    let phases: Result<Vec<PhaseReport<'_>>, String> = suite.phases.iter().map(part).collect();
    let body = Body {
        name: &run.name,
        outcome: outcome_class(outcome),
        verdict,
        facts: vec![
            human::plural(suite.phases.len() as u64, "phase"),
            human::length(run.duration_s),
        ],
        failures: &run.failures,
        phases: phases?,
        sha256: &run.sha256,
        file: &run.file,
        id: &run.id,
        started: run.started_at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        version: &run.version,
    };
    rendered(&Page {
        title: &run.name,
        body: rendered(&body)?,
    })
}

fn part(phase: &Phase) -> Result<PhaseReport<'_>, String> {
    let (outcome, verdict) = phase.verdict();
    let result = phase.result.as_deref();
    let totals = result.map(|result| &result.totals);
    let cells = match totals {
        Some(totals) => vec![
            human::count(totals.count),
            human::rate(totals.requests_per_s),
            errors(totals),
            time(totals, |f| f.p50),
            time(totals, |f| f.p95),
            time(totals, |f| f.p99),
            time(totals, |f| f.max),
        ],
        None => vec!["-".to_owned(); 7],
    };
    Ok(PhaseReport {
        name: &phase.name,
        outcome: outcome.map_or("", outcome_class),
        verdict,
        cells,
        body: result.map(body).transpose()?,
    })
}
