//! A run that is over, and its result.

use super::{Usage, measured::Measured};
use crate::{
    driver::http,
    gate::{
        Validity, Verdict,
        validity::{self, Grounds},
    },
    plan::{Plan, describe},
    record::Recording,
    report::{
        self, PlanNames, Program, ResultFile, RunMetadata, Text, Texts as _,
        journal::{Beginning, End, Header},
    },
    time::{Nanos, nanos},
};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;
use uuid::Uuid;

/// Everything that is known of a run when its load begins.
#[derive(Debug, Clone)]
pub struct RunInfo {
    /// Scenario that the plan was made of.
    pub scenario: report::model::Scenario,
    /// Plan that is run.
    pub plan: Arc<Plan>,
    /// The run's id.
    pub id: Uuid,
    /// Wall-clock time at which the load begins.
    pub started_at: Timestamp,
    /// Targets in words.
    pub target: String,
    /// The HTTP servers that are driven.
    pub http: Arc<http::Setup>,
    /// Worker threads.
    pub workers: usize,
    /// Planned end of the load; None: when it is stopped.
    pub load_ends: Option<Nanos>,
}

/// A run that is over: its load was driven, and it was verified and taken down.
#[derive(Debug)]
pub struct FinishedRun {
    /// Facts from before the load.
    pub info: RunInfo,
    /// Everything that was recorded.
    pub recording: Recording,
    /// Verdicts on the plan's thresholds, in their order.
    pub verdicts: Vec<Verdict>,
    /// Reasons for and against believing the numbers.
    pub validity: Validity,
    /// Events, observations and verifications.
    pub background: report::BackgroundResults,
    /// Ended by an interrupt.
    pub interrupted: bool,
    /// Failures of the target, of events and of the teardown, in words.
    pub failures: Vec<String>,
    /// Failures of loadgen itself, in words.
    pub internal: Vec<String>,
    /// Warnings beside those that the measurements give rise to.
    pub warnings: Vec<String>,
    /// Time at which the load was stopped; None: it came to its own end.
    pub stopped: Option<Nanos>,
    /// Used by this process since the load began; memory since it started.
    pub usage: Usage,
    /// Number that the result has for the process's end: 0 for a run that is good, else 1, unless
    /// whoever ends the process has numbers of their own.
    pub exit_code: u8,
}

/// A plan as results and journals have it. It is made of what the scenario says; a value of the
/// environment that got into it all the same is hidden.
fn described(plan: &Plan) -> Value {
    let mut described = describe::json(plan);
    described.each(&mut |text| match text {
        Text::Line(text) => *text = plan.shown_line(text),
        Text::Lines(text) => *text = plan.shown_lines(text),
    });
    described
}

impl RunInfo {
    /// First line of the run's journal.
    pub fn journal_header(&self) -> Header {
        let plan = described(&self.plan);
        let beginning = Beginning {
            scenario: self.scenario.clone(),
            plan,
            id: self.id.to_string(),
            started_at: self.started_at,
            target: self.target.clone(),
            load: report::words::load(&self.plan),
            workers: self.workers,
            load_ends: self.load_ends,
        };
        Header::new(beginning, &self.plan)
    }
}

impl FinishedRun {
    /// Judges what was measured. `before` is what was used when the load began.
    pub(super) fn new(
        info: RunInfo,
        measured: Measured,
        background: report::BackgroundResults,
        mut warnings: Vec<String>,
        before: Usage,
    ) -> Self {
        let usage = Usage::now().since(before);
        let totals = &measured.recording.totals;
        let used = validity::Usage {
            workers: info.workers,
            cpu_seconds: usage.cpu_seconds,
            host: usage.host,
        };
        if measured.stopped.is_none() {
            let undone = report::warnings::undone(&info.plan, &totals.periods, &measured.undone);
            warnings.extend(undone);
        }
        warnings.extend(report::warnings::rows(&info.plan, &totals.tasks));
        let verdicts = measured.judge.verdicts(totals);
        let mut finished = Self {
            validity: Validity::of(&Grounds {
                totals,
                usage: used,
                max_lag: nanos(info.plan.max_lag),
                tasks: &info.plan.tasks,
                thresholds: &info.plan.thresholds,
                verdicts: &verdicts,
            }),
            verdicts,
            recording: measured.recording,
            background,
            interrupted: measured.interrupted,
            failures: measured
                .failures
                .iter()
                .map(|it| info.plan.shown_lines(it))
                .collect(),
            internal: measured.internal,
            warnings: warnings
                .iter()
                .map(|it| info.plan.shown_lines(it))
                .collect(),
            stopped: measured.stopped,
            usage,
            exit_code: 0,
            info,
        };
        finished.exit_code = u8::from(!finished.is_good());
        finished
    }

    /// Adds a failure that came after the load.
    pub(super) fn fail(&mut self, problem: String) {
        self.failures.push(self.info.plan.shown_lines(&problem));
        self.exit_code = u8::from(!self.is_good());
    }

    /// Takes note of an interrupt that came after the load, or during it.
    pub(super) fn interrupt(&mut self) {
        self.interrupted = true;
        self.exit_code = u8::from(!self.is_good());
    }

    /// True when every threshold, limit and verification held.
    pub fn held(&self) -> bool {
        self.verdicts.iter().all(|verdict| verdict.ok)
            && self.background.limits.iter().all(|limit| limit.ok)
            && self.background.verify.iter().all(|verify| verify.ok)
    }

    /// True when the run came to its own end, can be believed, and everything held.
    pub fn is_good(&self) -> bool {
        let failed = !self.failures.is_empty() || !self.internal.is_empty();
        !failed && !self.interrupted && self.validity.is_valid() && self.held()
    }

    /// Last line of the run's journal.
    pub fn journal_end(&self) -> End {
        let totals = &self.recording.totals;
        End {
            elapsed_ns: totals.warmup + totals.elapsed,
            overdue: totals.overdue,
            stopped_ns: self.stopped,
            periods: Some(totals.periods.clone()),
            interrupted: self.interrupted,
            failures: self
                .failures
                .iter()
                .chain(&self.internal)
                .cloned()
                .collect(),
            warnings: self.warnings.clone(),
            background: self.background.clone(),
            exit_code: self.exit_code,
            cpu_seconds: self.usage.cpu_seconds,
            host: self.usage.host,
            max_rss_bytes: self.usage.max_rss_bytes,
        }
    }

    /// Result of the run, as its file has it.
    pub fn into_result(self) -> ResultFile {
        let plan = self.info.plan;
        let metadata = RunMetadata {
            plan: described(&plan),
            load: report::words::load(&plan),
            scenario: self.info.scenario,
            id: self.info.id.to_string(),
            started_at: self.info.started_at,
            target: self.info.target,
            interrupted: self.interrupted,
            failures: self.failures.into_iter().chain(self.internal).collect(),
            validity: self.validity,
            exit_code: self.exit_code,
            program: Program {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                workers: self.info.workers,
                cpu_seconds: self.usage.cpu_seconds,
                max_rss_bytes: self.usage.max_rss_bytes,
            },
            background: self.background,
            warnings: self.warnings,
        };
        let names = PlanNames::of(&plan);
        let (recording, thresholds) = (&self.recording, &plan.thresholds);
        report::build(metadata, &names, recording, thresholds, &self.verdicts)
    }
}
