//! The course of a run in as many slots as a chart can show.

use crate::{
    intervals::{self, IntervalStats},
    model::{Interval, ResultFile},
};
use loadgen_record::Hist;
use std::collections::BTreeMap;

/// Most slots: each is a few pixels wide then.
const MOST: usize = 240;
/// Rows of the heatmap.
const ROWS: usize = 32;

/// In seconds; a rate of less than so much would be chance.
const SHORTEST: f64 = 0.5;

/// Some neighbouring intervals as one.
#[derive(Debug)]
pub(super) struct Slot {
    /// In seconds from the start of the run.
    pub start: f64,
    pub end: f64,
    /// The most at the end of an interval.
    pub users: u64,
    pub in_flight: u64,
    pub queued: u64,
    pub count: u64,
    pub errors: u64,
    pub dropped: u64,
    pub by_class: BTreeMap<String, u64>,
    /// Response times in ns, None when nothing ended: p50, p95, p99, max.
    pub latency: Option<[f64; 4]>,
    /// Response times by row of the heatmap.
    pub rows: Vec<u64>,
}

/// All slots, and what they have in common.
#[derive(Debug)]
pub(super) struct ChartSlots {
    pub slots: Vec<Slot>,
    /// Seconds from the start of the run to the end of the last slot.
    pub length: f64,
    pub rows: Rows,
}

/// The rows of the heatmap, evenly spaced on a logarithmic scale.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows {
    /// log10 of the least and the greatest time in ns.
    pub from: f64,
    pub to: f64,
    pub number: usize,
}

impl Rows {
    fn of(times: &Hist) -> Self {
        let log = |ns: Option<u64>| ns.unwrap_or(1_000_000).max(1_000) as f64;
        let (from, to) = (log(times.min()).log10(), log(times.max()).log10());
        // At least a tenfold range, so that steady times are one band and not noise.
        let lacking = (1.0 - (to - from)).max(0.0) / 2.0;
        Self {
            from: from - lacking,
            to: to + lacking,
            number: ROWS,
        }
    }

    fn row(self, ns: f64) -> usize {
        let share = (ns.max(1.0).log10() - self.from) / (self.to - self.from);
        // Not negative after the clamp.
        ((share * self.number as f64).max(0.0) as usize).min(self.number - 1)
    }

    fn count(self, times: &Hist) -> Vec<u64> {
        let mut rows = vec![0; self.number];
        for (ns, count) in times.buckets() {
            rows[self.row(ns as f64)] += count;
        }
        rows
    }
}

/// Reads the timeline of a result.
///
/// # Errors
/// In words, when a histogram cannot be read.
pub(super) fn chart_slots(result: &ResultFile) -> Result<ChartSlots, String> {
    let rows = Rows::of(&intervals::hist(result.totals.hdr.latency.as_deref())?);
    let each = result.timeline.len().div_ceil(MOST).max(1);
    let mut slots = Vec::new();
    for group in groups(result, each) {
        let (mut whole, mut dropped) = (IntervalStats::default(), 0);
        for interval in group {
            for part in intervals::parts(result, interval)? {
                whole.add(&part);
            }
            dropped += interval.dropped;
        }
        let most = |pick: fn(&Interval) -> u64| group.iter().map(pick).max().unwrap_or_default();
        let times = &whole.latency;
        let at = |percent| times.percentile(percent).map(|ns| ns as f64);
        slots.push(Slot {
            start: group.first().map_or(0, |first| first.t_s) as f64,
            end: group.last().map_or(0.0, |last| end(result, last)),
            users: most(|interval| interval.users),
            in_flight: most(|interval| interval.in_flight),
            queued: most(|interval| interval.queued),
            count: whole.count,
            errors: whole.errors,
            dropped,
            latency: (|| Some([at(50.0)?, at(95.0)?, at(99.0)?, times.max()? as f64]))(),
            rows: rows.count(times),
            by_class: whole.by_class,
        });
    }
    let length = slots.last().map_or(1.0, |last| last.end).max(f64::EPSILON);
    Ok(ChartSlots {
        slots,
        length,
        rows,
    })
}

/// Neighbouring intervals, `each` of them together. The run seldom ends with a whole second: a
/// last interval that is shorter than half of one joins those before it.
fn groups(result: &ResultFile, each: usize) -> Vec<&[Interval]> {
    let timeline = &result.timeline[..];
    let short = timeline
        .last()
        .is_some_and(|last| end(result, last) - (last.t_s as f64) < SHORTEST);
    let own = timeline.len() - usize::from(short && timeline.len() > 1);
    let mut groups: Vec<&[Interval]> = timeline[..own].chunks(each).collect();
    if let Some(last) = groups.last_mut() {
        *last = &timeline[own - last.len()..];
    }
    groups
}

/// Returns the end of an interval: the last one ends with the run.
fn end(result: &ResultFile, interval: &Interval) -> f64 {
    let (start, end) = (interval.t_s, interval.t_s + interval.interval_s);
    (end as f64).min(result.run.whole_s().max(start as f64))
}

impl Slot {
    /// Returns the rate per second.
    pub fn rate(&self, number: u64) -> f64 {
        number as f64 / (self.end - self.start).max(SHORTEST)
    }
}
