//! The charts: over time, and the distribution of response and service times.

use super::{
    marks::Marks,
    slots::{ChartSlots, Slot},
    svg::Chart,
};
use crate::{
    axis::{self, ticks, time_ticks},
    words,
};
use loadgen_core::human;
use loadgen_record::Hist;
use std::ops::Range;

/// Shades of the heatmap, each of a class `h1` to `h8`.
const SHADES: usize = 8;

/// A line of a chart: its class, and its value in a slot.
type Line<'a> = (&'a str, &'a dyn Fn(&Slot) -> Option<f64>);

/// Requests that ended, failed and were dropped, per second.
pub(super) fn throughput(timeline: &ChartSlots, marks: &Marks) -> String {
    let mut chart = Chart::new("Requests per second over time", 220.0);
    let fails = timeline.slots.iter().any(|slot| slot.errors > 0);
    let drops = timeline.slots.iter().any(|slot| slot.dropped > 0);
    let lines: [Line<'_>; 3] = [
        ("ended", &|slot| Some(slot.rate(slot.count))),
        ("bad", &|slot| fails.then(|| slot.rate(slot.errors))),
        ("dropped", &|slot| drops.then(|| slot.rate(slot.dropped))),
    ];
    over_time(
        &mut chart,
        timeline,
        marks,
        true,
        &lines,
        human::round,
        |slot| {
            let mut text = format!("{}/s ended", human::rate(slot.rate(slot.count)));
            for (number, what) in [(slot.errors, "failed"), (slot.dropped, "dropped")] {
                if number > 0 {
                    text.push_str(&format!(", {}/s {what}", human::rate(slot.rate(number))));
                }
            }
            text
        },
    );
    chart.finish()
}

/// Users, runs under way and arrivals that wait.
pub(super) fn load(timeline: &ChartSlots, marks: &Marks) -> String {
    let mut chart = Chart::new("Users and task runs under way over time", 180.0);
    let waits = timeline.slots.iter().any(|slot| slot.queued > 0);
    let uses = timeline.slots.iter().any(|slot| slot.users > 0);
    let lines: [Line<'_>; 3] = [
        ("users", &|slot| uses.then_some(slot.users as f64)),
        ("flight", &|slot| Some(slot.in_flight as f64)),
        ("queued", &|slot| waits.then_some(slot.queued as f64)),
    ];
    let number = |number: f64| human::count(number.round() as u64);
    over_time(&mut chart, timeline, marks, false, &lines, number, |slot| {
        let mut text = format!("{} in flight", human::grouped(slot.in_flight));
        for (number, what) in [(slot.users, "users"), (slot.queued, "queued")] {
            if number > 0 {
                text.push_str(&format!(", {} {what}", human::grouped(number)));
            }
        }
        text
    });
    chart.finish()
}

/// Percentiles of response times.
pub(super) fn latency(timeline: &ChartSlots, marks: &Marks) -> String {
    let mut chart = Chart::new("Response times over time", 240.0);
    let lines: [Line<'_>; 3] = [
        ("p99", &|slot| slot.latency.map(|times| times[2])),
        ("p95", &|slot| slot.latency.map(|times| times[1])),
        ("p50", &|slot| slot.latency.map(|times| times[0])),
    ];
    over_time(
        &mut chart,
        timeline,
        marks,
        false,
        &lines,
        axis::time,
        |slot| match slot.latency.map(|times| times.map(human::time)) {
            Some([p50, p95, p99, max]) => format!("p50 {p50}, p95 {p95}, p99 {p99}, max {max}"),
            None => "nothing ended".to_owned(),
        },
    );
    chart.finish()
}

/// Failures per second, a colour for each class; `classes` are all that occurred.
pub(super) fn errors(timeline: &ChartSlots, marks: &Marks, classes: &[&str]) -> String {
    let mut chart = Chart::new("Errors per second over time, by class", 180.0);
    let most = timeline.slots.iter().map(|slot| slot.rate(slot.errors));
    let ticks = left(&mut chart, most.fold(0.0, f64::max), human::round);
    bottom(&mut chart, timeline.length, marks, false);
    for (index, class) in classes.iter().enumerate() {
        let of = |slot: &Slot, class: &str| slot.rate(*slot.by_class.get(class).unwrap_or(&0));
        let boxes = timeline.slots.iter().filter_map(|slot| {
            let below: f64 = classes[..index].iter().map(|class| of(slot, class)).sum();
            let own = of(slot, class);
            let (left, right) = (slot.start / timeline.length, slot.end / timeline.length);
            (own > 0.0).then(|| [left, right, below / ticks, (below + own) / ticks])
        });
        chart.boxes(&format!("c{}", index % 8), boxes);
    }
    hints(&mut chart, timeline, marks, |slot| {
        let classes = slot
            .by_class
            .iter()
            .map(|(class, count)| format!("{class} {count}"));
        match classes.collect::<Vec<_>>() {
            none if none.is_empty() => "no errors".to_owned(),
            some => some.join(", "),
        }
    });
    chart.finish()
}

/// Draws the latency heatmap: darker is more, on a logarithmic scale.
pub(super) fn heatmap(timeline: &ChartSlots, marks: &Marks) -> String {
    let mut chart = Chart::new("How many response times were how long, over time", 260.0);
    let rows = timeline.rows;
    let mut powers = Vec::new();
    for power in rows.from.floor() as i32..=rows.to.ceil() as i32 {
        let share = (f64::from(power) - rows.from) / (rows.to - rows.from);
        if (0.0..=1.0).contains(&share) {
            powers.push((share, axis::time(10f64.powi(power))));
        }
    }
    chart.left_axis(&powers);
    let rate = |slot: &Slot, row: usize| slot.rate(slot.rows[row]);
    let rates = timeline
        .slots
        .iter()
        .flat_map(|slot| (0..rows.number).map(move |row| rate(slot, row)));
    let most = (1.0 + rates.fold(0.0, f64::max)).ln();
    for shade in 1..=SHADES {
        let boxes = timeline.slots.iter().flat_map(|slot| {
            (0..rows.number).filter_map(move |row| {
                let rate = rate(slot, row);
                let own = ((1.0 + rate).ln() / most * SHADES as f64).ceil() as usize;
                let height = |row: usize| row as f64 / rows.number as f64;
                (rate > 0.0 && own.clamp(1, SHADES) == shade).then(|| {
                    let (left, right) = (slot.start / timeline.length, slot.end / timeline.length);
                    [left, right, height(row), height(row + 1)]
                })
            })
        });
        chart.boxes(&format!("h{shade}"), boxes);
    }
    bottom(&mut chart, timeline.length, marks, false);
    chart.finish()
}

/// The percentile curve: response beside service time, with ever finer percentiles to the right.
pub(super) fn percentiles(response: &Hist, service: &Hist) -> String {
    let mut chart = Chart::new("Response and service time by percentile", 300.0);
    let most = response.max().max(service.max()).unwrap_or_default();
    let height = left(&mut chart, most as f64, axis::time);
    // One in so many times lies beyond; the longest is one in all of them.
    let decades = (response.len().max(10) as f64).log10();
    let names = [
        "0%",
        "90%",
        "99%",
        "99.9%",
        "99.99%",
        "99.999%",
        "99.9999%",
        "99.99999%",
    ];
    let mut marks: Vec<(f64, String)> = names
        .iter()
        .enumerate()
        .map(|(decade, name)| (decade as f64 / decades, (*name).to_owned()))
        .take_while(|(share, _)| *share <= 1.0)
        .collect();
    marks.push((2f64.log10() / decades, "50%".to_owned()));
    chart.bottom_axis(&marks);
    let points = (decades * 40.0).ceil() as u32;
    for (class, times) in [("service", service), ("response", response)] {
        let point = |index: u32| {
            let share = f64::from(index) / f64::from(points);
            let percent = 100.0 - 100.0 / 10f64.powf(share * decades);
            (
                share,
                times.percentile(percent).map(|ns| ns as f64 / height),
            )
        };
        chart.line(class, (0..=points).map(point));
    }
    for index in 0..60 {
        let (left, right) = (f64::from(index) / 60.0, f64::from(index + 1) / 60.0);
        let percent = 100.0 - 100.0 / 10f64.powf((left + right) / 2.0 * decades);
        let of = |times: &Hist| match times.percentile(percent) {
            Some(ns) => human::time(ns as f64),
            None => "-".to_owned(),
        };
        let (response, service) = (of(response), of(service));
        let digits = (((left + right) / 2.0 * decades) as usize).max(1);
        let text = format!("p{percent:.digits$}: response {response}, service {service}");
        chart.hint(left, right, &text);
    }
    chart.finish()
}

fn over_time(
    chart: &mut Chart,
    timeline: &ChartSlots,
    marks: &Marks,
    named: bool,
    lines: &[Line<'_>],
    label: impl Fn(f64) -> String,
    hint: impl Fn(&Slot) -> String,
) {
    let values = lines
        .iter()
        .flat_map(|(_, value)| timeline.slots.iter().filter_map(value));
    let height = left(chart, values.fold(0.0, f64::max), label);
    bottom(chart, timeline.length, marks, named);
    for (class, value) in lines {
        let middle = |slot: &Slot| (slot.start + slot.end) / 2.0 / timeline.length;
        let points = timeline.slots.iter();
        chart.line(
            class,
            points.map(|slot| (middle(slot), value(slot).map(|value| value / height))),
        );
    }
    hints(chart, timeline, marks, hint);
}

/// The axis from 0 to `most`. Returns what its whole height stands for.
fn left(chart: &mut Chart, most: f64, label: impl Fn(f64) -> String) -> f64 {
    let ticks = ticks(most);
    let height = ticks.last().copied().unwrap_or(1.0);
    let labels = ticks.iter().map(|tick| (tick / height, label(*tick)));
    chart.left_axis(&labels.collect::<Vec<_>>());
    height
}

/// The axis of time, with the marks of stages and events.
pub(super) fn bottom(chart: &mut Chart, length: f64, marks: &Marks, named: bool) {
    let ticks = time_ticks(length - marks.warmup.min(length)).into_iter();
    let labels = ticks.map(|at| ((marks.warmup + at) / length, human::length(at)));
    chart.bottom_axis(&labels.collect::<Vec<_>>());
    if marks.warmup > 0.0 {
        let end = (marks.warmup / length).min(1.0);
        chart.boxes("warmup", std::iter::once([0.0, end, 0.0, 1.0]));
    }
    for stage in &marks.stages {
        let share = stage.start / length;
        if share < 1.0 {
            let room = stage.end.min(length) / length - share;
            let fits = named && room * 120.0 > stage.name.chars().count() as f64;
            chart.mark(share, if fits { &stage.name } else { "" });
        }
    }
    let events = || marks.events.iter().filter(|event| event.at <= length);
    // One that goes on for long, such as a command, is a stretch of time.
    let long = events().filter(|event| event.took > length / 100.0);
    let stretches = long.map(|event| {
        [
            event.at / length,
            (event.at + event.took) / length,
            0.0,
            1.0,
        ]
    });
    chart.boxes("during", stretches);
    for event in events() {
        chart.event(event.at / length, event.ok);
    }
    for event in events() {
        chart.number(event.at / length, event.number, event.ok);
    }
}

fn hints(chart: &mut Chart, timeline: &ChartSlots, marks: &Marks, text: impl Fn(&Slot) -> String) {
    for slot in &timeline.slots {
        hint(
            chart,
            timeline.length,
            marks,
            slot.start..slot.end,
            &text(slot),
        );
    }
}

/// Returns the text shown where the pointer rests on a stretch of time.
pub(super) fn hint(chart: &mut Chart, length: f64, marks: &Marks, time: Range<f64>, text: &str) {
    let [from, to] = [time.start, time.end].map(|time| words::at(time, marks.warmup));
    let events = marks.within(&time);
    let (left, right) = (time.start / length, time.end / length);
    chart.hint(left, right, &format!("{from} to {to}: {text}{events}"));
}
