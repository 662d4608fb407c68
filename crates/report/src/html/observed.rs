//! Target metrics: charts on the time axis of the others, and figures.

use super::{
    charts::{bottom, hint},
    marks::Marks,
    svg::Chart,
};
use crate::{
    axis,
    background::Series,
    model::{Observed, ResultFile},
};
use loadgen_core::human;
use loadgen_plan::observe::{Statistic, family, parse};

/// Most charts of a source; further metrics are in its table.
const MOST_PANELS: usize = 12;
/// Most lines of a chart: there are so many colours.
const MOST_LINES: usize = 8;
/// Most rows of a table.
const MOST_ROWS: usize = 100;
/// Most points of a line: each is a few pixels wide then.
const MOST_POINTS: usize = 240;
/// Stretches of time that the pointer is told of.
const HINTS: usize = 60;
/// Suffixes of the quantiles of a distribution.
const QUANTILES: [&str; 3] = ["_p50", "_p95", "_p99"];

/// A source.
pub(super) struct ObservedSource<'a> {
    pub name: &'a str,
    pub panels: Vec<Panel>,
    /// Metrics with their figures.
    pub rows: Vec<(&'a str, Vec<String>)>,
    /// Further notes.
    pub notes: Vec<String>,
}

/// A chart of a metric, with a line for each of its series.
pub(super) struct Panel {
    pub title: String,
    /// Classes and names of the lines, where there are several.
    pub keys: Vec<(String, String)>,
    pub limits: bool,
    pub picture: String,
}

/// The series of one metric, and what they must stay within.
struct Group<'a> {
    title: &'a str,
    series: Vec<&'a Series>,
    limits: Vec<f64>,
}

/// Limit that a threshold sets on a metric.
struct Limit {
    source: String,
    metric: String,
    at: f64,
}

/// All sources; `length` is that of the other charts, None where there are none.
pub(super) fn sources<'a>(
    result: &'a ResultFile,
    length: Option<f64>,
    marks: &Marks,
) -> Vec<ObservedSource<'a>> {
    let limits = limits(result);
    let sources = result.observed.iter().map(|(name, observed)| {
        let mut groups = groups(observed);
        for group in &mut groups {
            let own = limits.iter().filter(|limit| {
                limit.source == *name && group.series.iter().any(|own| own.metric == limit.metric)
            });
            group.limits = own.map(|limit| limit.at).collect();
        }
        // Series that never change are left out, unless there is a limit for them.
        groups
            .retain(|group| !group.limits.is_empty() || group.series.iter().any(|own| moves(own)));
        groups.sort_by_key(|group| group.limits.is_empty());
        let panels = groups.iter().take(MOST_PANELS);
        let judged = groups.iter().any(|group| !group.limits.is_empty());
        let source = ObservedSource {
            name,
            panels: length.map_or_else(Vec::new, |length| {
                panels.map(|group| panel(group, length, marks)).collect()
            }),
            rows: rows(observed),
            notes: notes(observed),
        };
        (judged, source)
    });
    // Metrics with thresholds come first.
    let (mut judged, others): (Vec<_>, Vec<_>) = sources.partition(|(judged, _)| *judged);
    judged.extend(others);
    judged.into_iter().map(|(_, source)| source).collect()
}

fn moves(series: &Series) -> bool {
    series.min < series.max
}

/// The limits of the thresholds on what is observed, where they are levels of a metric.
fn limits(result: &ResultFile) -> Vec<Limit> {
    let own = result.thresholds.iter().filter_map(|threshold| {
        let (name, condition) = parse(&threshold.expr).ok()?;
        let level = !matches!(condition.statistic, Statistic::Delta | Statistic::Share);
        level.then(|| Limit {
            source: threshold.expr[name].to_owned(),
            metric: condition.metric,
            at: condition.limit,
        })
    });
    own.collect()
}

/// Series of one metric together, quantiles of one distribution too.
fn groups(observed: &Observed) -> Vec<Group<'_>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for series in &observed.series {
        let name = family(&series.metric);
        let base = QUANTILES
            .iter()
            .find_map(|ending| name.strip_suffix(ending));
        let title = base.unwrap_or(name);
        match groups.iter_mut().find(|group| group.title == title) {
            Some(group) => group.series.push(series),
            None => groups.push(Group {
                title,
                series: vec![series],
                limits: Vec::new(),
            }),
        }
    }
    groups
}

fn panel(group: &Group<'_>, length: f64, marks: &Marks) -> Panel {
    let unit = group.series.first().map_or("", |series| &*series.unit);
    let mut series = group.series.clone();
    if series.len() > MOST_LINES {
        series.sort_by(|one, other| other.max.total_cmp(&one.max));
        series.truncate(MOST_LINES);
    }
    let most = series.iter().map(|own| own.max).fold(0.0, f64::max);
    let least = series.iter().map(|own| own.min).fold(0.0, f64::min);
    // A limit that is far away would leave no room for the line.
    let shown = group.limits.iter().filter(|limit| **limit <= 2.0 * most);
    let (most, least) = shown.clone().fold((most, least), |(most, least), limit| {
        (most.max(*limit), least.min(*limit))
    });
    let mut chart = Chart::new(&format!("{} over time", group.title), 150.0);
    let (bottom_value, height) = left(&mut chart, least, most, unit);
    let share = |value: f64| (value - bottom_value) / height;
    bottom(&mut chart, length, marks, false);
    for limit in shown.clone() {
        chart.level(share(*limit));
    }
    let lines: Vec<Vec<Point>> = series.iter().map(|own| points_of(own)).collect();
    for (number, points) in lines.iter().enumerate() {
        if let ([points], true) = (&lines[..], points.iter().any(|point| point.from < point.to)) {
            chart.boxes(
                "band",
                band(points, length)
                    .map(|[left, right, from, to]| [left, right, share(from), share(to)]),
            );
        }
        let line = unbroken(points).into_iter();
        chart.line(
            &format!("c{number}"),
            line.map(|(at, value)| (at / length, value.map(share))),
        );
    }
    let names: Vec<String> = series.iter().map(|own| key(group, own)).collect();
    hints(&mut chart, length, marks, &series, &names);
    let keys = names.into_iter().enumerate();
    Panel {
        title: format!("{}{}", group.title, words(unit)),
        keys: match series.len() {
            1 => Vec::new(),
            _ => keys
                .map(|(number, name)| (format!("c{number}"), name))
                .collect(),
        },
        limits: shown.count() > 0,
        picture: chart.finish(),
    }
}

/// Returns the labels that distinguish a series of a chart from the others.
fn key(group: &Group<'_>, series: &Series) -> String {
    let own = &series.metric[group.title.len()..];
    let own = own.trim_start_matches('_').trim_end_matches('}');
    own.replace('{', " ").replace('"', "").trim().to_owned()
}

fn words(unit: &str) -> &'static str {
    match unit {
        "/s" => ", per second",
        "B/s" => ", bytes per second",
        "B" => ", bytes",
        "s" => ", time",
        _ => "",
    }
}

/// The axis from the least to the most, from 0 if that is no less. Returns its lower end, and what
/// its whole height stands for.
fn left(chart: &mut Chart, least: f64, most: f64, unit: &str) -> (f64, f64) {
    let ticks = axis::ticks(most - least);
    let step = ticks.get(1).copied().unwrap_or(1.0);
    let from = (least / step).floor() * step;
    let number = ((most - from) / step - 1e-9).ceil().max(1.0);
    let height = number * step;
    let marks = (0..=number as u32).map(|tick| {
        let above = f64::from(tick) * step;
        (above / height, label(from + above, unit))
    });
    // Every other one is enough where there is little room.
    let marks: Vec<(f64, String)> = match number > 3.0 {
        true => marks.step_by(2).collect(),
        false => marks.collect(),
    };
    chart.left_axis(&marks);
    (from, height)
}

fn label(value: f64, unit: &str) -> String {
    let size = |value: f64| match value > 0.0 {
        true => human::bytes(value.round() as u64)
            .replace(".00", "")
            .replace(".0 ", " "),
        false => "0".to_owned(),
    };
    match unit {
        "s" => axis::time(value * 1e9),
        "ratio" => human::percent(value),
        // The title says that it is per second.
        "B" | "B/s" => size(value),
        _ => human::round(value),
    }
}

/// Some neighbouring samples as one.
struct Point {
    at: f64,
    mean: f64,
    from: f64,
    to: f64,
}

fn points_of(series: &Series) -> Vec<Point> {
    let each = series.points.len().div_ceil(MOST_POINTS).max(1);
    let points = series.points.chunks(each).map(|samples| {
        let values = || samples.iter().map(|(_, value)| *value);
        let number = samples.len() as f64;
        Point {
            at: samples.iter().map(|(at, _)| at).sum::<f64>() / number,
            mean: values().sum::<f64>() / number,
            from: values().fold(f64::INFINITY, f64::min),
            to: values().fold(f64::NEG_INFINITY, f64::max),
        }
    });
    points.collect()
}

/// A line that breaks where samples are missing.
fn unbroken(points: &[Point]) -> Vec<(f64, Option<f64>)> {
    let gaps = points.windows(2).map(|pair| pair[1].at - pair[0].at);
    let mut gaps: Vec<f64> = gaps.collect();
    gaps.sort_by(f64::total_cmp);
    let usual = gaps.get(gaps.len() / 2).copied().unwrap_or_default();
    let mut line = Vec::with_capacity(points.len());
    let mut before = f64::INFINITY;
    for point in points {
        if point.at - before > 3.0 * usual.max(1.0) {
            line.push((point.at, None));
        }
        line.push((point.at, Some(point.mean)));
        before = point.at;
    }
    line
}

/// From the least to the greatest of what was taken together: left and right as shares, and values.
fn band(points: &[Point], length: f64) -> impl Iterator<Item = [f64; 4]> {
    points.windows(2).map(move |pair| {
        let [left, right] = [pair[0].at, pair[1].at].map(|at| at / length);
        [left, right, pair[0].from, pair[0].to]
    })
}

fn hints(chart: &mut Chart, length: f64, marks: &Marks, series: &[&Series], names: &[String]) {
    let width = (length / HINTS as f64).max(1.0);
    let number = (length / width).ceil() as usize;
    for index in 0..number {
        let (from, to) = (
            index as f64 * width,
            ((index + 1) as f64 * width).min(length),
        );
        let said = series.iter().zip(names).filter_map(|(series, name)| {
            let own = series
                .points
                .iter()
                .filter(|(at, _)| (from..to).contains(at));
            let values: Vec<f64> = own.map(|(_, value)| *value).collect();
            let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
            let mean = human::in_unit(mean, &series.unit);
            (!values.is_empty()).then(|| format!("{name} {mean}").trim().to_owned())
        });
        let said: Vec<String> = said.collect();
        let text = match said.is_empty() {
            true => "no sample".to_owned(),
            false => said.join(", "),
        };
        hint(chart, length, marks, from..to, &text);
    }
}

fn rows(observed: &Observed) -> Vec<(&str, Vec<String>)> {
    let rows = observed.series.iter().take(MOST_ROWS).map(|series| {
        let of = |value| human::in_unit(value, &series.unit);
        let mut cells = [series.mean, series.min, series.max, series.last]
            .map(of)
            .to_vec();
        cells.push(
            series
                .delta
                .map_or_else(String::new, |delta| human::in_unit(delta, "")),
        );
        (series.metric.as_str(), cells)
    });
    rows.collect()
}

fn notes(observed: &Observed) -> Vec<String> {
    let more = observed.series.len().saturating_sub(MOST_ROWS);
    let more = (more > 0).then(|| format!("{more} more are in the result file."));
    let failed = (observed.failures > 0).then(|| {
        let times = human::plural(observed.failures, "time");
        format!("It did not respond {times}.")
    });
    let message = observed.message.clone();
    more.into_iter().chain(failed).chain(message).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(metric: &str, points: &[(f64, f64)]) -> Series {
        let values = || points.iter().map(|(_, value)| *value);
        Series {
            metric: metric.to_owned(),
            unit: String::new(),
            points: points.to_vec(),
            min: values().fold(f64::INFINITY, f64::min),
            mean: 0.0,
            max: values().fold(f64::NEG_INFINITY, f64::max),
            last: 0.0,
            delta: None,
        }
    }

    #[test]
    fn series_of_one_metric_are_lines_of_one_chart() {
        let names = [
            "took_p50",
            "took_p99",
            "pool{state=\"idle\"}",
            "pool{state=\"busy\"}",
        ];
        let observed = Observed {
            series: names.map(|name| series(name, &[(0.0, 1.0)])).to_vec(),
            ..Observed::default()
        };
        let groups = groups(&observed);
        let keys = groups.iter().map(|group| {
            let keys = group.series.iter().map(|own| key(group, own));
            (group.title, keys.collect::<Vec<_>>().join(", "))
        });
        assert_eq!(
            keys.collect::<Vec<_>>(),
            [
                ("took", "p50, p99".to_owned()),
                ("pool", "state=idle, state=busy".to_owned())
            ]
        );
    }

    #[test]
    fn a_line_breaks_where_samples_are_missing_and_long_ones_are_taken_together() {
        let points: Vec<(f64, f64)> = (0..10).map(|at| (f64::from(at), 1.0)).collect();
        assert_eq!(unbroken(&points_of(&series("m", &points))).len(), 10);
        let gap: Vec<(f64, f64)> = points
            .iter()
            .filter(|(at, _)| *at < 1.0 || *at > 7.0)
            .copied()
            .collect();
        let line = unbroken(&points_of(&series(
            "m",
            &[&gap[..], &[(9.5, 1.0), (9.6, 1.0)]].concat(),
        )));
        assert_eq!(line.iter().filter(|(_, value)| value.is_none()).count(), 1);
        let hour: Vec<(f64, f64)> = (0..3_600)
            .map(|at| (f64::from(at), f64::from(at % 7)))
            .collect();
        let line = points_of(&series("m", &hour));
        assert!(line.len() <= MOST_POINTS);
        assert!(
            line.iter()
                .all(|point| (point.from, point.to) == (0.0, 6.0))
        );
    }

    #[test]
    fn axes_hold_what_is_below_nothing() {
        let mut chart = Chart::new("m", 150.0);
        let (from, height) = left(&mut chart, -3.0, 5.0, "");
        assert!(from <= -3.0 && from + height >= 5.0, "{from} {height}");
        let (from, height) = left(&mut chart, 0.0, 0.0, "s");
        assert!(from == 0.0 && height > 0.0);
        for (value, unit, text) in [
            (0.25, "s", "250 ms"),
            (2e6, "B/s", "2 MB"),
            (1_500.0, "B", "1.50 kB"),
            (40_000.0, "/s", "40k"),
        ] {
            assert_eq!(label(value, unit), text);
        }
    }
}
