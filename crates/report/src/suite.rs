//! The result of a suite, schema version 1: the results of its phases, and what came of them
//! together. As with results, keys are only ever added, and readers ignore those that they do not
//! know.

use super::{
    model::ResultFile,
    verdict::{self, Outcome},
};
use jiff::Timestamp;
use loadgen_core::human;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version that is written, and the newest that can be read.
pub const SCHEMA: u32 = 1;

/// Everything that is known of a suite's run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SuiteFile {
    /// The version of this form: 1.
    pub schema: u32,
    /// The suite as a whole.
    pub suite: SuiteRun,
    /// Its phases, in order, also those that were not run.
    pub phases: Vec<Phase>,
}

/// A suite as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SuiteRun {
    /// Its name.
    pub name: String,
    /// Its file, as it was given.
    pub file: String,
    /// SHA-256 of the file in hexadecimal.
    pub sha256: String,
    /// The flags that changed it, without what may be secret.
    pub arguments: Vec<String>,
    /// UUIDv7.
    pub id: String,
    /// Start of the suite.
    pub started_at: Timestamp,
    /// From the start of the target to its end, pauses included.
    pub duration_s: f64,
    /// `stop` or `continue`.
    pub on_failure: String,
    /// Ended by a signal.
    pub interrupted: bool,
    /// Failures besides the phases, such as the end of the bundled target, in words.
    pub failures: Vec<String>,
    /// Exit code of the process.
    pub exit_code: u8,
    /// Version of loadgen.
    pub version: String,
}

/// A phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// Its scenario's file.
    pub file: String,
    /// Pause before it.
    pub pause_s: f64,
    /// State of the phase: whether there was a load.
    pub state: State,
    /// Exit code that the phase would have had alone; null: it was not run.
    pub exit_code: Option<u8>,
    /// Reason why there was no load, in words.
    pub message: Option<String>,
    /// Its result, as a run of its own would have it; null: there was no load.
    pub result: Option<Box<ResultFile>>,
}

/// State of a phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// There was a load, and there is a result.
    Ran,
    /// Its turn came, but the load could not begin.
    NotStarted,
    /// The suite ended before.
    NotRun,
}

impl Phase {
    /// Returns true if its outcome fails the suite.
    pub fn failed(&self) -> bool {
        self.exit_code.is_some_and(|code| code != 0)
    }

    /// Returns its outcome, and a line about it; None for one that was not run.
    pub fn verdict(&self) -> (Option<Outcome>, String) {
        let why = self.message.as_deref().unwrap_or_default();
        match (&self.result, self.state) {
            (Some(result), _) => {
                let (outcome, text) = verdict::verdict(result);
                (Some(outcome), text)
            }
            (None, State::NotRun) => (None, join("NOT RUN", why)),
            (None, _) => (Some(Outcome::Failed), join("NOT STARTED", why)),
        }
    }
}

fn join(what: &str, why: &str) -> String {
    match why {
        "" => what.to_owned(),
        why => format!("{what}: {why}"),
    }
}

impl SuiteFile {
    /// Everything that decides over the exit code, in one line.
    pub fn verdict(&self) -> (Outcome, String) {
        let all = self.phases.len() as u64;
        let count = |what: fn(&Phase) -> bool| {
            let phases = self.phases.iter();
            phases.filter(|phase| what(phase)).count() as u64
        };
        let failed = count(Phase::failed);
        let left = count(|phase| phase.state == State::NotRun);
        let suite = &self.suite;
        if suite.exit_code == 0 {
            let judged = |phase: &Phase| {
                let result = phase.result.as_ref();
                result.is_some_and(|result| !result.thresholds.is_empty())
            };
            let phases = human::plural(all, "phase");
            return match count(judged) {
                0 => (
                    Outcome::Done,
                    format!("DONE: {phases}, no thresholds were set"),
                ),
                _ => (Outcome::Passed, format!("PASSED: {phases}")),
            };
        }
        let mut words = Vec::new();
        if suite.interrupted {
            words.push(format!(
                "INTERRUPTED after {}",
                human::length(suite.duration_s)
            ));
        }
        let mut parts = Vec::new();
        if failed > 0 {
            parts.push(format!(
                "{failed} of {} failed",
                human::plural(all, "phase")
            ));
        }
        if !suite.failures.is_empty() {
            parts.push(human::plural(suite.failures.len() as u64, "failure"));
        }
        if left > 0 {
            let verb = if left == 1 { "was" } else { "were" };
            parts.push(format!("{left} {verb} not run"));
        }
        if !parts.is_empty() {
            words.push(format!("FAILED: {}", parts.join(", ")));
        }
        let text = format!("{} (exit code {})", words.join(" · "), suite.exit_code);
        (Outcome::Failed, text)
    }
}

/// The file's text: one line of JSON.
pub fn text(suite: &SuiteFile) -> String {
    // Only maps with keys that are no text, or a failing Serialize of one's own, can be refused.
    let mut text = serde_json::to_string(suite).expect("the model is plain data");
    text.push('\n');
    text
}
