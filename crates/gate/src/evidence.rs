//! Evidence for a threshold: the few numbers of a scope that its metric needs.

use loadgen_core::metric::{Counter, Counters};
use loadgen_plan::threshold::{Distribution, Metric, Statistic};
use loadgen_record::{Hist, View};
use std::{
    borrow::Cow,
    ops::{AddAssign, SubAssign},
};

/// Counters of a scope; see [`View`] for what each counts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) counts: Counters,
    pub(super) runs: u64,
    runs_in_time: u64,
    count: u64,
    errors: u64,
    checks: u64,
    passed: u64,
    /// All responses.
    responses: u64,
    /// Responses with the status codes that the metric looks at.
    matching: u64,
}

/// A metric's value and what it rests on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Observation {
    /// In the metric's own unit; None when there is nothing that it could be taken from.
    pub(super) value: Option<f64>,
    /// Times, requests or runs that it was taken from.
    pub(super) samples: u64,
}

impl Tally {
    /// Takes from a scope what `metric` needs.
    pub(super) fn of(metric: Metric, view: &View) -> Self {
        let measures = &view.measures;
        let matching = match metric {
            Metric::Status(codes) | Metric::StatusShare(codes) => {
                measures.statuses.within(codes.first..=codes.last)
            }
            _ => 0,
        };
        Self {
            counts: measures.counts,
            runs: view.runs,
            runs_in_time: view.runs_in_time,
            count: measures.count(),
            errors: measures.errors(),
            checks: measures.checks,
            passed: measures.passed(),
            responses: measures.statuses.total(),
            matching,
        }
    }

    fn each(&mut self, other: &Tally, apply: fn(&mut u64, u64)) {
        apply(&mut self.runs, other.runs);
        apply(&mut self.runs_in_time, other.runs_in_time);
        apply(&mut self.count, other.count);
        apply(&mut self.errors, other.errors);
        apply(&mut self.checks, other.checks);
        apply(&mut self.passed, other.passed);
        apply(&mut self.responses, other.responses);
        apply(&mut self.matching, other.matching);
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.counts += other.counts;
        self.each(&other, |mine, more| *mine += more);
    }
}

impl SubAssign for Tally {
    fn sub_assign(&mut self, other: Self) {
        self.counts -= other.counts;
        self.each(&other, |mine, less| *mine -= less);
    }
}

/// The times that `metric` looks at; None when it looks at counters.
pub(super) fn times(metric: Metric, view: &View) -> Option<Cow<'_, Hist>> {
    match metric {
        Metric::Time(which, _) => Some(view.measures.distribution(which)),
        _ => None,
    }
}

/// Returns response times with loadgen's own lag taken off; None where lag makes no difference.
pub(super) fn punctual_times(metric: Metric, view: &View) -> Option<Cow<'_, Hist>> {
    match metric {
        Metric::Time(which, _) => view.measures.punctual_distribution(which),
        _ => None,
    }
}

/// Takes the value of `metric` from what was measured in so many seconds of the load.
pub(super) fn observe(metric: Metric, tally: &Tally, times: &Hist, seconds: f64) -> Observation {
    // Rates of arrivals need arrivals that were due; rates of requests need requests that ended.
    let offered = tally.counts[Counter::Offered];
    let (value, samples) = match metric {
        Metric::Time(_, statistic) => {
            return Observation {
                value: statistic_of(times, statistic),
                samples: times.len(),
            };
        }
        Metric::Errors => (tally.errors as f64, tally.count),
        Metric::ErrorRate => (tally.errors as f64 / tally.count as f64, tally.count),
        Metric::Checks => (tally.passed as f64 / tally.checks as f64, tally.checks),
        Metric::Status(_) => (tally.matching as f64, offered),
        Metric::StatusShare(_) => {
            let share = tally.matching as f64 / tally.responses as f64;
            (share, tally.responses)
        }
        Metric::Count => (tally.count as f64, offered),
        Metric::Rate => (tally.runs_in_time as f64 / seconds, offered),
        Metric::Counter(counter) => (tally.counts[counter] as f64, offered),
    };
    Observation {
        value: (samples > 0 && value.is_finite()).then_some(value),
        samples,
    }
}

fn statistic_of(times: &Hist, statistic: Statistic) -> Option<f64> {
    match statistic {
        Statistic::Min => times.min().map(|ns| ns as f64),
        Statistic::Mean => times.mean(),
        Statistic::Max => times.max().map(|ns| ns as f64),
        Statistic::Percentile(percent) => times.percentile(percent).map(|ns| ns as f64),
    }
}

/// Returns the reason why a metric has no samples.
pub(super) fn nothing_to_judge(metric: Metric) -> &'static str {
    match metric {
        Metric::Time(Distribution::Latency, _) | Metric::Errors | Metric::ErrorRate => {
            "no samples: no request ended"
        }
        Metric::Checks => "no samples: nothing was checked",
        Metric::StatusShare(_) => "no samples: no response came",
        Metric::Time(Distribution::Timer(timer), _) => timer.info().no_samples.unwrap_or_default(),
        Metric::Count | Metric::Rate | Metric::Status(_) | Metric::Counter(_) => {
            "no samples: nothing was due"
        }
    }
}
