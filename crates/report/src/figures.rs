//! Measurements in the form and precision of the result file.

use super::{
    model::{ErrorSample, Errors, Figures, Hdr, Points, TracedRequest},
    stats::Stats,
};
use loadgen_core::{
    metric::{Statuses, Timer, Timers},
    time::SECOND,
};
use loadgen_driver::ByClass;
use loadgen_record::{Compact, Hist, Traced, View};
use std::{borrow::Cow, cmp::Reverse, collections::BTreeMap};

/// The figures of a scope, whose load took so many seconds.
pub(super) fn stats(view: &View, seconds: f64) -> Stats {
    let measures = &view.measures;
    let mut times = Timers::of(|timer| match timer.info().key {
        Some(_) if timer != Timer::Ok => figures(&measures[timer]),
        _ => None,
    });
    let ok = described(&measures[Timer::Ok]);
    let latency = match measures.latency() {
        Cow::Borrowed(_) => ok.clone(),
        Cow::Owned(all) => described(&all),
    };
    times[Timer::Ok] = ok.0;
    Stats {
        counts: measures.counts,
        count: measures.count(),
        rate_per_s: per_second(view.runs_in_time, seconds),
        requests_per_s: per_second(view.requests_in_time, seconds),
        statuses: statuses(&measures.statuses),
        errors: Errors {
            count: measures.errors(),
            rate: measures.error_rate().map(|rate| rounded(rate, 9)),
            by_class: by_class(&measures.by_class),
            samples: measures
                .samples
                .iter()
                .map(|sample| ErrorSample {
                    class: sample.class.name().to_owned(),
                    message: sample.message.clone(),
                    request: sample.request.clone(),
                    status: sample.status,
                    expected: sample.expected.clone(),
                    body: sample.body.clone(),
                    trace_id: sample.trace.map(|id| id.to_string()),
                })
                .collect(),
        },
        latency_us: latency.0,
        times,
        hdr: Hdr {
            latency: latency.1,
            ok: ok.1,
            service: measures[Timer::Service].to_base64(),
        },
    }
}

/// Its figures, and all of it.
fn described(times: &Hist) -> (Option<Figures>, Option<String>) {
    (figures(times), times.to_base64())
}

/// Requests that can be looked up, in the order in which they ended.
pub(super) fn by_time(requests: &[Traced]) -> Vec<TracedRequest> {
    let mut requests = requests.to_vec();
    requests.sort_by_key(|request| (request.ended, request.id));
    traced(&requests)
}

/// Requests that can be looked up.
pub(super) fn traced(requests: &[Traced]) -> Vec<TracedRequest> {
    let requests = requests.iter().map(|request| TracedRequest {
        trace_id: request.id.to_string(),
        sampled: request.sampled,
        t_s: rounded(request.ended as f64 / SECOND as f64, 3),
        latency_us: micros(request.latency as f64),
        outcome: request.ending.name().to_owned(),
    });
    requests.collect()
}

/// Returns the count of each class that occurred.
pub(super) fn by_class(counts: &ByClass) -> BTreeMap<String, u64> {
    let occurred = counts.iter().filter(|(_, count)| **count > 0);
    occurred
        .map(|(class, count)| (class.name().to_owned(), *count))
        .collect()
}

/// Most status codes that are told one by one.
const MOST_CODES: usize = 100;

/// Number of responses by status code; the least frequent of many codes together, as `other`.
pub(super) fn statuses(counts: &Statuses) -> BTreeMap<String, u64> {
    let mut counts: Vec<(u16, u64)> = counts.iter().collect();
    counts.sort_by_key(|(status, count)| (Reverse(*count), *status));
    let rest = counts.split_off(counts.len().min(MOST_CODES));
    let named = counts.into_iter();
    let mut named: BTreeMap<String, u64> = named
        .map(|(status, count)| (status.to_string(), count))
        .collect();
    if !rest.is_empty() {
        let rest = rest.into_iter().map(|(_, count)| count).sum();
        named.insert("other".to_owned(), rest);
    }
    named
}

pub(super) fn figures(times: &Hist) -> Option<Figures> {
    let (mean, stddev) = times.moments()?;
    Some(Figures {
        min: micros(times.min()? as f64),
        mean: micros(mean),
        stddev: micros(stddev),
        p50: at(times, 50.0),
        p75: at(times, 75.0),
        p90: at(times, 90.0),
        p95: at(times, 95.0),
        p99: at(times, 99.0),
        p99_9: at(times, 99.9),
        max: micros(times.max()? as f64),
    })
}

pub(super) fn points(times: &Compact) -> Option<Points> {
    let [p50, p95, p99] = times.percentiles()?.map(|ns| micros(ns as f64));
    Some(Points { p50, p95, p99 })
}

pub(super) fn at(times: &Hist, percent: f64) -> f64 {
    times
        .percentile(percent)
        .map_or(0.0, |ns| micros(ns as f64))
}

pub(super) fn micros(ns: f64) -> f64 {
    rounded(ns / 1_000.0, 3)
}

pub(super) fn per_second(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 {
        rounded(count as f64 / seconds, 6)
    } else {
        0.0
    }
}

/// Rounds to the fewest decimals that read back as the same number.
pub(super) fn rounded(value: f64, places: i32) -> f64 {
    let scale = 10f64.powi(places);
    (value * scale).round() / scale
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_status_codes_the_least_frequent_are_told_together() {
        let mut counts = Statuses::default();
        assert_eq!(statuses(&counts), BTreeMap::new());
        // The first ten occur least.
        (300..410).for_each(|code| counts.increase(code, u64::from(code - 300)));
        let told = statuses(&counts);
        assert_eq!(told.len(), MOST_CODES + 1);
        assert_eq!(
            (told.get("309"), told["310"], told["other"]),
            (None, 10, 45)
        );
        assert_eq!(told.values().sum::<u64>(), counts.total());
    }
}
