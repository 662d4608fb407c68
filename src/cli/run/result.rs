//! What came of a run: judged, with everything that the report needs beside the measurements.

use super::measure::{Context, Run};
use crate::{
    cli::{Exit, live::Measured, system::Usage},
    gate::{Validity, validity},
    plan::describe,
    report::{self, Facts, Names, Program, ResultFile, journal::End},
};

impl<C> Run<'_, C> {
    /// Judges what was measured.
    pub fn result(&self, measured: Measured, context: Context) -> (ResultFile, Exit) {
        let used = Usage::now();
        let cpu_seconds = used.cpu_seconds - context.before.cpu_seconds;
        let totals = &measured.recording.totals;
        let verdicts = measured.judge.verdicts(totals);
        let usage = validity::Usage {
            workers: context.workers,
            cpu_seconds,
        };
        let validity = Validity::of(totals, usage);
        let exit = Exit::of(&[
            (Exit::Internal, !measured.internal.is_empty()),
            (Exit::Interrupted, measured.interrupted),
            (Exit::Invalid, !validity.is_valid()),
            (Exit::Setup, !measured.failures.is_empty()),
            (
                Exit::Threshold,
                verdicts.iter().any(|verdict| !verdict.ok)
                    || context.beside.limits.iter().any(|limit| !limit.ok)
                    || context.beside.verify.iter().any(|verify| !verify.ok),
            ),
        ]);
        let mut facts = Facts {
            scenario: self.origin.clone(),
            plan: describe::json(&self.plan),
            id: self.id.to_string(),
            started_at: context.started_at,
            target: context.target,
            load: report::words::load(&self.plan),
            interrupted: measured.interrupted,
            failures: measured
                .failures
                .into_iter()
                .chain(measured.internal)
                .collect(),
            validity,
            exit_code: exit.code(),
            program: Program {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                workers: context.workers,
                cpu_seconds,
                max_rss_bytes: used.max_rss_bytes,
            },
            beside: context.beside,
            warnings: context.warnings,
        };
        let end = End {
            elapsed_ns: totals.warmup + totals.elapsed,
            overdue: totals.overdue,
            stopped_ns: measured.stopped,
            interrupted: facts.interrupted,
            failures: facts.failures.clone(),
            beside: facts.beside.clone(),
            exit_code: facts.exit_code,
            cpu_seconds,
            max_rss_bytes: used.max_rss_bytes,
        };
        if let Err(problem) = context.written.end(end) {
            facts.warnings.push(problem);
        }
        let names = Names::of(&self.plan);
        let result = report::build(
            facts,
            &names,
            &measured.recording,
            &self.plan.thresholds,
            &verdicts,
        );
        (result, exit)
    }
}
