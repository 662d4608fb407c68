//! The table per step.

use super::{panels::block, style::Style, view::View};
use crate::details::Row;
use loadgen_core::human;
use loadgen_report::terminal::{Tone, shortened};
use ratatui::{
    Frame,
    layout::Rect,
    style::Modifier,
    text::{Line, Span},
    widgets::Paragraph,
};

/// A name is not cut to fewer columns; rather a column of figures is left out.
const SHORTEST_NAME: usize = 18;
/// Columns of a figure.
const FIGURE: usize = 9;

/// The columns, in the order in which they are left out when there is no room.
const COLUMNS: [&str; 7] = ["count", "req/s", "errors", "p50", "p95", "p99", "max"];
const EXPENDABLE: [usize; 4] = [6, 0, 3, 5];

/// Draws the panel.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, view: &View, style: &Style) {
    let block = block(style).title(Span::styled(" Steps so far ", style.tone(Tone::Strong)));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let width = usize::from(inner.width);
    let mut columns: Vec<usize> = (0..COLUMNS.len()).collect();
    for expendable in EXPENDABLE {
        if width >= SHORTEST_NAME + columns.len() * FIGURE {
            break;
        }
        columns.retain(|column| *column != expendable);
    }
    let name_width = width.saturating_sub(columns.len() * FIGURE).max(4);
    let mut head = " ".repeat(name_width);
    for column in &columns {
        head.push_str(&format!("{:>FIGURE$}", COLUMNS[*column]));
    }
    let mut lines = vec![Line::styled(head, style.tone(Tone::Faint))];
    let none = Vec::new();
    let rows = view
        .state
        .details
        .as_ref()
        .map_or(&none, |details| &*details.rows);
    let nothing = Row::default();
    let room = usize::from(inner.height).saturating_sub(1).max(1);
    // Show as many as there is room for, the chosen one among them.
    let skipped = (view.selected + 1).saturating_sub(room);
    let names = view.state.outline.series.iter().enumerate();
    for (index, name) in names.skip(skipped) {
        let row = rows.get(index).unwrap_or(&nothing);
        let chosen = index == view.selected;
        let mark = if chosen { "▶ " } else { "  " };
        let name = shortened(name, name_width - 2);
        let mut spans = vec![Span::raw(
            style
                .terminal
                .spell(&format!("{mark}{name:w$}", w = name_width - 2)),
        )];
        for column in &columns {
            let text = format!("{:>FIGURE$}", style.terminal.spell(&cell(row, *column)));
            let bad = *column == 2 && row.errors > 0;
            spans.push(if bad {
                Span::styled(text, style.tone(Tone::Bad))
            } else {
                Span::raw(text)
            });
        }
        let line = Line::from(spans);
        lines.push(if chosen {
            line.patch_style(Modifier::BOLD)
        } else {
            line
        });
    }
    frame.render_widget(Paragraph::new(lines), inner);
}

fn cell(row: &Row, column: usize) -> String {
    let time = |index: usize| match row.latency {
        Some(times) => human::time(times[index]),
        None => "-".to_owned(),
    };
    match column {
        0 => human::count(row.count),
        1 => row.rate.map_or_else(|| "-".to_owned(), human::rate),
        2 => human::count(row.errors),
        other => time(other - 3),
    }
}
