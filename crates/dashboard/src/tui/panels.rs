//! The head, and the panels that are lists of lines.

use super::{input::KEYS, style::Style, view::View};
use crate::{LiveSeries, State, render};
use loadgen_core::{human, time::SECOND};
use loadgen_report::{
    terminal::{TerminalStyle, Tone},
    words,
};
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    text::{Line, Span},
    widgets::{Block, Clear, Paragraph, Sparkline},
};

/// Most lines of the head.
const MOST_HEAD: u16 = 6;
/// At the end of the first line.
const SHORT_HELP: &str = "q stop  space hold  ? keys ";
/// Columns of the course of an observed metric.
const SPARK: u16 = 24;

/// A frame around a panel.
pub(super) fn block(style: &Style) -> Block<'static> {
    Block::bordered().border_style(style.tone(Tone::Faint))
}

/// The first lines: the name, and below it time, load and the last seconds.
pub(super) fn head(view: &View, style: &Style, width: u16) -> Vec<Line<'static>> {
    let state = &view.state;
    let terminal = TerminalStyle {
        width: usize::from(width),
        ..style.terminal
    };
    let bar = format!(
        "{}{}",
        render::bar(state, &terminal),
        render::position(state)
    );
    let mut lines = Vec::new();
    let now = std::iter::once(bar).chain(render::so_far(state)).collect();
    for parts in [now, render::lately(state)] {
        let flowed = terminal.flow(parts.iter().map(String::as_str), " · ", 2);
        lines.extend(
            flowed
                .iter()
                .map(|line| Line::raw(terminal.spell(&format!(" {line}")))),
        );
    }
    lines.truncate(usize::from(MOST_HEAD) - 1);
    lines.insert(0, title(view, style, usize::from(width)));
    lines
}

fn title(view: &View, style: &Style, width: usize) -> Line<'static> {
    let outline = &view.state.outline;
    let mut title = vec![Span::styled(
        format!(" {}", outline.name),
        style.tone(Tone::Strong),
    )];
    let wide = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    let held = "  HELD, the run goes on";
    if view.paused() {
        title.push(Span::styled(held, style.tone(Tone::Warning)));
    } else if wide(&title) + outline.load.chars().count() + 2 + SHORT_HELP.len() <= width {
        let load = style.terminal.spell(&format!("  {}", outline.load));
        title.push(Span::styled(load, style.tone(Tone::Faint)));
    }
    let left = width.saturating_sub(wide(&title));
    if left > SHORT_HELP.len() {
        let help = format!("{SHORT_HELP:>left$}");
        title.push(Span::styled(help, style.tone(Tone::Faint)));
    }
    Line::from(title)
}

/// Each threshold, and where it stands.
pub(super) fn thresholds(frame: &mut Frame<'_>, area: Rect, view: &View, style: &Style) {
    let state = &view.state;
    let mut lines: [Vec<Line<'_>>; 3] = Default::default();
    let standings = state.standings.iter().chain(std::iter::repeat(&None));
    for (limit, standing) in state.outline.thresholds.iter().zip(standings) {
        let (index, mark, tone, observed) = match render::judged(standing) {
            Some((false, observed)) => (0, "✗", Tone::Bad, limit.text(observed)),
            Some((true, observed)) => (1, "✓", Tone::Good, limit.text(observed)),
            None => (2, "?", Tone::Faint, "not judged yet".to_owned()),
        };
        lines[index].push(Line::from(vec![
            Span::styled(format!(" {mark} "), style.tone(tone)),
            Span::raw(style.terminal.spell(&limit.title)),
            Span::styled(format!("  {observed}"), style.tone(tone)),
        ]));
    }
    list(frame, area, style, "Thresholds", lines.concat());
}

/// Error classes with what was seen of them.
pub(super) fn errors(frame: &mut Frame<'_>, area: Rect, view: &View, style: &Style) {
    let mut lines = Vec::new();
    for class in view
        .state
        .details
        .iter()
        .flat_map(|details| &*details.classes)
    {
        lines.push(Line::from(vec![Span::styled(
            format!(" {:>8} {}", human::count(class.count), class.name),
            style.tone(Tone::Bad),
        )]));
        for sample in &class.samples {
            lines.push(Line::styled(
                style.terminal.spell(&format!("          {sample}")),
                style.tone(Tone::Faint),
            ));
        }
    }
    if lines.is_empty() {
        lines.push(Line::styled(" none", style.tone(Tone::Faint)));
    }
    list(frame, area, style, "Errors", lines);
}

/// Returns the number of lines of the errors.
pub(super) fn error_lines(state: &State) -> usize {
    let classes = state.details.iter().flat_map(|details| &*details.classes);
    classes
        .map(|class| 1 + class.samples.len())
        .sum::<usize>()
        .max(1)
}

/// Draws the target's metrics, the events, and the messages.
pub(super) fn background(frame: &mut Frame<'_>, area: Rect, view: &View, style: &Style) {
    let state = &view.state;
    let block = block(style).title(Span::styled(
        if state.observed.is_empty() {
            " Events "
        } else {
            " Observed, events "
        },
        style.tone(Tone::Strong),
    ));
    let inner = block.inner(area);
    frame.render_widget(block, area);
    let terminal = TerminalStyle {
        width: usize::from(inner.width),
        ..style.terminal
    };
    let mut said = Vec::new();
    let mut say = |text: &str, tone: Tone| {
        let wrapped = terminal.wrap(text, 3);
        let lines = wrapped.iter().enumerate().map(|(index, line)| {
            let indent = if index == 0 { " " } else { "   " };
            Line::styled(terminal.spell(&format!("{indent}{line}")), style.tone(tone))
        });
        said.extend(lines);
    };
    // The newest first.
    for event in state.events.iter().rev() {
        let warmup = state.outline.warmup as f64 / SECOND as f64;
        let at = words::at(event.at.round(), warmup.round());
        let tone = if event.ok { Tone::Good } else { Tone::Bad };
        let message = match event.message.as_str() {
            "" => String::new(),
            message => format!(": {message}"),
        };
        say(&format!("{at} {}{message}", event.name), tone);
    }
    for message in state.messages.iter().rev() {
        say(message, Tone::Warning);
    }
    if state.events.is_empty() && state.messages.is_empty() && state.observed.is_empty() {
        say("none yet", Tone::Faint);
    }
    let rows =
        Layout::vertical(vec![Constraint::Length(1); usize::from(inner.height)]).split(inner);
    let mut rows = rows.iter();
    // Some room is left to what happened.
    let room = usize::from(inner.height).saturating_sub(said.len().min(2));
    // Series that never change come last.
    let (moving, still): (Vec<_>, Vec<_>) = state.observed.iter().partition(|one| one.moves());
    let shown = moving.into_iter().chain(still).take(room.max(1));
    for (one, row) in shown.zip(&mut rows) {
        metric(frame, *row, one, style);
    }
    for (line, row) in said.into_iter().zip(rows) {
        frame.render_widget(line, *row);
    }
}

/// A metric with its last value and the details that led there.
fn metric(frame: &mut Frame<'_>, area: Rect, one: &LiveSeries, style: &Style) {
    let [name, spark] =
        Layout::horizontal([Constraint::Min(20), Constraint::Length(SPARK)]).areas(area);
    let last = one
        .last()
        .map_or("-".to_owned(), |value| human::in_unit(value, &one.unit));
    let room = usize::from(name.width).saturating_sub(last.chars().count() + 3);
    let title = ending(&one.title(), room);
    let text = style.terminal.spell(&format!(" {title} {last}"));
    frame.render_widget(Line::raw(text), name);
    let (least, most) = one.range();
    // A share of a hundred of the range; the bar of the least is the smallest there is.
    let share = |value: f64| {
        if most > least {
            ((value - least) / (most - least) * 99.0) as u64 + 1
        } else {
            1
        }
    };
    let skipped = one.points.len().saturating_sub(usize::from(spark.width));
    let points = one.points.iter().skip(skipped);
    let bars = Sparkline::default()
        .data(points.map(|(_, value)| share(*value)))
        .max(100)
        .style(style.line(0).1);
    frame.render_widget(bars, spark);
}

/// The end of a title that is too long, which tells it from its neighbours: labels stand there.
fn ending(title: &str, width: usize) -> String {
    let length = title.chars().count();
    if length <= width {
        return title.to_owned();
    }
    let end: String = title
        .chars()
        .skip(length - width.saturating_sub(1))
        .collect();
    format!("…{end}")
}

/// Returns the number of lines of the background.
pub(super) fn background_lines(state: &State) -> usize {
    // Messages may take two lines.
    (state.observed.len() + state.events.len() + 2 * state.messages.len()).max(1)
}

/// The keys, above everything else.
pub(super) fn help(frame: &mut Frame<'_>, area: Rect, style: &Style) {
    let widest = KEYS.iter().map(|(key, what)| key.len() + what.len()).max();
    let width = (widest.unwrap_or(0) + 14).min(usize::from(area.width)) as u16;
    let height = (KEYS.len() as u16 + 2).min(area.height);
    let box_area = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - height) / 2,
        width,
        height,
    };
    let lines = KEYS.iter().map(|(key, what)| {
        Line::from(vec![
            Span::styled(format!(" {key:12} "), style.tone(Tone::Strong)),
            Span::raw(*what),
        ])
    });
    frame.render_widget(Clear, box_area);
    list(frame, box_area, style, "Keys", lines.collect());
}

fn list(frame: &mut Frame<'_>, area: Rect, style: &Style, title: &str, mut lines: Vec<Line<'_>>) {
    let block = block(style).title(Span::styled(format!(" {title} "), style.tone(Tone::Strong)));
    let room = usize::from(block.inner(area).height);
    if lines.len() > room && room > 0 {
        let more = lines.len() - room + 1;
        lines.truncate(room - 1);
        lines.push(Line::styled(
            format!(" and {more} more"),
            style.tone(Tone::Faint),
        ));
    }
    frame.render_widget(Paragraph::new(lines).block(block), area);
}
