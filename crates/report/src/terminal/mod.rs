//! The summary that ends a run on the terminal.

mod background;
mod brief;
mod figures;
mod findings;
mod style;
mod suite;
mod table;
#[cfg(test)]
mod tests;
mod traces;

pub use brief::problems;
pub(super) use figures::rows;
pub use style::{TerminalStyle, Tone, shortened};
pub use suite::suite_summary;

use super::ResultFile;
use std::fmt::Write as _;

/// The summary of a result: what was run, the figures per step, task and in total, errors,
/// thresholds, what casts doubt, and the verdict.
pub fn summary(result: &ResultFile, style: &TerminalStyle) -> String {
    let mut blocks = vec![
        figures::heading(result, style),
        figures::figures(result, style),
    ];
    blocks.extend(figures::breakdowns(result, style));
    blocks.extend([
        findings::errors(result, style),
        traces::traces(result, style),
        findings::thresholds(result, style),
        background::events(result, style),
        background::observed(result, style),
        background::databases(result, style),
        background::verified(result, style),
        findings::doubts(result, style),
        vec![findings::verdict(result, style)],
    ]);
    let mut text = String::new();
    for lines in blocks.iter().filter(|lines| !lines.is_empty()) {
        for line in lines {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    style.spell(&text)
}

/// A title in as many lines as it takes.
fn titled(style: &TerminalStyle, title: &str) -> Vec<String> {
    let wrapped = style.wrap(title, 0);
    wrapped
        .iter()
        .map(|line| style.paint(Tone::Strong, line))
        .collect()
}

/// The population's name says nothing where there is only one.
pub(super) fn without_population<'a>(result: &ResultFile, id: &'a str) -> &'a str {
    let mut populations = result.steps.iter().map(|step| &step.population);
    let Some(first) = populations.next() else {
        return id;
    };
    if populations.any(|other| other != first) {
        return id;
    }
    id.strip_prefix(first.as_str())
        .and_then(|rest| rest.strip_prefix('/'))
        .unwrap_or(id)
}
