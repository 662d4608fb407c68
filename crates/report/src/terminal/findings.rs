//! Findings: errors, thresholds, doubts and the verdict, each as lines; no lines when there are
//! none.

use super::{
    style::{TerminalStyle, Tone},
    titled, without_population,
};
use crate::{
    model::{self, ResultFile},
    verdict::{self, Outcome},
    words,
};
use loadgen_core::{human, metric::Counter};

/// Most different messages shown of an error class.
const MESSAGES: usize = 3;

/// Blanks before the details of a class's first failure.
const DETAILS_INDENT: usize = 4;

/// Errors by class with what was seen first, status codes, and other things that were counted.
pub(super) fn errors(result: &ResultFile, style: &TerminalStyle) -> Vec<String> {
    let totals = &result.totals;
    let errors = &totals.errors;
    let mut lines = Vec::new();
    if errors.count > 0 {
        lines.push(style.paint(Tone::Strong, "Errors"));
    }
    let mut classes: Vec<(&String, &u64)> = errors.by_class.iter().collect();
    classes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (class, count) in classes {
        let mut seen: Vec<&str> = Vec::new();
        let samples = errors.samples.iter();
        let samples = samples.filter(|sample| sample.class == *class);
        for sample in samples.clone() {
            if seen.len() < MESSAGES && !seen.contains(&sample.message.as_str()) {
                seen.push(&sample.message);
            }
        }
        let share = human::percent(*count as f64 / totals.count.max(1) as f64);
        let head = format!("{class:<12} {:>7} {share:>7}", human::count(*count));
        let indent = head.chars().count() + 4;
        let mut messages = style.wrap(&seen.join("; "), indent).into_iter();
        let first = messages.next().unwrap_or_default();
        lines.push(format!("  {}  {first}", style.paint(Tone::Bad, &head)));
        lines.extend(messages.map(|line| format!("{:indent$}{line}", "")));
        if let Some(details) = samples.filter_map(words::details).next() {
            let details = style.wrap(&details, DETAILS_INDENT).into_iter();
            lines.extend(details.map(|line| {
                let line = style.paint(Tone::Faint, &line);
                format!("{:DETAILS_INDENT$}{line}", "")
            }));
        }
    }
    if let Some(statuses) = words::statuses(totals) {
        lines.extend(style.wrap(&format!("Status codes: {statuses}."), 0));
    }
    let counts = words::counts(totals, &Counter::ALL);
    if !counts.is_empty() {
        lines.extend(style.wrap(&format!("Other counts: {}.", counts.join(", ")), 0));
    }
    lines
}

/// Each threshold with a tick or a cross and what was observed.
pub(super) fn thresholds(result: &ResultFile, style: &TerminalStyle) -> Vec<String> {
    if result.thresholds.is_empty() {
        return Vec::new();
    }
    let mut lines = titled(style, "Thresholds");
    lines.extend(thresholds_of(result, result.thresholds.iter(), style));
    lines
}

/// Some thresholds of a result.
pub(super) fn thresholds_of<'r>(
    result: &'r ResultFile,
    thresholds: impl Iterator<Item = &'r model::Threshold>,
    style: &TerminalStyle,
) -> Vec<String> {
    let named: Vec<(String, &model::Threshold)> = thresholds
        .map(|threshold| {
            let name = match threshold.scope.as_str() {
                "totals" => threshold.expr.clone(),
                task => format!("{} ({})", threshold.expr, without_population(result, task)),
            };
            (name, threshold)
        })
        .collect();
    let widest = named.iter().map(|(name, _)| name.chars().count()).max();
    let widest = widest.unwrap_or_default();
    let mut lines = Vec::new();
    for (name, threshold) in named {
        let observed = threshold.observed.map_or_else(String::new, |observed| {
            format!(
                "{}{}",
                human::distinct(observed, threshold.limit),
                threshold.unit
            )
        });
        let shown = observed.chars().count();
        let tone = if threshold.ok {
            Tone::Strong
        } else {
            Tone::Bad
        };
        let observed = style.paint(tone, &observed);
        let mark = style.mark(threshold.ok);
        let head = format!("  {mark} {name:<widest$}  {observed}");
        let Some(message) = &threshold.message else {
            lines.push(head);
            continue;
        };
        // Colours take no place on the screen, but would be counted.
        let taken = 8 + widest + shown;
        if taken + message.chars().count() <= style.width {
            lines.push(format!("{head}  {message}"));
        } else {
            lines.push(head);
            let wrapped = style.wrap(message, 6);
            lines.extend(wrapped.iter().map(|line| format!("      {line}")));
        }
    }
    lines
}

/// Lists the reasons for an invalid result, and warnings.
pub(super) fn doubts(result: &ResultFile, style: &TerminalStyle) -> Vec<String> {
    let mut lines = against(result, style);
    if !result.warnings.is_empty() {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(list("Warnings", Tone::Warning, &result.warnings, style));
    }
    lines
}

/// Lists failures besides the thresholds, and the reasons for an invalid result.
pub(super) fn against(result: &ResultFile, style: &TerminalStyle) -> Vec<String> {
    let run = &result.run;
    let mut lines = Vec::new();
    if !run.failures.is_empty() {
        lines.extend(failures(&run.failures, style));
    }
    if !run.invalid_reasons.is_empty() {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let title = "This result is invalid";
        lines.extend(list(title, Tone::Bad, &run.invalid_reasons, style));
    }
    lines
}

/// Failures in words.
pub(super) fn failures(texts: &[String], style: &TerminalStyle) -> Vec<String> {
    list("Failed", Tone::Bad, texts, style)
}

/// Texts below a title, each with a mark.
pub(super) fn list(
    title: &str,
    tone: Tone,
    texts: &[String],
    style: &TerminalStyle,
) -> Vec<String> {
    let mut lines = titled(style, title);
    for text in texts {
        for (index, line) in style.wrap(text, 4).iter().enumerate() {
            let mark = if index == 0 { "!" } else { " " };
            lines.push(format!("  {} {line}", style.paint(tone, mark)));
        }
    }
    lines
}

/// Everything that decides over the exit code, in one line.
pub(super) fn verdict(result: &ResultFile, style: &TerminalStyle) -> String {
    let (outcome, text) = verdict::verdict(result);
    style.paint(tone(outcome), &text)
}

/// Returns the tone of an outcome.
pub(super) fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Passed => Tone::Good,
        Outcome::Done => Tone::Strong,
        Outcome::Failed => Tone::Bad,
    }
}
