//! Whether the generator measured the target, or itself.

use crate::{
    human,
    metric::Counter,
    record::{RunTotals, View},
    time::{Nanos, SECOND},
};

/// A p99 of schedule lag up to this never makes a run invalid.
const LAG: Nanos = 2_000_000;
/// Nor does one of at most this share of the reported p99.
const LAG_SHARE: f64 = 0.1;
/// Fewer late runs than these are chance, and only a warning.
const LATE_RUNS: u64 = 10;
/// Least share of the due arrivals that must have been dispatched.
const DISPATCHED: f64 = 0.99;
/// Share of its workers' cores above which the generator was busy enough to warn.
const BUSY: f64 = 0.9;

/// The judgement. A run is valid when there are no reasons against it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validity {
    /// Why the result must not be believed, in words.
    pub reasons: Vec<String>,
    /// What casts doubt on it without making it invalid, in words.
    pub warnings: Vec<String>,
}

/// What the generator used.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Worker threads, one core each.
    pub workers: usize,
    /// CPU time of the process, user and system.
    pub cpu_seconds: f64,
}

impl Validity {
    /// Judges a whole run.
    pub fn of(totals: &RunTotals, usage: Usage) -> Self {
        let mut validity = Self::default();
        if let Some(late) = late(totals) {
            if totals.lag.count_above(LAG) >= LATE_RUNS {
                validity.reasons.push(late);
            } else {
                validity.warnings.push(late);
            }
        }
        validity.reasons.extend(overdue(totals));
        validity.warnings.extend(busy(totals, usage));
        validity
    }

    /// Whether nothing speaks against the result.
    pub fn is_valid(&self) -> bool {
        self.reasons.is_empty()
    }
}

/// Without a reported p99 there is no number that the lag could have spoilt.
fn late(totals: &RunTotals) -> Option<String> {
    let lag = totals.lag.percentile(99.0).filter(|lag| *lag > LAG)?;
    let View { measures, .. } = View::totals(&totals.steps, &totals.tasks);
    let reported = measures.latency().percentile(99.0)?;
    (lag as f64 > reported as f64 * LAG_SHARE).then(|| {
        format!(
            "loadgen itself was late: 1 run in 100 began more than {} after it was due although a \
             slot was free, which is above 2 ms and above a tenth of the reported p99 of {}",
            human::time(lag as f64),
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

fn busy(totals: &RunTotals, usage: Usage) -> Option<String> {
    // The processors worked in the warm-up too.
    let seconds = (totals.warmup + totals.elapsed) as f64 / SECOND as f64;
    let share = usage.cpu_seconds / (usage.workers as f64 * seconds);
    (share.is_finite() && share > BUSY).then(|| {
        format!(
            "loadgen kept its {} {} busy, so it may itself be part of what was measured: use more \
             workers, or cores that nothing else uses",
            human::plural(usage.workers as u64, "core"),
            human::percent(share),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metric::Timer, record::Size};

    const MS: u64 = 1_000_000;
    const CALM: Usage = Usage {
        workers: 2,
        cpu_seconds: 4.0,
    };

    fn totals(lag: Nanos, latency: Nanos) -> RunTotals {
        let mut totals = RunTotals::new(Size::new(1, 1, 0));
        totals.elapsed = 10 * crate::time::SECOND;
        for _ in 0..1_000 {
            totals.lag.record(lag);
            totals.steps[0][Timer::Ok].record(latency);
            totals.tasks[0][Timer::Ok].record(latency);
            totals.tasks[0][Counter::Offered] += 1;
        }
        totals
    }

    #[test]
    fn lag_counts_when_it_is_long_and_a_good_part_of_what_is_reported() {
        for (lag, latency, valid) in [
            (MS, 2 * MS, true),
            (3 * MS, 20 * MS, false),
            (3 * MS, 40 * MS, true),
            (30 * MS, 200 * MS, false),
        ] {
            let validity = Validity::of(&totals(lag, latency), CALM);
            assert_eq!(validity.is_valid(), valid, "{lag} {latency}");
            assert!(validity.warnings.is_empty());
        }
        insta::assert_snapshot!(
            Validity::of(&totals(3 * MS, 20 * MS), CALM).reasons[0],
            @"loadgen itself was late: 1 run in 100 began more than 3.00 ms after it was due although a slot was free, which is above 2 ms and above a tenth of the reported p99 of 20.0 ms"
        );
    }

    #[test]
    fn a_few_late_runs_of_a_short_run_are_a_warning() {
        let mut totals = totals(0, 5 * MS);
        totals.lag = Default::default();
        for late in 0..50 {
            totals.lag.record(if late < 9 { 3 * MS } else { 0 });
        }
        let validity = Validity::of(&totals, CALM);
        assert_eq!((validity.reasons.len(), validity.warnings.len()), (0, 1));
        totals.lag.record(3 * MS);
        let validity = Validity::of(&totals, CALM);
        assert_eq!((validity.reasons.len(), validity.warnings.len()), (1, 0));
    }

    #[test]
    fn nearly_all_due_arrivals_must_have_been_dispatched() {
        let mut totals = totals(0, 20 * MS);
        totals.overdue = 10;
        assert!(Validity::of(&totals, CALM).is_valid());
        totals.overdue = 200;
        insta::assert_snapshot!(
            Validity::of(&totals, CALM).reasons[0],
            @"loadgen could not keep up: only 80% of 1,000 arrivals were dispatched before the end of the load"
        );
    }

    #[test]
    fn a_busy_generator_is_a_warning() {
        let usage = Usage {
            workers: 2,
            cpu_seconds: 19.0,
        };
        let validity = Validity::of(&totals(0, 20 * MS), usage);
        assert!(validity.is_valid());
        insta::assert_snapshot!(
            validity.warnings[0],
            @"loadgen kept its 2 cores 95% busy, so it may itself be part of what was measured: use more workers, or cores that nothing else uses"
        );
    }

    #[test]
    fn an_empty_run_is_not_invalid() {
        let validity = Validity::of(&RunTotals::new(Size::new(1, 1, 0)), CALM);
        assert_eq!(validity, Validity::default());
    }
}
