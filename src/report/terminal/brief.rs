//! What failed, and nothing else: for those who want no summary.

use super::{Look, beside, findings};
use crate::report::{ResultFile, json::Saved, suite::SuiteFile, verdict::Outcome};

/// What decides against a run or a suite, in lines; nothing when nothing does.
pub fn problems(saved: &Saved, look: &Look) -> String {
    let lines = match saved {
        Saved::Run(result) => of_run(result, look),
        Saved::Suite(suite) => of_suite(suite, look),
    };
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    look.spell(&text)
}

fn of_run(result: &ResultFile, look: &Look) -> Vec<String> {
    let (outcome, text) = crate::report::verdict::verdict(result);
    if outcome != Outcome::Failed {
        return Vec::new();
    }
    let mut lines = headed(&result.scenario.name, &text, look);
    let thresholds = result.thresholds.iter().filter(|threshold| !threshold.ok);
    lines.extend(findings::thresholds_of(result, thresholds, look));
    let untrue = result.verify.iter().filter(|verify| !verify.ok);
    lines.extend(beside::verified_of(untrue, look));
    lines.extend(findings::against(result, look));
    lines
}

/// The phases have told theirs.
fn of_suite(suite: &SuiteFile, look: &Look) -> Vec<String> {
    let (outcome, text) = suite.verdict();
    if outcome != Outcome::Failed {
        return Vec::new();
    }
    let mut lines = headed(&suite.suite.name, &text, look);
    if !suite.suite.failures.is_empty() {
        lines.extend(findings::failures(&suite.suite.failures, look));
    }
    lines
}

fn headed(name: &str, verdict: &str, look: &Look) -> Vec<String> {
    let tone = findings::tone(Outcome::Failed);
    let wrapped = look.wrap(&format!("{name}: {verdict}"), 0);
    wrapped.iter().map(|line| look.paint(tone, line)).collect()
}
