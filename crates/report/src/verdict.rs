//! The verdict on a run in one line, the same in every form of report.

use super::ResultFile;
use loadgen_core::human;

/// Outcome of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every threshold held.
    Passed,
    /// Nothing had to hold.
    Done,
    /// Something decides against it.
    Failed,
}

/// Everything that decides over the exit code, in one line.
pub fn verdict(result: &ResultFile) -> (Outcome, String) {
    let run = &result.run;
    let all = result.thresholds.len() as u64;
    let missed = result
        .thresholds
        .iter()
        .filter(|threshold| !threshold.ok)
        .count() as u64;
    let mut bad = Vec::new();
    if run.interrupted {
        bad.push(format!(
            "INTERRUPTED after {}",
            human::length(run.duration_s)
        ));
    }
    if !run.valid {
        bad.push("INVALID".to_owned());
    }
    let mut failed = Vec::new();
    if !run.failures.is_empty() {
        failed.push(human::plural(run.failures.len() as u64, "failure"));
    }
    let asked = result.verify.len() as u64;
    let untrue = result.verify.iter().filter(|verify| !verify.ok).count() as u64;
    for (missed, all, what) in [(missed, all, "threshold"), (untrue, asked, "verification")] {
        if missed > 0 {
            let all = human::plural(all, what);
            failed.push(format!("{missed} of {all} did not hold"));
        }
    }
    if !failed.is_empty() {
        bad.push(format!("FAILED: {}", failed.join(", ")));
    }
    if !bad.is_empty() {
        let text = format!("{} (exit code {})", bad.join(" · "), run.exit_code);
        return (Outcome::Failed, text);
    }
    let text = match (all, asked) {
        (0, 0) => return (Outcome::Done, "DONE: no thresholds were set".to_owned()),
        (1, 0) => "PASSED: the threshold held".to_owned(),
        (0, 1) => "PASSED: the verification held".to_owned(),
        (_, 0) => format!("PASSED: all {all} thresholds held"),
        (0, _) => format!("PASSED: all {asked} verifications held"),
        _ => format!(
            "PASSED: {} and {} held",
            human::plural(all, "threshold"),
            human::plural(asked, "verification")
        ),
    };
    (Outcome::Passed, text)
}
