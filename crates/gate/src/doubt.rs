//! Verdicts that loadgen's own lateness may have made: those that would have come out otherwise with
//! each response time's own lag taken off, or with the time that was lost added back.

use super::{
    Verdict,
    evidence::{Tally, observe, punctual_times},
    window::Window,
};
use loadgen_core::time::{Nanos, SECOND};
use loadgen_plan::{
    Threshold,
    threshold::{Metric, Op},
};
use loadgen_record::{RunTotals, View};

/// Returns true if a verdict on the whole run may be of lateness's making.
pub(super) fn of_run(
    threshold: &Threshold,
    verdict: &Verdict,
    view: &View,
    totals: &RunTotals,
) -> bool {
    let scope = threshold.scope;
    let seconds = totals.seconds_of(scope);
    let punctual = verdict.observed.and_then(|value| match threshold.metric {
        Metric::Rate => Some(value + totals.missed_runs(scope) / seconds),
        Metric::Count => Some(value + totals.missed_count(scope)),
        metric => {
            let times = punctual_times(metric, view)?;
            observe(metric, &Tally::of(metric, view), &times, seconds).value
        }
    });
    punctual.is_some_and(|value| threshold.op.holds(value, threshold.limit) != verdict.ok)
}

/// Windows of a threshold as they would have been without lateness.
#[derive(Debug)]
pub(super) struct Windows {
    /// One of them fails without lag too.
    fails: bool,
    /// One of them has nothing to be judged by, although there was something to do.
    silent: bool,
    /// Greatest rate or count.
    most: f64,
    /// Least and greatest with the users' lost time added back.
    regained: (f64, f64),
}

impl Default for Windows {
    fn default() -> Self {
        Self {
            fails: false,
            silent: false,
            most: f64::NEG_INFINITY,
            regained: (f64::INFINITY, f64::NEG_INFINITY),
        }
    }
}

impl Windows {
    /// Takes note of a window and the verdict on it.
    pub(super) fn add(&mut self, threshold: &Threshold, window: &Window, verdict: &Verdict) {
        let Some(value) = verdict.observed else {
            self.silent = true;
            return;
        };
        match threshold.metric {
            Metric::Rate | Metric::Count => {
                let gain = window.users().gain();
                // Nothing gains nothing, however much time was lost.
                let regained = if value == 0.0 {
                    0.0
                } else {
                    value * (1.0 + gain)
                };
                self.most = self.most.max(value);
                let (least, greatest) = self.regained;
                self.regained = (least.min(regained), greatest.max(regained));
            }
            metric => {
                let punctual = window.punctual_times().and_then(|times| {
                    observe(metric, window.tally(), times, window.seconds()).value
                });
                let value = punctual.unwrap_or(value);
                self.fails |= !threshold.op.holds(value, threshold.limit);
            }
        }
    }

    /// Returns true if the verdict on all of them may be of lateness's making. A stop of so long as
    /// the longest lag takes so much time from one window, and gives it to one after it.
    pub(super) fn is_doubtful(&self, threshold: &Threshold, ok: bool, longest: Nanos) -> bool {
        let length = threshold.window.unwrap_or_default().as_nanos() as f64;
        let stopped = longest as f64;
        if self.silent {
            return !ok && !self.fails && stopped + SECOND as f64 >= length;
        }
        if !matches!(threshold.metric, Metric::Rate | Metric::Count) {
            return ok == self.fails;
        }
        let holds = |value| threshold.op.holds(value, threshold.limit);
        let (least, greatest) = self.regained;
        let (least, greatest) = match stopped < length {
            true => {
                let longer = length / (length - stopped);
                (least * longer, greatest * longer)
            }
            false => (f64::INFINITY, f64::INFINITY),
        };
        let most = self.most * length / (length + stopped);
        match threshold.op {
            Op::Greater | Op::GreaterOrEqual => !ok && holds(least),
            Op::Less | Op::LessOrEqual if ok => !holds(greatest),
            Op::Less | Op::LessOrEqual => holds(most),
            Op::Equal => !ok && (most..=least).contains(&threshold.limit),
            Op::NotEqual => !ok && most < least,
        }
    }
}

#[cfg(test)]
#[path = "doubt_tests.rs"]
mod tests;
