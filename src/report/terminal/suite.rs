//! The summary that ends a suite on the terminal.

use super::{
    Look, Tone,
    figures::{COLUMNS, figures_of},
    findings::{failures, tone},
    look::shortened,
    table::{Figures, Row},
    titled,
};
use crate::{
    human,
    report::{suite::SuiteFile, verdict::Outcome},
};

/// The figures and the verdict of each phase, and of all of them.
pub fn suite_summary(suite: &SuiteFile, look: &Look) -> String {
    let mut blocks = vec![
        heading(suite, look),
        figures(suite, look),
        verdicts(suite, look),
    ];
    if !suite.suite.failures.is_empty() {
        blocks.push(failures(&suite.suite.failures, look));
    }
    let (outcome, text) = suite.verdict();
    blocks.push(vec![look.paint(tone(outcome), &text)]);
    let blocks: Vec<String> = blocks
        .iter()
        .filter(|lines| !lines.is_empty())
        .map(|lines| {
            lines
                .iter()
                .map(|line| line.trim_end())
                .collect::<Vec<_>>()
                .join("\n")
        })
        .collect();
    look.spell(&(blocks.join("\n\n") + "\n"))
}

fn heading(suite: &SuiteFile, look: &Look) -> Vec<String> {
    let run = &suite.suite;
    let facts = [
        human::plural(suite.phases.len() as u64, "phase"),
        human::length(run.duration_s),
        format!("suite {}", run.id),
    ];
    let mut lines = titled(look, &run.name);
    let wrapped = look.flow(facts.iter().map(String::as_str), " · ", 0);
    lines.extend(wrapped.iter().map(|line| look.paint(Tone::Faint, line)));
    lines
}

fn figures(suite: &SuiteFile, look: &Look) -> Vec<String> {
    let mut table = Figures::new(&COLUMNS);
    for phase in &suite.phases {
        table.push(match &phase.result {
            Some(result) => figures_of(0, &phase.name, &result.totals, false),
            None => Row {
                depth: 0,
                name: phase.name.clone(),
                cells: COLUMNS.map(|_| "-".to_owned()).into(),
                sum: false,
                bad: None,
            },
        });
    }
    table.lines(look, 3)
}

fn verdicts(suite: &SuiteFile, look: &Look) -> Vec<String> {
    const LONGEST: usize = 30;
    let names = suite
        .phases
        .iter()
        .map(|phase| shortened(&phase.name, LONGEST));
    let names: Vec<String> = names.map(|name| name.to_string()).collect();
    let widest = names.iter().map(|name| name.chars().count()).max();
    let widest = widest.unwrap_or_default();
    let mut lines = Vec::new();
    for (phase, name) in suite.phases.iter().zip(&names) {
        let (outcome, text) = phase.verdict();
        let mark = match outcome {
            None => "-".to_owned(),
            Some(outcome) => look.mark(outcome != Outcome::Failed),
        };
        let indent = 6 + widest;
        for (place, line) in look.wrap(&text, indent).iter().enumerate() {
            let line = look.paint(outcome.map_or(Tone::Faint, tone), line);
            lines.push(match place {
                0 => format!("  {mark} {name:<widest$}  {line}"),
                _ => format!("{:indent$}{line}", ""),
            });
        }
    }
    lines
}
