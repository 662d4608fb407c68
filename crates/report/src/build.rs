//! Makes the result of a run from what was measured and what was decided.

use super::{
    background::BackgroundResults,
    figures::{
        at, by_class, by_time, micros, per_second, points, rounded, stats, statuses, traced,
    },
    model::{self, Generator, Interval, IntervalHdr, Lag, ResultFile, Run, Scenario, StepInterval},
    texts::Texts as _,
    warnings,
};
use jiff::Timestamp;
use loadgen_core::time::SECOND;
use loadgen_gate::{Validity, Verdict, samples};
use loadgen_plan::{
    Label, Plan, Population, Threshold,
    observe::Limit,
    threshold::{Scope, Scopes},
};
use loadgen_record::{
    Recording, RunTotals, StepEntries, StepEntry, View, period::MeasuredPart, timeline::Entry,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;

/// Facts about a run besides its measurements.
#[derive(Debug, Clone)]
pub struct RunMetadata {
    /// Scenario of the run.
    pub scenario: Scenario,
    /// The plan as it was run, secrets redacted.
    pub plan: Value,
    /// UUIDv7.
    pub id: String,
    /// Start of the load.
    pub started_at: Timestamp,
    /// Target, in words.
    pub target: String,
    /// The load, in words.
    pub load: String,
    /// Ended by a signal.
    pub interrupted: bool,
    /// Failures besides the thresholds, such as the bundled target's, in words.
    pub failures: Vec<String>,
    /// Validity of the numbers.
    pub validity: Validity,
    /// Exit code of the process.
    pub exit_code: u8,
    /// The process that made the load.
    pub program: Program,
    /// Results of the background of the load.
    pub background: BackgroundResults,
    /// Warnings beside those that the measurements give rise to.
    pub warnings: Vec<String>,
}

/// The process that made the load.
#[derive(Debug, Clone)]
pub struct Program {
    /// Version of loadgen.
    pub version: String,
    /// Worker threads.
    pub workers: usize,
    /// CPU time, user and system.
    pub cpu_seconds: f64,
    /// Most memory it had.
    pub max_rss_bytes: u64,
}

/// The names of a plan's steps, tasks and groups.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PlanNames<'a> {
    /// By step index.
    pub steps: Cow<'a, [Label]>,
    /// Kind of each step, by step index.
    pub kinds: Vec<Cow<'a, str>>,
    /// By task index.
    pub tasks: Cow<'a, [Label]>,
    /// By group index.
    pub groups: Cow<'a, [Label]>,
    /// Checks of each step, by step index.
    pub checks: Vec<Cow<'a, [String]>>,
}

impl<'a> PlanNames<'a> {
    /// Returns the names of a plan.
    pub fn of(plan: &'a Plan) -> Self {
        let mut kinds = vec![Cow::Borrowed(""); plan.steps.len()];
        for step in plan.populations.iter().flat_map(Population::steps) {
            // Steps that are not measured have no entry here.
            if let Some(kind) = kinds.get_mut(step.index) {
                *kind = step.kind.name().into();
            }
        }
        Self {
            steps: (&plan.steps).into(),
            kinds,
            tasks: (&plan.tasks).into(),
            groups: (&plan.groups).into(),
            checks: (0..plan.steps.len())
                .map(|step| plan.written.checks(step).into())
                .collect(),
        }
    }

    /// Detaches the names from the plan by copying what they borrow.
    pub fn into_owned(self) -> PlanNames<'static> {
        fn own<T: ToOwned + ?Sized>(all: Vec<Cow<'_, T>>) -> Vec<Cow<'static, T>> {
            let own = all.into_iter().map(|one| Cow::Owned(one.into_owned()));
            own.collect()
        }
        PlanNames {
            steps: self.steps.into_owned().into(),
            kinds: own(self.kinds),
            tasks: self.tasks.into_owned().into(),
            groups: self.groups.into_owned().into(),
            checks: own(self.checks),
        }
    }

    fn scopes(&self) -> Scopes<'_> {
        Scopes {
            tasks: &self.tasks,
            groups: &self.groups,
        }
    }

    /// The ids of the groups that something is in.
    fn within(&self, label: &Label) -> Vec<String> {
        let groups = label.groups.iter();
        groups
            .filter_map(|index| Some(self.groups.get(*index)?.id.clone()))
            .collect()
    }
}

/// Makes the result, every text of it printable. `thresholds` and `verdicts` go together by their places.
pub fn build(
    metadata: RunMetadata,
    names: &PlanNames<'_>,
    recording: &Recording,
    thresholds: &[Threshold],
    verdicts: &[Verdict],
) -> ResultFile {
    let totals = &recording.totals;
    let whole = View::totals(&totals.steps, &totals.tasks);
    let mut warned = metadata.validity.warnings;
    warned.extend(warnings::of(totals, &whole));
    warned.extend(warnings::warmup(&recording.warmup));
    warned.extend(samples::warnings(thresholds, verdicts, names.scopes()));
    warned.extend(metadata.warnings);
    let mut result = ResultFile {
        schema: model::SCHEMA,
        scenario: metadata.scenario,
        plan: metadata.plan,
        run: Run {
            id: metadata.id,
            started_at: metadata.started_at,
            warmup_s: rounded(totals.warmup as f64 / SECOND as f64, 6),
            duration_s: rounded(totals.seconds(), 6),
            interrupted: metadata.interrupted,
            valid: metadata.validity.reasons.is_empty(),
            invalid_reasons: metadata.validity.reasons,
            exit_code: metadata.exit_code,
            target: metadata.target,
            load: metadata.load,
            failures: metadata.failures,
        },
        generators: vec![generator(metadata.program, totals)],
        totals: stats(&whole, totals.seconds_of(Scope::Totals)),
        tasks: tasks(names, totals),
        groups: groups(names, totals),
        steps: steps(names, totals),
        timeline: recording
            .timeline
            .iter()
            .map(|entry| interval(entry, names))
            .collect(),
        thresholds: thresholds
            .iter()
            .zip(verdicts)
            .filter(|(threshold, verdict)| !(threshold.implied && verdict.ok))
            .map(|(threshold, verdict)| judged(threshold, verdict, names.scopes()))
            .chain(metadata.background.limits)
            .collect(),
        checks: checks(names, totals),
        verify: metadata.background.verify,
        events: metadata.background.events,
        observed: metadata.background.observed,
        databases: metadata.background.databases,
        warnings: warned,
    };
    result.make_printable();
    result
}

fn generator(program: Program, totals: &RunTotals) -> Generator {
    let lag = &totals.lag;
    Generator {
        version: program.version,
        workers: program.workers as u64,
        cpu_seconds: rounded(program.cpu_seconds, 6),
        max_rss_bytes: program.max_rss_bytes,
        schedule_lag_us: lag.max().map(|max| Lag {
            p50: at(lag, 50.0),
            p99: at(lag, 99.0),
            max: micros(max as f64),
        }),
    }
}

fn tasks(names: &PlanNames<'_>, totals: &RunTotals) -> Vec<model::Task> {
    let labels = names.tasks.iter().enumerate();
    labels
        .map(|(index, label)| {
            let scope = Scope::Task(index);
            let view = View::of(scope, &names.steps, totals.parts());
            model::Task {
                id: label.id.clone(),
                stats: stats(&view, totals.seconds_of(scope)),
            }
        })
        .collect()
}

fn groups(names: &PlanNames<'_>, totals: &RunTotals) -> Vec<model::Group> {
    let labels = names.groups.iter().enumerate();
    labels
        .map(|(index, label)| {
            let scope = Scope::Group(index);
            let view = View::of(scope, &names.steps, totals.parts());
            model::Group {
                id: label.id.clone(),
                population: label.population.clone(),
                task: label.task.clone(),
                name: label.name.clone(),
                within: names.within(label),
                stats: stats(&view, totals.seconds_of(scope)),
            }
        })
        .collect()
}

fn steps(names: &PlanNames<'_>, totals: &RunTotals) -> Vec<model::Step> {
    let measured = names.steps.iter().zip(&names.kinds).zip(&totals.steps);
    measured
        .enumerate()
        .map(|(index, ((label, kind), measures))| {
            let traces = totals.traces.get(index);
            model::Step {
                id: label.id.clone(),
                population: label.population.clone(),
                task: label.task.clone(),
                name: label.name.clone(),
                within: names.within(label),
                kind: kind.clone().into_owned(),
                tags: Default::default(),
                stats: stats(
                    &View::step(measures),
                    totals.seconds_of_part(MeasuredPart::Step(index)),
                ),
                slowest: traces.map_or_else(Vec::new, |it| traced(&it.slowest)),
                failed: traces.map_or_else(Vec::new, |it| by_time(&it.failed)),
            }
        })
        .collect()
}

fn checks(names: &PlanNames<'_>, totals: &RunTotals) -> Vec<model::Check> {
    let steps = names.steps.iter().zip(&names.checks).zip(&totals.steps);
    steps
        .flat_map(|((label, checks), measures)| {
            checks.iter().enumerate().map(|(index, name)| {
                let failed = measures.missed.get(index).copied().unwrap_or(0);
                model::Check {
                    step: label.id.clone(),
                    name: name.clone(),
                    passed: measures.count().saturating_sub(failed),
                    failed,
                }
            })
        })
        .collect()
}

fn interval(entry: &Entry, names: &PlanNames<'_>) -> Interval {
    let parts = |labels: &[Label], parts: &StepEntries| {
        let labelled = parts.iter().filter_map(|(index, part)| {
            let label = labels.get(index)?;
            Some((label.id.clone(), measured(&part, entry.seconds)))
        });
        labelled.collect()
    };
    Interval {
        t_s: entry.second,
        interval_s: entry.seconds,
        warmup: entry.warmup,
        users: entry.users,
        in_flight: entry.in_flight,
        queued: entry.queued,
        offered: entry.offered,
        dropped: entry.dropped,
        steps: parts(&names.steps, &entry.steps),
        groups: parts(&names.groups, &entry.groups),
    }
}

fn measured(part: &StepEntry, seconds: u64) -> StepInterval {
    StepInterval {
        count: part.count,
        rate: per_second(part.count, seconds as f64),
        errors: part.errors,
        errors_by_class: by_class(&part.by_class),
        statuses: statuses(&part.statuses),
        latency: points(&part.latency),
        service: points(&part.service),
        hdr: IntervalHdr {
            latency: part.latency.to_base64(),
            service: part.service.to_base64(),
        },
    }
}

fn judged(threshold: &Threshold, verdict: &Verdict, scopes: Scopes<'_>) -> model::Threshold {
    let unit = threshold.unit;
    let in_unit = |value| significant(unit.convert(value));
    model::Threshold {
        expr: threshold.expr.clone(),
        scope: match scopes.label(threshold.scope) {
            None => "totals".to_owned(),
            Some(label) => label.id.clone(),
        },
        observed: verdict.observed.map(in_unit),
        ok: verdict.ok,
        limit: in_unit(threshold.limit),
        unit: unit.label().to_owned(),
        samples: verdict.samples,
        message: verdict.note.clone(),
    }
}

/// A threshold on what was observed.
pub fn limit(limit: &Limit, verdict: &Verdict) -> model::Threshold {
    let condition = &limit.condition;
    let in_unit = |value: f64| significant(value / condition.factor);
    model::Threshold {
        expr: limit.expr.clone(),
        scope: "observed".to_owned(),
        observed: verdict.observed.map(in_unit),
        ok: verdict.ok,
        limit: in_unit(condition.limit),
        unit: condition.unit.clone(),
        samples: verdict.samples,
        message: verdict.note.clone(),
    }
}

/// Twelve digits: enough to stay on the same side of a limit, and `1.32` instead of
/// `1.3200000000000001`.
fn significant(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

#[cfg(test)]
#[path = "build_tests.rs"]
mod tests;
