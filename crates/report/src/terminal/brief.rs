//! Failures, and nothing else: the output of `--quiet`.

use super::{TerminalStyle, background, findings};
use crate::{ResultFile, json::Saved, suite::SuiteFile, verdict::Outcome};

/// Returns the reasons why a run or a suite failed; empty for a success.
pub fn problems(saved: &Saved, style: &TerminalStyle) -> String {
    let lines = match saved {
        Saved::Run(result) => of_run(result, style),
        Saved::Suite(suite) => of_suite(suite, style),
    };
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    style.spell(&text)
}

fn of_run(result: &ResultFile, style: &TerminalStyle) -> Vec<String> {
    let (outcome, text) = crate::verdict::verdict(result);
    if outcome != Outcome::Failed {
        return Vec::new();
    }
    let mut lines = headed(&result.scenario.name, &text, style);
    let thresholds = result.thresholds.iter().filter(|threshold| !threshold.ok);
    lines.extend(findings::thresholds_of(result, thresholds, style));
    let untrue = result.verify.iter().filter(|verify| !verify.ok);
    lines.extend(background::verified_of(untrue, style));
    lines.extend(findings::against(result, style));
    lines
}

/// The phases have told theirs.
fn of_suite(suite: &SuiteFile, style: &TerminalStyle) -> Vec<String> {
    let (outcome, text) = suite.verdict();
    if outcome != Outcome::Failed {
        return Vec::new();
    }
    let mut lines = headed(&suite.suite.name, &text, style);
    if !suite.suite.failures.is_empty() {
        lines.extend(findings::failures(&suite.suite.failures, style));
    }
    lines
}

fn headed(name: &str, verdict: &str, style: &TerminalStyle) -> Vec<String> {
    let tone = findings::tone(Outcome::Failed);
    let wrapped = style.wrap(&format!("{name}: {verdict}"), 0);
    wrapped.iter().map(|line| style.paint(tone, line)).collect()
}
