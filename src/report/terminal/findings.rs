//! What was found: errors, thresholds, doubts and the verdict, each as lines; none when there is
//! nothing to say.

use super::{
    look::{Look, Tone},
    titled, without_population,
};
use crate::{
    human,
    metric::Counter,
    report::{
        model::{self, ResultFile},
        verdict::{self, Outcome},
        words,
    },
};

/// Most different messages shown of an error class.
const MESSAGES: usize = 3;

/// Errors by class with what was seen first, and other things that were counted.
pub(super) fn errors(result: &ResultFile, look: &Look) -> Vec<String> {
    let totals = &result.totals;
    let errors = &totals.errors;
    let mut lines = Vec::new();
    if errors.count > 0 {
        lines.push(look.paint(Tone::Strong, "Errors"));
    }
    let mut classes: Vec<(&String, &u64)> = errors.by_class.iter().collect();
    classes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (class, count) in classes {
        let mut seen: Vec<&str> = Vec::new();
        for sample in errors
            .samples
            .iter()
            .filter(|sample| sample.class == *class)
        {
            if seen.len() < MESSAGES && !seen.contains(&sample.message.as_str()) {
                seen.push(&sample.message);
            }
        }
        let share = human::percent(*count as f64 / totals.count.max(1) as f64);
        let head = format!("{class:<12} {:>7} {share:>7}", human::count(*count));
        let indent = head.chars().count() + 4;
        let mut messages = look.wrap(&seen.join("; "), indent).into_iter();
        let first = messages.next().unwrap_or_default();
        lines.push(format!("  {}  {first}", look.paint(Tone::Bad, &head)));
        lines.extend(messages.map(|line| format!("{:indent$}{line}", "")));
    }
    let besides: Vec<String> = words::besides(totals, &Counter::ALL);
    if !besides.is_empty() {
        let wrapped = look.wrap(&format!("Besides: {}.", besides.join(", ")), 0);
        lines.extend(wrapped);
    }
    lines
}

/// Each threshold with a tick or a cross and what was observed.
pub(super) fn thresholds(result: &ResultFile, look: &Look) -> Vec<String> {
    if result.thresholds.is_empty() {
        return Vec::new();
    }
    let named: Vec<(String, &model::Threshold)> = result
        .thresholds
        .iter()
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
    let mut lines = titled(look, "Thresholds");
    for (name, threshold) in named {
        let observed = threshold.observed.map_or_else(String::new, |observed| {
            format!(
                "{}{}",
                human::beside(observed, threshold.limit),
                threshold.unit
            )
        });
        let shown = observed.chars().count();
        let tone = if threshold.ok {
            Tone::Strong
        } else {
            Tone::Bad
        };
        let observed = look.paint(tone, &observed);
        let mark = look.mark(threshold.ok);
        let head = format!("  {mark} {name:<widest$}  {observed}");
        let Some(message) = &threshold.message else {
            lines.push(head);
            continue;
        };
        // Colours take no place on the screen, but would be counted.
        let taken = 8 + widest + shown;
        if taken + message.chars().count() <= look.width {
            lines.push(format!("{head}  {message}"));
        } else {
            lines.push(head);
            let wrapped = look.wrap(message, 6);
            lines.extend(wrapped.iter().map(|line| format!("      {line}")));
        }
    }
    lines
}

/// Why the result is not to be believed, and what should be known before it is.
pub(super) fn doubts(result: &ResultFile, look: &Look) -> Vec<String> {
    let run = &result.run;
    let mut lines = Vec::new();
    for (title, tone, texts) in [
        ("Failed", Tone::Bad, &run.failures),
        ("This result is invalid", Tone::Bad, &run.invalid_reasons),
        ("Warnings", Tone::Doubtful, &result.warnings),
    ] {
        if texts.is_empty() {
            continue;
        }
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(list(title, tone, texts, look));
    }
    lines
}

/// Texts below a title, each with a mark.
pub(super) fn list(title: &str, tone: Tone, texts: &[String], look: &Look) -> Vec<String> {
    let mut lines = titled(look, title);
    for text in texts {
        for (place, line) in look.wrap(text, 4).iter().enumerate() {
            let mark = if place == 0 { "!" } else { " " };
            lines.push(format!("  {} {line}", look.paint(tone, mark)));
        }
    }
    lines
}

/// Everything that decides over the exit code, in one line.
pub(super) fn verdict(result: &ResultFile, look: &Look) -> String {
    let (outcome, text) = verdict::verdict(result);
    look.paint(tone(outcome), &text)
}

/// How an outcome is to be seen.
pub(super) fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::Passed => Tone::Good,
        Outcome::Done => Tone::Strong,
        Outcome::Failed => Tone::Bad,
    }
}
