//! Texts of a result, all of them: servers, commands, scenarios and saved files have written into
//! it, and each text is made fit to be shown before any form of the report sees it.

use super::{
    BackgroundResults, Event, Observed, ResultFile, SuiteFile, Verification,
    background::Series,
    model::{
        Check, ErrorSample, Errors, Generator, Group, Interval, Run, Scenario, Stats, Step, Task,
        Threshold, TracedRequest,
    },
    suite::{Phase, SuiteRun},
};
use loadgen_background::Activity;
use loadgen_background::StatementActivity;
use loadgen_core::printable;
use serde_json::Value;
use std::{collections::BTreeMap, mem};

/// A text that is visited: one for a line, or one that may have several.
pub enum Text<'a> {
    /// A name, a message or the like.
    Line(&'a mut String),
    /// A statement, a body, or a message of several lines.
    Lines(&'a mut String),
}

/// Work to be done on each text.
pub type Visit<'v> = &'v mut dyn FnMut(Text<'_>);

/// Something that holds texts. Implementations name every field, so that one that is added is
/// not forgotten.
pub trait Texts {
    /// Hands each text to `visit`.
    fn each(&mut self, visit: Visit<'_>);

    /// Makes every text printable.
    fn make_printable(&mut self) {
        self.each(&mut |text| match text {
            Text::Line(text) => printable::make_line(text),
            Text::Lines(text) => printable::make_lines(text),
        });
    }
}

/// Visits each of several single-line texts.
macro_rules! lines {
    ($visit:ident: $($text:expr),* $(,)?) => {
        $($visit(Text::Line($text));)*
    };
}

impl Texts for ResultFile {
    fn each(&mut self, visit: Visit<'_>) {
        let Self {
            schema: _,
            scenario,
            plan,
            run,
            generators,
            totals,
            tasks,
            groups,
            steps,
            timeline,
            thresholds,
            checks,
            verify,
            events,
            observed,
            databases,
            warnings,
        } = self;
        scenario.each(visit);
        plan.each(visit);
        run.each(visit);
        generators.each(visit);
        totals.each(visit);
        tasks.each(visit);
        groups.each(visit);
        steps.each(visit);
        timeline.each(visit);
        thresholds.each(visit);
        checks.each(visit);
        verify.each(visit);
        events.each(visit);
        observed.each(visit);
        databases.each(visit);
        several_lines(warnings, visit);
    }
}

impl Texts for SuiteFile {
    fn each(&mut self, visit: Visit<'_>) {
        let Self {
            schema: _,
            suite,
            phases,
        } = self;
        suite.each(visit);
        phases.each(visit);
    }
}

impl Texts for SuiteRun {
    fn each(&mut self, visit: Visit<'_>) {
        let Self {
            name,
            file,
            sha256,
            arguments,
            id,
            started_at: _,
            duration_s: _,
            on_failure,
            interrupted: _,
            failures,
            exit_code: _,
            version,
        } = self;
        lines!(visit: name, file, sha256, id, on_failure, version);
        arguments.each(visit);
        several_lines(failures, visit);
    }
}

impl Texts for Phase {
    fn each(&mut self, visit: Visit<'_>) {
        let Self {
            name,
            file,
            pause_s: _,
            state: _,
            exit_code: _,
            message,
            result,
        } = self;
        lines!(visit: name, file);
        // The message may contain all that is wrong with a scenario.
        message.iter_mut().for_each(|text| visit(Text::Lines(text)));
        if let Some(result) = result {
            result.each(visit);
        }
    }
}

impl Texts for Scenario {
    fn each(&mut self, visit: Visit<'_>) {
        let Self {
            name,
            file,
            arguments,
            sha256,
            seed: _,
        } = self;
        lines!(visit: name, file, sha256);
        arguments.each(visit);
    }
}

impl Texts for Run {
    fn each(&mut self, visit: Visit<'_>) {
        let Self {
            id,
            started_at: _,
            warmup_s: _,
            duration_s: _,
            interrupted: _,
            valid: _,
            invalid_reasons,
            exit_code: _,
            target,
            load,
            failures,
        } = self;
        lines!(visit: id, target, load);
        invalid_reasons.each(visit);
        several_lines(failures, visit);
    }
}

impl Texts for Generator {
    fn each(&mut self, visit: Visit<'_>) {
        visit(Text::Line(&mut self.version));
    }
}

impl Texts for Stats {
    fn each(&mut self, visit: Visit<'_>) {
        let Errors {
            count: _,
            rate: _,
            by_class,
            samples,
        } = &mut self.errors;
        keys(by_class, visit);
        keys(&mut self.statuses, visit);
        for ErrorSample {
            class,
            message,
            request,
            status: _,
            expected,
            body,
            trace_id,
        } in samples
        {
            lines!(visit: class, message);
            request.each(visit);
            expected.each(visit);
            body.each(visit);
            trace_id.each(visit);
        }
    }
}

impl Texts for Task {
    fn each(&mut self, visit: Visit<'_>) {
        let Self { id, stats } = self;
        visit(Text::Line(id));
        stats.each(visit);
    }
}

impl Texts for Group {
    fn each(&mut self, visit: Visit<'_>) {
        let Self {
            id,
            population,
            task,
            name,
            within,
            stats,
        } = self;
        lines!(visit: id, population, task, name);
        within.each(visit);
        stats.each(visit);
    }
}

impl Texts for Step {
    fn each(&mut self, visit: Visit<'_>) {
        let Self {
            id,
            population,
            task,
            name,
            within,
            kind,
            tags,
            stats,
            slowest,
            failed,
        } = self;
        lines!(visit: id, population, task, name, kind);
        within.each(visit);
        tags.each(visit);
        stats.each(visit);
        slowest.each(visit);
        failed.each(visit);
    }
}

impl Texts for TracedRequest {
    fn each(&mut self, visit: Visit<'_>) {
        let Self {
            trace_id,
            sampled: _,
            t_s: _,
            latency_us: _,
            outcome,
        } = self;
        lines!(visit: trace_id, outcome);
    }
}

impl Texts for Interval {
    fn each(&mut self, visit: Visit<'_>) {
        for parts in [&mut self.steps, &mut self.groups] {
            keys(parts, visit);
            for part in parts.values_mut() {
                keys(&mut part.errors_by_class, visit);
                keys(&mut part.statuses, visit);
            }
        }
    }
}

impl Texts for Threshold {
    fn each(&mut self, visit: Visit<'_>) {
        let Self {
            expr,
            scope,
            observed: _,
            ok: _,
            limit: _,
            unit,
            samples: _,
            message,
        } = self;
        lines!(visit: expr, scope, unit);
        message.each(visit);
    }
}

impl Texts for Check {
    fn each(&mut self, visit: Visit<'_>) {
        let Self {
            step,
            name,
            passed: _,
            failed: _,
        } = self;
        lines!(visit: step, name);
    }
}

impl Texts for BackgroundResults {
    fn each(&mut self, visit: Visit<'_>) {
        let Self {
            events,
            observed,
            limits,
            verify,
            databases,
        } = self;
        events.each(visit);
        observed.each(visit);
        limits.each(visit);
        verify.each(visit);
        databases.each(visit);
    }
}

impl Texts for Event {
    fn each(&mut self, visit: Visit<'_>) {
        let Self {
            name,
            t_s: _,
            took_s: _,
            ok: _,
            message,
        } = self;
        visit(Text::Line(name));
        message.each(visit);
    }
}

impl Texts for Observed {
    fn each(&mut self, visit: Visit<'_>) {
        let Self {
            series,
            failures: _,
            message,
        } = self;
        for Series { metric, unit, .. } in series {
            lines!(visit: metric, unit);
        }
        message.each(visit);
    }
}

impl Texts for Verification {
    fn each(&mut self, visit: Visit<'_>) {
        let Self {
            name,
            expect,
            value: _,
            before: _,
            ok: _,
            message,
        } = self;
        lines!(visit: name, expect);
        message.each(visit);
    }
}

impl Texts for Activity {
    fn each(&mut self, visit: Visit<'_>) {
        let Self {
            backend,
            source,
            statements,
            counters,
            message,
        } = self;
        visit(Text::Line(backend));
        source.each(visit);
        for StatementActivity {
            sql,
            calls: _,
            mean_us: _,
        } in statements
        {
            visit(Text::Lines(sql));
        }
        keys(counters, visit);
        message.each(visit);
    }
}

/// A plan as it is stored: statements and bodies have several lines.
impl Texts for Value {
    fn each(&mut self, visit: Visit<'_>) {
        match self {
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
            Value::String(text) => visit(Text::Lines(text)),
            Value::Array(items) => items.each(visit),
            Value::Object(entries) => {
                let old = mem::take(entries);
                entries.extend(old.into_iter().map(|(mut key, mut value)| {
                    visit(Text::Line(&mut key));
                    value.each(visit);
                    (key, value)
                }));
            }
        }
    }
}

impl Texts for String {
    fn each(&mut self, visit: Visit<'_>) {
        visit(Text::Line(self));
    }
}

impl<T: Texts> Texts for Vec<T> {
    fn each(&mut self, visit: Visit<'_>) {
        self.iter_mut().for_each(|one| one.each(visit));
    }
}

impl<T: Texts> Texts for Option<T> {
    fn each(&mut self, visit: Visit<'_>) {
        self.iter_mut().for_each(|one| one.each(visit));
    }
}

impl<T: Texts> Texts for BTreeMap<String, T> {
    fn each(&mut self, visit: Visit<'_>) {
        keys(self, visit);
        self.values_mut().for_each(|one| one.each(visit));
    }
}

fn several_lines(texts: &mut [String], visit: Visit<'_>) {
    texts.iter_mut().for_each(|text| visit(Text::Lines(text)));
}

/// Visits the keys of a map. Of two that become the same, the later one's value stays.
fn keys<T>(map: &mut BTreeMap<String, T>, visit: Visit<'_>) {
    let mut changed = Vec::new();
    for key in map.keys() {
        let mut own = key.clone();
        visit(Text::Line(&mut own));
        if own != *key {
            changed.push((key.clone(), own));
        }
    }
    for (old, new) in changed {
        if let Some(value) = map.remove(&old) {
            map.insert(new, value);
        }
    }
}

#[cfg(test)]
#[path = "texts_tests.rs"]
mod tests;
