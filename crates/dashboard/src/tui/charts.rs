//! Throughput and response times over time.

use super::{panels::block, style::Style, view::View};
use crate::Point;
use loadgen_core::human;
use loadgen_report::axis::{self, ticks, time_ticks_at_most};
use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Axis, Chart, Dataset, GraphType},
};

/// Shorter runs leave the right of a chart empty, so that lines do not jump at first.
const SHORTEST: f64 = 10.0;
/// Columns of a label on the time axis, with some room.
const LABEL: f64 = 12.0;

/// A line: its name, and its value at a point.
type Curve<'a> = (&'a str, &'a dyn Fn(&Point) -> Option<f64>);

/// Requests that ended, failed and were dropped, per second.
pub(super) fn throughput(frame: &mut Frame<'_>, area: Rect, view: &View, style: &Style) {
    let selected = view.selected;
    let curves: [Curve<'_>; 3] = [
        ("ended", &|point| {
            Some(point.rate(point.series.get(selected)?.count))
        }),
        ("dropped", &|point| {
            (selected == 0 && view.state.dropped > 0).then(|| point.rate(point.dropped))
        }),
        ("failed", &|point| {
            Some(point.rate(point.series.get(selected)?.errors))
        }),
    ];
    draw(
        frame,
        area,
        view,
        style,
        "Requests per second",
        &curves,
        human::round,
    );
}

/// Percentiles of response times.
pub(super) fn latency(frame: &mut Frame<'_>, area: Rect, view: &View, style: &Style) {
    let at = |point: &Point, index: usize| {
        let latency = point.series.get(view.selected)?.latency;
        latency.map(|times| times[index])
    };
    let curves: [Curve<'_>; 3] = [
        ("p50", &|point| at(point, 0)),
        ("p95", &|point| at(point, 1)),
        ("p99", &|point| at(point, 2)),
    ];
    draw(
        frame,
        area,
        view,
        style,
        "Response time",
        &curves,
        axis::time,
    );
}

fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    view: &View,
    style: &Style,
    title: &str,
    curves: &[Curve<'_>],
    label: impl Fn(f64) -> String,
) {
    let mut legend = vec![Span::styled(
        format!(" {title} "),
        style.tone(loadgen_report::terminal::Tone::Strong),
    )];
    let mut lines: Vec<(usize, Vec<(f64, f64)>)> = Vec::new();
    let details = view.state.details.as_ref();
    for (number, (name, value)) in curves.iter().enumerate() {
        let points = details
            .into_iter()
            .flat_map(|details| details.history.points());
        let points: Vec<(f64, f64)> = points
            .filter_map(|point| Some((middle(point), value(point)?)))
            .collect();
        if points.iter().all(|(_, value)| *value == 0.0) && number > 0 {
            continue;
        }
        let (name, tone) = style.legend(number, name);
        legend.push(Span::styled(format!("{name} "), tone));
        lines.push((number, points));
    }
    let most = lines.iter().flat_map(|(_, points)| points);
    let most = most.fold(0.0, |most: f64, (_, value)| most.max(*value));
    let height = ticks(most).last().copied().unwrap_or(1.0);
    let length = (view.state.elapsed as f64 / 1e9).max(SHORTEST);
    // The most important line is drawn last, on top.
    let datasets = lines.iter().map(|(number, points)| {
        let (marker, tone) = style.line(*number);
        Dataset::default()
            .marker(marker)
            .graph_type(GraphType::Line)
            .style(tone)
            .data(points)
    });
    let faint = style.tone(loadgen_report::terminal::Tone::Faint);
    let halves = [0.0, height / 2.0, height].map(|value| look_spelled(style, &label(value)));
    let chart = Chart::new(datasets.collect())
        .block(block(style).title(Line::from(legend)))
        .legend_position(None)
        .x_axis(
            Axis::default()
                .style(faint)
                .bounds([0.0, length])
                .labels(time_labels(length, area.width)),
        )
        .y_axis(
            Axis::default()
                .style(faint)
                .bounds([0.0, height])
                .labels(halves),
        );
    frame.render_widget(chart, area);
}

fn look_spelled(style: &Style, text: &str) -> String {
    style.terminal.spell(text)
}

/// The start and the end, and between them what fits. The chart spaces its labels evenly, so they
/// are those of an even division.
fn time_labels(length: f64, width: u16) -> Vec<String> {
    let most = (f64::from(width) / LABEL).clamp(1.0, 6.0);
    let parts = (time_ticks_at_most(length, most).len() - 1).max(1);
    (0..=parts)
        .map(|part| human::length((length * part as f64 / parts as f64).round()))
        .collect()
}

fn middle(point: &Point) -> f64 {
    point.second as f64 + point.seconds as f64 / 2.0
}
