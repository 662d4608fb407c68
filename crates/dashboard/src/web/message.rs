//! Messages to the page, as JSON. Figures of tables are in words already, so that they read as they
//! do elsewhere; those of charts are numbers.

use crate::{LogHistogram, Point, State, log_histogram, render};
use loadgen_core::{human, time::SECOND};
use serde::Serialize;
use std::collections::BTreeMap;

/// Buckets of [`LogHistogram`] in a row of the heatmap.
const ROW: u16 = 5;

/// Everything there is to know: what a page needs at first, or when it missed something.
#[derive(Debug, Serialize)]
pub(super) struct FullState<'a> {
    name: &'a str,
    load: &'a str,
    version: &'static str,
    series: &'a [String],
    duration_s: Option<f64>,
    warmup_s: f64,
    /// Their starts, and words.
    stages: Vec<(f64, &'a str)>,
    users: bool,
    /// The end of the first row of the heatmap in µs, and rows per power of ten.
    heat: (f64, u16),
    #[serde(flatten)]
    update: Update<'a>,
}

/// Changes since a [`Cursor`].
#[derive(Debug, Serialize)]
pub(super) struct Update<'a> {
    points: Vec<Dot>,
    readings: Vec<Readings<'a>>,
    now: Now<'a>,
}

/// Position of a page: what it has received.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cursor {
    /// The next second.
    second: u64,
    /// Readings after this time; None for all of them.
    readings: Option<f64>,
}

/// A point of the history.
#[derive(Debug, Serialize)]
struct Dot {
    /// Start and length in seconds.
    t: u64,
    s: u64,
    users: u64,
    flight: u64,
    queued: u64,
    dropped: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    classes: BTreeMap<&'static str, u64>,
    /// By series: count, errors, p50, p95, p99 and max in µs (nothing where nothing ended), and
    /// the heatmap's rows as row, count, row, count...
    y: Vec<Y>,
}

type Y = (u64, u64, Option<[f64; 4]>, Vec<u64>);

#[derive(Debug, Serialize)]
struct Readings<'a> {
    source: &'a str,
    metric: &'a str,
    unit: &'a str,
    points: &'a [(f64, f64)],
}

#[derive(Debug, Serialize)]
struct Now<'a> {
    elapsed_s: f64,
    /// Share of the planned length, 0 to 1; None where the run has no planned end.
    share: Option<f64>,
    position: String,
    so_far: Vec<String>,
    lately: Vec<String>,
    tasks: Vec<(&'a str, Vec<String>)>,
    thresholds: Vec<Threshold<'a>>,
    /// Count, rate, errors, p50, p95, p99, max of each series.
    rows: Vec<[String; 7]>,
    failing: Vec<bool>,
    classes: Vec<Class<'a>>,
    events: Vec<Event<'a>>,
    messages: &'a [String],
}

#[derive(Debug, Serialize)]
struct Threshold<'a> {
    title: &'a str,
    /// None: not judged yet.
    ok: Option<bool>,
    observed: String,
}

#[derive(Debug, Serialize)]
struct Class<'a> {
    name: &'a str,
    count: String,
    samples: &'a [String],
}

#[derive(Debug, Serialize)]
struct Event<'a> {
    at_s: f64,
    name: &'a str,
    ok: bool,
    message: &'a str,
}

impl<'a> FullState<'a> {
    pub fn of(state: &'a State) -> Self {
        let outline = &*state.outline;
        let warmup = outline.warmup;
        let mut start = warmup;
        let stages = outline.stages.iter().map(|stage| {
            let own = (seconds(start), stage.text.as_str());
            start = stage.end;
            own
        });
        let warms = (warmup > 0).then_some((0.0, "warm-up"));
        let steady = warms.filter(|_| outline.stages.is_empty());
        let steady = steady.map(|_| (seconds(warmup), "measured"));
        let stages = warms.into_iter().chain(steady).chain(stages);
        Self {
            name: &outline.name,
            load: &outline.load,
            version: env!("CARGO_PKG_VERSION"),
            series: &outline.series,
            duration_s: outline.duration.map(seconds),
            warmup_s: seconds(outline.warmup),
            stages: stages.collect(),
            users: outline.users,
            heat: (
                micros(log_histogram::FIRST),
                log_histogram::PER_DECADE / ROW,
            ),
            update: Update::of(state, Cursor::default()),
        }
    }
}

impl<'a> Update<'a> {
    pub fn of(state: &'a State, from: Cursor) -> Self {
        let points = state
            .details
            .iter()
            .flat_map(|details| details.history.points());
        let mut points: Vec<Dot> = points
            .rev()
            .take_while(|point| point.second >= from.second)
            .map(Dot::of)
            .collect();
        points.reverse();
        let readings = state.observed.iter().filter_map(|one| {
            let known = from.readings.map_or(0, |known| {
                one.points.partition_point(|(at, _)| *at <= known)
            });
            let points = &one.points[known..];
            (!points.is_empty()).then_some(Readings {
                source: &one.source,
                metric: &one.metric,
                unit: &one.unit,
                points,
            })
        });
        Self {
            points,
            readings: readings.collect(),
            now: Now::of(state),
        }
    }
}

impl Cursor {
    /// After everything that `state` has.
    pub fn after(state: &State) -> Self {
        let last = state
            .details
            .iter()
            .flat_map(|details| details.history.points().next_back());
        let last = last.map(|point| point.second + point.seconds).next();
        let readings = state.observed.iter().filter_map(|one| one.points.last());
        Self {
            second: last.unwrap_or(0),
            readings: readings.map(|(at, _)| *at).reduce(f64::max),
        }
    }

    /// Returns the number of seconds that it is behind `other`.
    pub fn behind(self, other: Cursor) -> u64 {
        other.second.saturating_sub(self.second)
    }
}

impl Dot {
    fn of(point: &Point) -> Self {
        let classes = point.by_class.iter().filter(|(_, count)| **count > 0);
        let series = point.series.iter();
        Self {
            t: point.second,
            s: point.seconds,
            users: point.users,
            flight: point.in_flight,
            queued: point.queued,
            dropped: point.dropped,
            classes: classes
                .map(|(class, count)| (class.name(), *count))
                .collect(),
            y: series
                .map(|one| {
                    let latency = one.latency.map(|times| times.map(micros));
                    (one.count, one.errors, latency, rows(&one.times))
                })
                .collect(),
        }
    }
}

fn rows(times: &LogHistogram) -> Vec<u64> {
    let mut rows: Vec<u64> = Vec::new();
    for (bucket, count) in times.counts() {
        let row = u64::from(bucket / ROW);
        match rows[..] {
            [.., last, ref mut sum] if last == row => *sum += count,
            _ => rows.extend([row, *count]),
        }
    }
    rows
}

impl<'a> Now<'a> {
    fn of(state: &'a State) -> Self {
        let outline = &*state.outline;
        let standings = state.standings.iter().chain(std::iter::repeat(&None));
        let thresholds = outline.thresholds.iter().zip(standings);
        let details = state.details.as_ref();
        let rows = details.map_or(&[][..], |details| &details.rows);
        let time = |ns: f64| human::time(ns);
        Self {
            elapsed_s: seconds(state.elapsed),
            share: outline
                .duration
                .filter(|duration| *duration > 0)
                .map(|duration| (state.elapsed as f64 / duration as f64).min(1.0)),
            position: render::position(state),
            so_far: render::so_far(state),
            lately: render::lately(state),
            tasks: render::task_figures(state),
            thresholds: thresholds
                .map(|(limit, standing)| {
                    let judged = render::judged(standing);
                    Threshold {
                        title: &limit.title,
                        ok: judged.map(|(ok, _)| ok),
                        observed: judged.map_or_else(String::new, |(_, value)| limit.text(value)),
                    }
                })
                .collect(),
            rows: rows
                .iter()
                .map(|row| {
                    let times = row.latency.map(|times| times.map(time));
                    let [p50, p95, p99, max] = times.unwrap_or_else(|| ["-"; 4].map(String::from));
                    let (count, errors) = (human::count(row.count), human::count(row.errors));
                    let rate = row.rate.map_or_else(|| "-".to_owned(), human::rate);
                    [count, rate, errors, p50, p95, p99, max]
                })
                .collect(),
            failing: rows.iter().map(|row| row.errors > 0).collect(),
            classes: details
                .iter()
                .flat_map(|details| &*details.classes)
                .map(|class| Class {
                    name: class.name,
                    count: human::grouped(class.count),
                    samples: &class.samples,
                })
                .collect(),
            events: state
                .events
                .iter()
                .map(|event| Event {
                    at_s: event.at,
                    name: &event.name,
                    ok: event.ok,
                    message: &event.message,
                })
                .collect(),
            messages: &state.messages,
        }
    }
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / SECOND as f64
}

/// In µs, to a tenth.
fn micros(ns: f64) -> f64 {
    (ns / 100.0).round() / 10.0
}
