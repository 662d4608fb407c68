//! The state in words. Pure functions, so that tests can hold what is shown.

use super::state::{Lately, State};
use loadgen_core::{
    human,
    time::{Nanos, SECOND},
};
use loadgen_gate::Verdict;
use loadgen_report::terminal::{TerminalStyle, Tone, shortened};
use std::cmp::Reverse;

/// Most lines that thresholds take.
const THRESHOLD_LINES: usize = 3;
/// Most tasks that have a line of their own.
const TASK_LINES: usize = 6;
/// Longest name of a task before its figures.
const LONGEST_NAME: usize = 24;
/// Most status codes that are shown.
const STATUSES: usize = 3;
/// Columns of the bar.
const BAR: usize = 20;

/// Lines to be drawn in place again and again.
pub fn progress(state: &State, style: &TerminalStyle) -> Vec<String> {
    let mut lines = vec![format!("{}{}", bar(state, style), position(state))];
    for figures in [so_far(state), lately(state)] {
        let flowed = style.flow(figures.iter().map(String::as_str), " · ", 2);
        lines.extend(flowed.iter().map(|line| format!("  {line}")));
    }
    lines.extend(tasks(state, style));
    lines.extend(thresholds(state, style));
    lines.iter().map(|line| style.spell(line)).collect()
}

/// One line for a log; ASCII and without colours.
pub fn plain(state: &State) -> String {
    const ASCII: TerminalStyle = TerminalStyle {
        colour: false,
        unicode: false,
        width: usize::MAX,
    };
    let mut parts = vec![position(state)];
    parts.extend(so_far(state));
    parts.extend(lately(state));
    parts.extend(held(state));
    ASCII.spell(&parts.join(" · "))
}

/// The time that has passed of the run's, unless it has no end.
pub(super) fn bar(state: &State, style: &TerminalStyle) -> String {
    let Some(duration) = state.outline.duration.filter(|duration| *duration > 0) else {
        return String::new();
    };
    let share = (state.elapsed as f64 / duration as f64).min(1.0);
    let filled = (share * BAR as f64).round() as usize;
    let (full, empty) = if style.unicode {
        ("█", "░")
    } else {
        ("=", ".")
    };
    format!("{}{} ", full.repeat(filled), empty.repeat(BAR - filled))
}

/// Returns the elapsed time and the share of the planned length.
pub(super) fn position(state: &State) -> String {
    let warmup = state.outline.warmup;
    if state.is_warming() {
        let (elapsed, total) = (seconds(state.elapsed), seconds(warmup));
        return format!("warming up: {elapsed} of {total}");
    }
    let elapsed = seconds(state.elapsed - warmup);
    let Some(duration) = state.outline.duration else {
        return elapsed;
    };
    if state.elapsed > duration {
        return format!("{elapsed} · waiting for the last responses");
    }
    let total = seconds(duration.saturating_sub(warmup));
    let stages = &state.outline.stages;
    match stages.iter().position(|stage| state.elapsed < stage.end) {
        Some(index) => format!(
            "{elapsed} of {total} · stage {} of {}: {}",
            index + 1,
            stages.len(),
            stages[index].text
        ),
        None => format!("{elapsed} of {total}"),
    }
}

/// The load as it is now, and what went wrong since the start.
pub(super) fn so_far(state: &State) -> Vec<String> {
    let mut parts = Vec::new();
    if state.outline.users {
        parts.push(human::plural(state.users, "user"));
    }
    parts.push(format!("{} in flight", human::count(state.in_flight)));
    for (number, what) in [(state.queued, "queued"), (state.dropped, "dropped")] {
        if number > 0 {
            parts.push(format!("{} {what}", human::count(number)));
        }
    }
    parts.push(match state.errors {
        0 => "no errors".to_owned(),
        errors => format!(
            "{} ({})",
            human::plural(errors, "error"),
            human::percent(errors as f64 / state.count as f64)
        ),
    });
    parts.extend(statuses(state));
    parts
}

/// Status codes beside the most frequent one, which is the one that is meant to come.
fn statuses(state: &State) -> Option<String> {
    let mut statuses: Vec<(u16, u64)> = state.statuses.iter().collect();
    statuses.sort_by_key(|(status, count)| (Reverse(*count), *status));
    let statuses = statuses.iter().skip(1).take(STATUSES);
    let statuses: Vec<String> = statuses
        .map(|(status, count)| format!("{status} × {}", human::count(*count)))
        .collect();
    (!statuses.is_empty()).then(|| format!("status {}", statuses.join(", ")))
}

/// Rate, response times and errors of the last seconds.
pub(super) fn lately(state: &State) -> Vec<String> {
    let lately = state.lately();
    let mut parts = figures(&lately);
    for (timer, times) in lately.times.iter() {
        if let Some(ns) = times.percentile(95.0) {
            parts.push(format!("{timer} p95 {}", human::time(ns as f64)));
        }
    }
    parts[0] = format!("last {}s: {}", lately.seconds, parts[0]);
    parts
}

fn figures(lately: &Lately) -> Vec<String> {
    let at = |percent| match lately.latency.percentile(percent) {
        Some(ns) => human::time(ns as f64),
        None => "-".to_owned(),
    };
    let mut parts = vec![
        format!("{}/s", human::rate(lately.rate())),
        format!("p50 {}", at(50.0)),
        format!("p95 {}", at(95.0)),
        format!("p99 {}", at(99.0)),
    ];
    if lately.errors > 0 {
        parts.push(human::plural(lately.errors, "error"));
    }
    parts
}

/// Each task's name, and its figures of the last seconds, where there are several.
pub(super) fn task_figures(state: &State) -> Vec<(&str, Vec<String>)> {
    let names = state.outline.tasks.iter().enumerate();
    let mut tasks: Vec<_> = names
        .map(|(task, name)| (name.as_str(), figures(&state.task_lately(task))))
        .collect();
    if tasks.len() < 2 {
        tasks.clear();
    }
    tasks
}

/// Returns a line of figures for each task where there are several; figures at the end of a line
/// that is too long are left out.
fn tasks(state: &State, style: &TerminalStyle) -> Vec<String> {
    let tasks = task_figures(state);
    let shown = &tasks[..tasks.len().min(TASK_LINES)];
    let short = |name: &str| shortened(name, LONGEST_NAME);
    let width = shown.iter().map(|(name, _)| short(name).chars().count());
    let width = width.max().unwrap_or_default();
    let mut lines: Vec<String> = shown
        .iter()
        .map(|(name, figures)| {
            let room = TerminalStyle {
                width: style.width.saturating_sub(width + 4),
                ..*style
            };
            let fitting = room.flow(figures.iter().map(String::as_str), " · ", 0);
            let figures = fitting.first().map_or("", String::as_str);
            format!("  {:width$}  {figures}", short(name))
        })
        .collect();
    if tasks.len() > TASK_LINES {
        let more = human::plural((tasks.len() - TASK_LINES) as u64, "more task");
        lines.push(style.paint(Tone::Faint, &format!("  and {more}")));
    }
    lines
}

/// Each threshold with its mark, those that fail first; what does not fit is left out.
fn thresholds(state: &State, style: &TerminalStyle) -> Vec<String> {
    let (tick, cross) = if style.unicode {
        ("✓", "✗")
    } else {
        ("ok", "FAIL")
    };
    let mut texts: [Vec<String>; 3] = Default::default();
    for (limit, standing) in state.outline.thresholds.iter().zip(&state.standings) {
        let expr = &limit.title;
        let (index, text) = match judged(standing) {
            Some((ok, observed)) => {
                let mark = if ok { tick } else { cross };
                let observed = limit.text(observed);
                (usize::from(ok), format!("{mark} {expr}  {observed}"))
            }
            None => (2, format!("? {expr}")),
        };
        texts[index].push(text);
    }
    let flowed = style.flow(texts.iter().flatten().map(String::as_str), "   ", 2);
    let mut lines: Vec<String> = flowed
        .iter()
        .take(THRESHOLD_LINES)
        // Colours come last, since they would be counted as text.
        .map(|line| {
            let line = line.replace('✓', &style.mark(true));
            format!("  {}", line.replace('✗', &style.mark(false)))
        })
        .collect();
    if flowed.len() > THRESHOLD_LINES {
        lines.push(style.paint(Tone::Faint, "  and more thresholds"));
    }
    lines
}

/// Returns how many thresholds hold, and which do not.
fn held(state: &State) -> Option<String> {
    let limits = &state.outline.thresholds;
    if limits.is_empty() {
        return None;
    }
    let (mut held, mut pending, mut failing) = (0, 0, Vec::new());
    for (limit, standing) in limits.iter().zip(&state.standings) {
        match judged(standing) {
            Some((true, _)) => held += 1,
            Some((false, observed)) => {
                failing.push(format!("{} ({})", limit.title, limit.text(observed)));
            }
            None => pending += 1,
        }
    }
    let all = human::plural(limits.len() as u64, "threshold");
    let mut text = format!("{held} of {all} hold");
    if pending > 0 {
        text = format!("{text}, {pending} not judged yet");
    }
    if !failing.is_empty() {
        text = format!("{text}, failing: {}", failing.join(", "));
    }
    Some(text)
}

/// Returns whether a threshold holds, and the observed value. Having no samples yet is no failure
/// before the end.
pub(super) fn judged(standing: &Option<Verdict>) -> Option<(bool, f64)> {
    let verdict = standing.as_ref()?;
    verdict.observed.map(|observed| (verdict.ok, observed))
}

fn seconds(nanos: Nanos) -> String {
    human::length((nanos / SECOND) as f64)
}
