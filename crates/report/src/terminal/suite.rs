//! The summary that ends a suite on the terminal.

use super::{
    TerminalStyle, Tone,
    figures::{COLUMNS, figures_of},
    findings::{failures, tone},
    style::shortened,
    table::{Figures, Row},
    titled,
};
use crate::{suite::SuiteFile, verdict::Outcome};
use loadgen_core::human;

/// The figures and the verdict of each phase, and of all of them.
pub fn suite_summary(suite: &SuiteFile, style: &TerminalStyle) -> String {
    let mut blocks = vec![
        heading(suite, style),
        figures(suite, style),
        verdicts(suite, style),
    ];
    if !suite.suite.failures.is_empty() {
        blocks.push(failures(&suite.suite.failures, style));
    }
    let (outcome, text) = suite.verdict();
    blocks.push(vec![style.paint(tone(outcome), &text)]);
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
    style.spell(&(blocks.join("\n\n") + "\n"))
}

fn heading(suite: &SuiteFile, style: &TerminalStyle) -> Vec<String> {
    let run = &suite.suite;
    let facts = [
        human::plural(suite.phases.len() as u64, "phase"),
        human::length(run.duration_s),
        format!("suite {}", run.id),
    ];
    let mut lines = titled(style, &run.name);
    let wrapped = style.flow(facts.iter().map(String::as_str), " · ", 0);
    lines.extend(wrapped.iter().map(|line| style.paint(Tone::Faint, line)));
    lines
}

fn figures(suite: &SuiteFile, style: &TerminalStyle) -> Vec<String> {
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
    table.lines(style, 3)
}

fn verdicts(suite: &SuiteFile, style: &TerminalStyle) -> Vec<String> {
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
            Some(outcome) => style.mark(outcome != Outcome::Failed),
        };
        let indent = 6 + widest;
        for (index, line) in style.wrap(&text, indent).iter().enumerate() {
            let line = style.paint(outcome.map_or(Tone::Faint, tone), line);
            lines.push(match index {
                0 => format!("  {mark} {name:<widest$}  {line}"),
                _ => format!("{:indent$}{line}", ""),
            });
        }
    }
    lines
}
