//! Makes a plan of a scenario: checks everything, resolves everything, reports every problem at
//! once. Pure: nothing is read or opened here, nor is the clock.

mod app;
mod basic;
mod body;
mod call;
mod client;
mod columns;
mod common;
mod connections;
mod context;
mod csv_table;
mod data;
mod database;
mod destination;
mod event;
mod expect;
mod extract;
mod headers;
mod http_settings;
mod level;
mod lifecycle;
mod load;
mod loaded;
mod multipart;
mod names;
mod observe;
mod path;
mod place;
mod population;
mod program;
mod query;
mod rows;
mod scale;
mod stages;
mod step;
mod suite;
mod target;
mod target_draft;
mod task;
mod template;
#[cfg(test)]
mod tests;
mod thresholds;
mod trace;
mod transaction;
mod verify;

use super::{Background, MAX_LAG, Plan, Written};
use call::Calls;
use context::Context;
use loadgen_scenario::{
    Problem, Report, Scenario,
    raw::{self, Field},
    units,
};
use population::PopulationDraft;
use std::{sync::Arc, time::Duration};
pub use suite::compile_suite;
use uuid::Uuid;

/// Most users of a scenario.
pub const MOST_USERS: u64 = 1_000_000;

/// Settings of a run besides the scenario.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The run's id; also chooses the seed when none is given.
    pub run_id: Uuid,
    /// `--target`: drives this server instead.
    pub target: Option<String>,
    /// `--users`: the closed populations have this many at their peak.
    pub users: Option<u64>,
    /// `--rate`: the open populations have this many arrivals per second at their peak.
    pub rate: Option<f64>,
    /// `--duration`: the run is this long.
    pub duration: Option<Duration>,
    /// `--seed`.
    pub seed: Option<u64>,
    /// True if `custom` steps can be executed.
    pub custom: bool,
    /// `--trace`: requests carry trace context, and this share of the traces is sampled.
    pub trace: Option<f64>,
    /// `--max-lag`: schedule lag up to this is no lateness.
    pub max_lag: Option<Duration>,
}

impl Settings {
    /// A run as the scenario has it.
    pub fn new(run_id: Uuid) -> Self {
        Self {
            run_id,
            target: None,
            users: None,
            rate: None,
            duration: None,
            seed: None,
            custom: false,
            trace: None,
            max_lag: None,
        }
    }
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A flag that means nothing, or nothing for this scenario.
    #[error("{0}")]
    Usage(String),
    /// The scenario's problems.
    #[error("{0}")]
    Invalid(Report),
}

/// Checks `scenario` and resolves it to a plan.
pub fn compile(scenario: &Scenario, settings: &Settings) -> Result<Plan, Error> {
    check_flags(settings)?;
    let context = Context::new(scenario, settings);
    let root = &scenario.raw;
    check_version(&root.version, |problem| context.tell(problem));
    let _ = names::step(&context, &root.name);
    let seed = seed(&context, root, settings);
    context.seed.set(seed);
    let databases = database::compile_all(&context, &root.databases);
    let mut populations = population::compile_all(&context, root, &databases, settings)?;
    let thresholds = thresholds::compile(&context, root);
    let mut calls = Calls {
        context: &context,
        populations: populations.as_deref(),
        databases: &databases,
        calls: Vec::new(),
    };
    let loaded = loaded::compile(&mut calls, root);
    let events = event::compile(&mut calls, root);
    let observed = observe::compile(&mut calls, root);
    let verify = verify::compile(&mut calls, root);
    let calls = calls.calls;
    let trace = trace::compile(&context, &root.trace, populations.as_deref(), settings);

    let databases = databases.finish();
    let usage = match &mut populations {
        Some(drafts)
            if settings.target.is_some() && !drafts.iter().any(PopulationDraft::has_target) =>
        {
            Err("--target is for a scenario with HTTP steps, and this one has none")
        }
        Some(drafts) => scale::apply(drafts, settings),
        None => Ok(scale::Stretch::NONE),
    };
    let sources = context.source_count();
    let problems = context.into_problems();
    let (Some(populations), Some((databases, written)), Some(thresholds)) =
        (populations, databases, thresholds)
    else {
        return Err(invalid(scenario, problems));
    };
    let (Some(events), Some((observe, limits)), Some(verify), Some(loaded), true) =
        (events, observed, verify, loaded, problems.is_empty())
    else {
        return Err(invalid(scenario, problems));
    };
    // A flag that does not fit is told only of a scenario that is right.
    let stretch = usage.map_err(|message| Error::Usage(message.to_owned()))?;
    let warmup = populations.iter().map(|draft| draft.load.warmup);
    let trace = trace.map_err(|message| Error::Usage(message.to_owned()))?;
    let mut plan = Plan {
        name: names::file(&root.name, &scenario.path),
        seed,
        populations: Vec::new(),
        warmup: warmup.max().unwrap_or_default(),
        databases,
        thresholds,
        steps: Vec::new(),
        tasks: Vec::new(),
        groups: Vec::new(),
        background: Background {
            calls,
            loaded,
            events,
            observe,
            limits,
            verify,
        },
        lifecycle_steps: Vec::new(),
        trace,
        max_lag: max_lag(root, settings),
        written: Written {
            seed_chosen: settings.seed.is_none() && root.seed.is_absent(),
            databases: written,
            secrets: Arc::clone(&scenario.secrets),
            ..Written::default()
        },
    };
    for threshold in &mut plan.thresholds {
        threshold.after = stretch.apply(threshold.after);
    }
    event::stretch(&mut plan.background.events, stretch);
    let lifecycle: Vec<_> = populations
        .into_iter()
        .map(|draft| draft.finish(&mut plan))
        .collect();
    // Steps that are not measured come last, so that measured steps are numbered from 0.
    for (population, lifecycle) in lifecycle.into_iter().enumerate() {
        place::lifecycle(lifecycle, population, &mut plan);
    }
    loaded::number(&plan.background.loaded, &mut plan.populations, sources);
    trace::apply(&mut plan);
    Ok(plan)
}

fn invalid(scenario: &Scenario, problems: Vec<Problem>) -> Error {
    let report = Report::new(scenario.sources.clone(), problems);
    Error::Invalid(report.hiding(&scenario.secrets))
}

fn check_flags(settings: &Settings) -> Result<(), Error> {
    let wrong = |message: String| Err(Error::Usage(message));
    match settings.users {
        Some(users) if users == 0 || users > MOST_USERS => {
            return wrong(format!("--users is from 1 to {MOST_USERS}, not {users}"));
        }
        _ => {}
    }
    match settings.rate {
        Some(rate) if rate == 0.0 || units::checked_rate(rate).is_err() => {
            let most = units::HIGHEST_RATE;
            return wrong(format!("--rate is above 0 and at most {most}, not {rate}"));
        }
        _ => {}
    }
    match settings.duration {
        Some(duration) if duration.is_zero() || duration > units::LONGEST => {
            wrong("--duration is above 0 and at most 366d".to_owned())
        }
        _ => Ok(()),
    }
}

/// The version of the scenario format that is read.
const VERSION: i64 = 1;

fn check_version(version: &Field<i64>, mut tell: impl FnMut(Problem)) {
    let Some(version) = version.given() else {
        return;
    };
    if version.value > VERSION {
        let message = format!(
            "written for version {} of the format, but this loadgen knows {VERSION}",
            version.value
        );
        let problem = Problem::new(version.span, message);
        tell(problem.help("use a newer loadgen"));
    } else if version.value != VERSION {
        let problem = Problem::new(version.span, "no such version of the format");
        tell(problem.help(format!("write version = {VERSION}, or nothing")));
    }
}

/// The flag beats the file.
fn max_lag(root: &raw::Root, settings: &Settings) -> Duration {
    let validity = root.validity.value();
    let written = validity.and_then(|validity| validity.max_lag.value());
    settings.max_lag.or(written.copied()).unwrap_or(MAX_LAG)
}

fn seed(context: &Context<'_>, root: &raw::Root, settings: &Settings) -> u64 {
    let written = match &root.seed {
        Field::Given(seed) if seed.value < 0 => {
            context.tell(Problem::new(seed.span, "a seed cannot be negative"));
            None
        }
        field => field.value().map(|seed| seed.unsigned_abs()),
    };
    // The last 32 bits of a version 7 UUID are random; more would be a burden to type again.
    let chosen = || settings.run_id.as_u128() as u64 & 0xffff_ffff;
    settings.seed.or(written).unwrap_or_else(chosen)
}
