//! Background of the load: events, metrics, verifications and databases.

use super::{
    style::{TerminalStyle, Tone},
    table::{Figures, Row},
    titled,
};
use crate::{
    model::{ResultFile, Verification},
    words,
};
use loadgen_core::human;

/// Most events that are listed.
const MOST: usize = 20;

/// Most metrics of a source: the summary is of the load, and all are in the report.
const METRICS: usize = 8;

/// Lists the events with their times.
pub(super) fn events(result: &ResultFile, style: &TerminalStyle) -> Vec<String> {
    if result.events.is_empty() {
        return Vec::new();
    }
    let mut lines = titled(style, "Events");
    let more = result.events.len().saturating_sub(MOST);
    for event in result.events.iter().take(MOST) {
        let mark = style.mark(event.ok);
        let at = words::at(event.t_s, result.run.warmup_s);
        let took = human::time(event.took_s * 1e9);
        let said = event.message.as_deref();
        let said = said.map_or_else(String::new, |said| format!(", {said}"));
        let text = format!("at {at}: {} (took {took}{said})", event.name);
        for (index, line) in style.wrap(&text, 4).iter().enumerate() {
            let mark = if index == 0 { mark.as_str() } else { " " };
            lines.push(format!("  {mark} {line}"));
        }
    }
    if more > 0 {
        lines.push(style.paint(Tone::Faint, &format!("    and {more} more")));
    }
    lines
}

/// The least, the mean and the most of what was observed.
pub(super) fn observed(result: &ResultFile, style: &TerminalStyle) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, observed) in &result.observed {
        let mut table = Figures::new(&["mean", "min", "max", "last"]);
        for series in observed.series.iter().take(METRICS) {
            let figures = [series.mean, series.min, series.max, series.last];
            table.push(Row {
                depth: 0,
                name: series.metric.clone(),
                cells: figures
                    .map(|value| human::in_unit(value, &series.unit))
                    .to_vec(),
                sum: false,
                bad: None,
            });
        }
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(titled(style, &format!("Observed: {name}")));
        if !observed.series.is_empty() {
            lines.extend(table.lines(style, 0));
        }
        let mut notes = Vec::new();
        let more = observed.series.len().saturating_sub(METRICS);
        if more > 0 {
            notes.push(format!("{more} more are in the report and the result."));
        }
        if observed.failures > 0 {
            notes.push(format!(
                "It did not respond {}.",
                human::plural(observed.failures, "time")
            ));
        }
        notes.extend(observed.message.clone());
        let notes = style.wrap(&notes.join(" "), 2);
        lines.extend(notes.iter().filter(|line| !line.is_empty()).map(|line| {
            let line = style.paint(Tone::Faint, line);
            format!("  {line}")
        }));
    }
    lines
}

/// Each verification with a tick or a cross, and with its numbers.
pub(super) fn verified(result: &ResultFile, style: &TerminalStyle) -> Vec<String> {
    if result.verify.is_empty() {
        return Vec::new();
    }
    let mut lines = titled(style, "Verified");
    lines.extend(verified_of(result.verify.iter(), style));
    lines
}

/// Some verifications of a result.
pub(super) fn verified_of<'r>(
    verifications: impl Iterator<Item = &'r Verification>,
    style: &TerminalStyle,
) -> Vec<String> {
    let mut lines = Vec::new();
    for verify in verifications {
        let mark = style.mark(verify.ok);
        for (index, line) in style.wrap(&verify.name, 4).iter().enumerate() {
            let mark = if index == 0 { mark.as_str() } else { " " };
            lines.push(format!("  {mark} {line}"));
        }
        let tone = if verify.ok { Tone::Faint } else { Tone::Bad };
        let message = verify.message.as_deref().unwrap_or_default();
        for line in style.wrap(message, 6) {
            lines.push(format!("      {}", style.paint(tone, &line)));
        }
    }
    lines
}

/// Most statements shown of each database.
const STATEMENTS: usize = 5;

/// The counters that everybody asks about.
const COUNTERS: [(&str, &str); 8] = [
    ("commits", "commits"),
    ("com_commit", "commits"),
    ("rollbacks", "rollbacks"),
    ("com_rollback", "rollbacks"),
    ("deadlocks", "deadlocks"),
    ("innodb_deadlocks", "deadlocks"),
    ("innodb_row_lock_waits", "waits for a row"),
    ("slow_queries", "slow queries"),
];

/// Lists the databases' activity: their longest statements, and a few counters.
pub(super) fn databases(result: &ResultFile, style: &TerminalStyle) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, activity) in &result.databases {
        let source = activity.source.as_deref().unwrap_or(&activity.backend);
        lines.extend(titled(
            style,
            &format!("Database {name}, by its own account ({source})"),
        ));
        for statement in activity.statements.iter().take(STATEMENTS) {
            let mean = human::time(statement.mean_us * 1e3);
            let head = format!("{:>9} x {mean:>8}", human::count(statement.calls));
            let indent = head.chars().count() + 4;
            let mut words = style.wrap(&statement.sql, indent).into_iter();
            lines.push(format!("  {head}  {}", words.next().unwrap_or_default()));
            lines.extend(words.take(1).map(|line| format!("{:indent$}{line}", "")));
        }
        let counters = COUNTERS.iter().filter_map(|(counter, words)| {
            let rose = activity.counters.get(*counter)?;
            Some(format!("{} {words}", human::count(*rose as u64)))
        });
        let counters: Vec<String> = counters.collect();
        let rest = match (&activity.message, counters.is_empty()) {
            (Some(message), _) => message.clone(),
            (None, false) => counters.join(", "),
            (None, true) => continue,
        };
        let wrapped = style.wrap(&rest, 2);
        lines.extend(wrapped.iter().map(|line| format!("  {line}")));
    }
    lines
}
