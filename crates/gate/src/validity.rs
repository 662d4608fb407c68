//! Validity: checks that the generator measured the target, and not itself.

pub use super::blame::{Host, Usage};
use super::{
    Verdict,
    blame::{blame, busy},
};
use loadgen_core::{
    human,
    metric::Counter,
    time::{Nanos, SECOND},
};
use loadgen_plan::{Label, Threshold};
use loadgen_record::{RunTotals, View, period::MeasuredPart};
use std::time::Duration;

/// Share of the reported p99 up to which a p99 of schedule lag never makes a run invalid.
const LAG_SHARE: f64 = 0.1;
/// Fewer late runs than these are chance, and only a warning.
const LATE_RUNS: u64 = 10;
/// Share of the users' time that lateness may take before less load came than was meant.
const LOST: f64 = 0.01;
/// In a shorter run the time that it takes to begin is a good part of the users' time.
const SHORTEST: Nanos = SECOND;
/// Least share of the due arrivals that must have been dispatched.
const DISPATCHED: f64 = 0.99;

/// The judgement. A run is valid when there are no reasons against it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validity {
    /// Reasons why the result is invalid.
    pub reasons: Vec<String>,
    /// Warnings about a result that is valid all the same.
    pub warnings: Vec<String>,
}

/// Grounds on which a whole run is judged.
#[derive(Debug, Clone, Copy)]
pub struct Grounds<'a> {
    /// Measured without the warm-up.
    pub totals: &'a RunTotals,
    /// Processor time that it took.
    pub usage: Usage,
    /// A p99 of schedule lag up to this is no lateness.
    pub max_lag: Nanos,
    /// Tasks of the plan.
    pub tasks: &'a [Label],
    /// Thresholds of the plan.
    pub thresholds: &'a [Threshold],
    /// Their verdicts, by index.
    pub verdicts: &'a [Verdict],
}

impl Validity {
    /// Judges a whole run.
    pub fn of(grounds: &Grounds<'_>) -> Self {
        let Grounds { totals, usage, .. } = *grounds;
        let mut validity = Self::default();
        let all = grounds.thresholds.iter().zip(grounds.verdicts);
        let judged: Vec<_> = all.filter(|(own, _)| !own.implied).collect();
        let doubtful = judged.iter().filter(|(_, verdict)| verdict.doubtful);
        let mut doubtful: Vec<String> =
            doubtful.map(|(own, _)| format!("`{}`", own.expr)).collect();
        doubtful.dedup();
        let blame = || blame(totals, usage);
        if !doubtful.is_empty() {
            validity.reasons.push(format!(
                "loadgen itself was late{}, and that may be what decided about {}; {}",
                how_late(totals),
                doubtful.join(", "),
                blame()
            ));
        } else if let Some(late) = late(grounds) {
            let late = format!("{late}; {}", blame());
            if !judged.is_empty() {
                let words = "The thresholds are decided all the same: without it they come out \
                             as they did";
                validity.warnings.push(format!("{late}. {words}"));
            } else if totals.lag.count_above(grounds.max_lag) < LATE_RUNS {
                validity.warnings.push(late);
            } else {
                validity.reasons.push(late);
            }
        }
        let lost = lost(grounds).map(|lost| format!("{lost}; {}", blame()));
        match totals.elapsed >= SHORTEST {
            true => validity.reasons.extend(lost),
            false => validity.warnings.extend(lost),
        }
        validity.reasons.extend(overdue(totals));
        validity.reasons.extend(short(totals));
        validity.warnings.extend(busy(totals, usage));
        validity
    }

    /// Returns true if there is no reason against the result.
    pub fn is_valid(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Figures of schedule lag, as far as there are any: `, by up to 4.00 s (p99 1.20 ms)`.
fn how_late(totals: &RunTotals) -> String {
    let figures = totals.lag.percentile(99.0).zip(totals.lag.max());
    figures.map_or_else(String::new, |(p99, max)| {
        let [p99, max] = [p99, max].map(|lag| human::time(lag as f64));
        format!(", by up to {max} (p99 {p99})")
    })
}

/// Tells of which users' time lateness took too large a share, and more than the bound of lag from
/// the mean user. Users with a number of iterations do all that is meant, however late.
fn lost(grounds: &Grounds<'_>) -> Option<String> {
    let totals = grounds.totals;
    let shares = totals.user_time.iter().map(|time| time.lost_share());
    let mut timed = shares
        .enumerate()
        .filter(|(population, _)| !totals.periods.is_counted(*population));
    let (population, share) = timed.find(|(_, share)| {
        *share > LOST && share * totals.elapsed as f64 > grounds.max_lag as f64
    })?;
    let own = |(task, _): &(usize, &Label)| {
        totals.periods.population_of(MeasuredPart::Task(*task)) == Some(population)
    };
    let whose = match grounds.tasks.iter().enumerate().find(own) {
        Some((_, label)) if totals.user_time.len() > 1 => {
            format!("the users of {}", label.population)
        }
        _ => "its users".to_owned(),
    };
    Some(format!(
        "loadgen itself was late: {whose} waited for it in {} of their time, so that less load came \
         than was meant",
        human::percent(share)
    ))
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

/// Returns the resources that the machine ran out of.
fn short(totals: &RunTotals) -> impl Iterator<Item = String> {
    let ran_out = totals.shortages.iter().filter(|(_, count)| **count > 0);
    ran_out.map(|(shortage, count)| {
        format!(
            "this machine ran out of {}s: {} failed for want of one, which the target had no part \
             in; {}",
            shortage.noun(),
            human::plural(*count, "request"),
            shortage.help(),
        )
    })
}

fn overdue(totals: &RunTotals) -> Option<String> {
    // Late arrivals are among the offered, since they were dispatched in the end.
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
