//! Latency heatmap.

use super::{panels::block, style::Style, view::View};
use crate::{Point, log_histogram};
use loadgen_core::human;
use loadgen_report::{axis, terminal::Tone};
use ratatui::{
    Frame,
    layout::{Alignment, Rect},
    text::{Line, Span},
};

/// Columns of the labels on the left.
const LABELS: u16 = 7;

/// A picture of columns (time) and rows (buckets of response time), as counts per second.
struct Picture {
    columns: Vec<Vec<f64>>,
    /// The first bucket that is shown, and how many make a row.
    first: u16,
    each: u16,
    most: f64,
}

/// Draws the panel.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, view: &View, style: &Style) {
    let title = format!(" Response times: {} ", view.series());
    let block = block(style).title(Span::styled(
        style.terminal.spell(&title),
        style.tone(Tone::Strong),
    ));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let (width, height) = (
        inner.width.saturating_sub(LABELS),
        inner.height.saturating_sub(1),
    );
    let Some(picture) = picture(view, width, height) else {
        return;
    };
    let buffer = frame.buffer_mut();
    for (x, column) in picture.columns.iter().enumerate() {
        for (row, count) in column.iter().enumerate() {
            if *count > 0.0 {
                let share = (1.0 + count).ln() / (1.0 + picture.most).ln();
                let (symbol, tone) = style.heat(share);
                // Within the panel, as the picture was made for it.
                let at = (
                    inner.x + LABELS + x as u16,
                    inner.y + height - 1 - row as u16,
                );
                if let Some(cell) = buffer.cell_mut(at) {
                    cell.set_char(symbol).set_style(tone);
                }
            }
        }
    }
    let faint = style.tone(Tone::Faint);
    for row in (0..height).filter(|row| (height - 1 - row) % 3 == 0) {
        let bucket = picture.first + (row + 1) * picture.each - 1;
        let label = style
            .terminal
            .spell(&axis::time(rounded(log_histogram::end(bucket))));
        let label = Line::styled(label, faint).alignment(Alignment::Right);
        let at = Rect::new(inner.x, inner.y + height - 1 - row, LABELS - 1, 1);
        frame.render_widget(label, at.intersection(inner));
    }
    let length = view.state.elapsed as f64 / 1e9;
    let bottom = Rect::new(inner.x + LABELS, inner.y + height, width, 1).intersection(inner);
    frame.render_widget(Line::styled("0s", faint), bottom);
    let end = Line::styled(human::length(length.round()), faint).alignment(Alignment::Right);
    frame.render_widget(end, bottom);
}

fn picture(view: &View, width: u16, height: u16) -> Option<Picture> {
    let details = view.state.details.as_ref()?;
    let points: Vec<&Point> = details.history.points().collect();
    let times = |point: &'_ Point| point.series.get(view.selected).map(|one| one.times.clone());
    let used = points.iter().filter_map(|point| times(point));
    let (mut first, mut last) = (u16::MAX, 0);
    for spread in used {
        if let (Some((low, _)), Some((high, _))) = (spread.counts().first(), spread.counts().last())
        {
            first = first.min(*low);
            last = last.max(*high);
        }
    }
    if first > last || width == 0 || height == 0 {
        return None;
    }
    let each = (last - first + 1).div_ceil(height).max(1);
    let length = points.last()?.end().max(1.0);
    let mut columns = vec![vec![0.0; usize::from(height)]; usize::from(width)];
    for point in &points {
        // Short points share a column, long ones take several.
        let scale = f64::from(width) / length;
        let from = (point.second as f64 * scale) as usize;
        let to = ((point.end() * scale).ceil() as usize).clamp(from + 1, usize::from(width));
        let share = 1.0 / point.seconds as f64;
        for (bucket, count) in times(point)?.counts() {
            let row = usize::from((bucket - first) / each);
            for column in columns.iter_mut().take(to).skip(from) {
                column[row] += *count as f64 * share;
            }
        }
    }
    let most = columns.iter().flatten().fold(0.0, |a: f64, b| a.max(*b));
    Some(Picture {
        columns,
        first,
        each,
        most,
    })
}

/// Rounds to two digits: the edge of a bucket is as good as its neighbour.
fn rounded(ns: f64) -> f64 {
    let magnitude = 10f64.powf(ns.max(1.0).log10().floor() - 1.0);
    (ns / magnitude).round() * magnitude
}
