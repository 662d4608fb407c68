//! Whether the generator measured the target, or itself.

pub use super::blame::{Host, Usage};
use super::{
    Verdict,
    blame::{blame, busy},
};
use crate::{
    human,
    metric::{Counter, Distribution, Timer},
    plan::{
        Threshold,
        threshold::{Metric, Op},
    },
    record::{RunTotals, View},
    time::Nanos,
};
use std::time::Duration;

/// Share of the reported p99 up to which a p99 of schedule lag never makes a run invalid.
const LAG_SHARE: f64 = 0.1;
/// Fewer late runs than these are chance, and only a warning.
const LATE_RUNS: u64 = 10;
/// Least share of the due arrivals that must have been dispatched.
const DISPATCHED: f64 = 0.99;

/// The judgement. A run is valid when there are no reasons against it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validity {
    /// Why the result must not be believed, in words.
    pub reasons: Vec<String>,
    /// What casts doubt on it without making it invalid, in words.
    pub warnings: Vec<String>,
}

/// What a whole run is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Grounds<'a> {
    /// Measured without the warm-up.
    pub totals: &'a RunTotals,
    /// Processor time that it took.
    pub usage: Usage,
    /// A p99 of schedule lag up to this is no lateness.
    pub max_lag: Nanos,
    /// Thresholds of the plan.
    pub thresholds: &'a [Threshold],
    /// What became of them, by their places.
    pub verdicts: &'a [Verdict],
}

impl Validity {
    /// Judges a whole run.
    pub fn of(grounds: &Grounds<'_>) -> Self {
        let Grounds { totals, usage, .. } = *grounds;
        let mut validity = Self::default();
        if let Some(late) = late(grounds) {
            let late = format!("{late}; {}", blame(totals, usage));
            let judged = || {
                let all = grounds.thresholds.iter().zip(grounds.verdicts);
                all.filter(|(own, _)| !own.implied)
            };
            let mut doubtful = judged().filter(|(own, verdict)| is_made_by_lateness(own, verdict));
            if totals.lag.count_above(grounds.max_lag) < LATE_RUNS {
                validity.warnings.push(late);
            } else if judged().next().is_none() {
                validity.reasons.push(late);
            } else if let Some((threshold, _)) = doubtful.next() {
                let expr = &threshold.expr;
                let words = format!("{late}. That may be what decided about `{expr}`");
                validity.reasons.push(words);
            } else {
                let words = "The thresholds are decided all the same: lateness can only have \
                             been against the way they came out";
                validity.warnings.push(format!("{late}. {words}"));
            }
        }
        validity.reasons.extend(overdue(totals));
        validity.warnings.extend(busy(totals, usage));
        validity
    }

    /// Returns true if there is no reason against the result.
    pub fn is_valid(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Returns true if the generator's lateness can bring about a verdict: times are measured from the
/// intended start, so lateness lengthens them, and fewer requests are done meanwhile.
fn is_made_by_lateness(threshold: &Threshold, verdict: &Verdict) -> bool {
    let lengthens = match threshold.metric {
        Metric::Time(Distribution::Latency, _) => true,
        Metric::Time(Distribution::Timer(timer), _) => {
            matches!(timer, Timer::Ok | Timer::Failed | Timer::Cut)
        }
        Metric::Rate | Metric::Count => false,
        Metric::Errors | Metric::ErrorRate | Metric::Checks | Metric::Counter(_) => return false,
    };
    match threshold.op {
        // Without samples nothing was measured that could have been late.
        _ if verdict.observed.is_none() => false,
        Op::Less | Op::LessOrEqual => verdict.ok != lengthens,
        Op::Greater | Op::GreaterOrEqual => verdict.ok == lengthens,
        Op::Equal | Op::NotEqual => true,
    }
}

/// Tells of lateness above the bound. Without a reported p99 there is no number that it could have
/// spoilt.
fn late(grounds: &Grounds<'_>) -> Option<String> {
    let (totals, max_lag) = (grounds.totals, grounds.max_lag);
    let lag = totals.lag.percentile(99.0).filter(|lag| *lag > max_lag)?;
    let View { measures, .. } = View::totals(&totals.steps, &totals.tasks);
    let reported = measures.latency().percentile(99.0)?;
    (lag as f64 > reported as f64 * LAG_SHARE).then(|| {
        format!(
            "loadgen itself was late: 1 run in 100 began more than {} after it was due although a \
             slot was free, which is above max_lag ({}) and above a tenth of the reported p99 of {}",
            human::time(lag as f64),
            human::duration(Duration::from_nanos(max_lag)),
            human::time(reported as f64),
        )
    })
}

fn overdue(totals: &RunTotals) -> Option<String> {
    // Those that were late are among the offered, since they were dispatched in the end.
    let due: u64 = totals.tasks.iter().map(|task| task[Counter::Offered]).sum();
    let dispatched = due.saturating_sub(totals.overdue) as f64 / due as f64;
    (dispatched < DISPATCHED).then(|| {
        format!(
            "loadgen could not keep up: only {} of {} were dispatched before the end of the load",
            human::percent(dispatched),
            human::plural(due, "arrival"),
        )
    })
}

#[cfg(test)]
#[path = "validity_tests.rs"]
mod tests;
