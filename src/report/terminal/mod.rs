//! The summary that ends a run on the terminal.

mod beside;
mod brief;
mod figures;
mod findings;
mod look;
mod suite;
mod table;
#[cfg(test)]
mod tests;
mod traces;

pub use brief::problems;
pub(super) use figures::rows;
pub use look::{Look, Tone, shortened};
pub use suite::suite_summary;

use super::ResultFile;
use std::fmt::Write as _;

/// The summary of a result: what was run, the figures per step, task and in total, errors,
/// thresholds, what casts doubt, and the verdict.
pub fn summary(result: &ResultFile, look: &Look) -> String {
    let mut blocks = vec![
        figures::heading(result, look),
        figures::figures(result, look),
    ];
    blocks.extend(figures::breakdowns(result, look));
    blocks.extend([
        findings::errors(result, look),
        traces::traces(result, look),
        findings::thresholds(result, look),
        beside::events(result, look),
        beside::observed(result, look),
        beside::databases(result, look),
        beside::verified(result, look),
        findings::doubts(result, look),
        vec![findings::verdict(result, look)],
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
    look.spell(&text)
}

/// A title in as many lines as it takes.
fn titled(look: &Look, title: &str) -> Vec<String> {
    let wrapped = look.wrap(title, 0);
    wrapped
        .iter()
        .map(|line| look.paint(Tone::Strong, line))
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
