//! The course of a run as distributions again, read from the timeline of its result.

use super::model::{Interval, ResultFile, StepInterval};
use loadgen_record::Hist;
use std::collections::BTreeMap;

/// Measurements of a step, or of all of them, in one interval.
#[derive(Debug, Clone, Default)]
pub(super) struct IntervalStats {
    /// Requests that ended.
    pub count: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Number of failures of each error class.
    pub by_class: BTreeMap<String, u64>,
    /// Responses by status code.
    pub statuses: BTreeMap<String, u64>,
    /// Response times.
    pub latency: Hist,
    /// Service times.
    pub service: Hist,
}

impl IntervalStats {
    /// Adds what `other` measured.
    pub fn add(&mut self, other: &IntervalStats) {
        self.count += other.count;
        self.errors += other.errors;
        let named = [
            (&mut self.by_class, &other.by_class),
            (&mut self.statuses, &other.statuses),
        ];
        for (mine, more) in named {
            for (name, count) in more {
                *mine.entry(name.clone()).or_default() += count;
            }
        }
        self.latency.add(&other.latency);
        self.service.add(&other.service);
    }
}

/// Each step's part of an interval, in the order of the result's steps.
///
/// # Errors
/// In words, when a histogram cannot be read.
pub(super) fn parts(
    result: &ResultFile,
    interval: &Interval,
) -> Result<Vec<IntervalStats>, String> {
    let steps = result.steps.iter();
    steps
        .map(|step| part(interval.steps.get(&step.id)))
        .collect()
}

/// The runs of each group in an interval, in the order of the result's groups.
///
/// # Errors
/// In words, when a histogram cannot be read.
pub(super) fn groups(
    result: &ResultFile,
    interval: &Interval,
) -> Result<Vec<IntervalStats>, String> {
    let groups = result.groups.iter();
    groups
        .map(|group| part(interval.groups.get(&group.id)))
        .collect()
}

fn part(measured: Option<&StepInterval>) -> Result<IntervalStats, String> {
    let Some(measured) = measured else {
        return Ok(IntervalStats::default());
    };
    Ok(IntervalStats {
        count: measured.count,
        errors: measured.errors,
        by_class: measured.errors_by_class.clone(),
        statuses: measured.statuses.clone(),
        latency: hist(measured.hdr.latency.as_deref())?,
        service: hist(measured.hdr.service.as_deref())?,
    })
}

/// All steps of an interval as one.
pub(super) fn sum(parts: &[IntervalStats]) -> IntervalStats {
    parts
        .iter()
        .fold(IntervalStats::default(), |mut sum, part| {
            sum.add(part);
            sum
        })
}

/// A histogram of the result file; empty where it has none.
///
/// # Errors
/// In words, when it cannot be read.
pub(super) fn hist(text: Option<&str>) -> Result<Hist, String> {
    text.map_or_else(|| Ok(Hist::default()), |text| Hist::from_base64(text, 0))
}
