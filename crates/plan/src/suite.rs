//! Several plans that are run one after the other, made of a suite.

use super::{App, Plan, Settings};
use loadgen_scenario::Scenario;
pub use loadgen_scenario::raw::suite::OnFailure;
use std::{ops::Range, path::PathBuf, time::Duration};

/// A validated suite.
#[derive(Debug)]
pub struct Suite {
    /// `name`, or the file's stem.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
    /// SHA-256 of the file in hexadecimal.
    pub sha256: String,
    /// Handling of the phases after one that fails.
    pub on_failure: OnFailure,
    /// Phases in order; at least one, and no two with the same name.
    pub phases: Vec<Phase>,
}

/// A plan of a suite.
#[derive(Debug)]
pub struct Phase {
    /// `name`, or the scenario's.
    pub name: String,
    /// Pause before it.
    pub pause: Duration,
    /// Settings that it was made with, besides the scenario.
    pub settings: Settings,
    /// Paths of the scenario's values that the suite changes besides.
    pub changed: Vec<String>,
    /// Its scenario.
    pub scenario: Scenario,
    /// Plan of the phase.
    pub plan: Plan,
}

impl Suite {
    /// The phases in groups that follow each other, each with the bundled services that it needs
    /// started once: a phase that wants a service to be started otherwise begins the next.
    pub fn bundles(&self) -> Vec<Range<usize>> {
        let mut bundles = Vec::new();
        let mut running: Vec<&App> = Vec::new();
        let mut first = 0;
        for (index, phase) in self.phases.iter().enumerate() {
            let apps = || phase.plan.apps();
            let differs = |app: &App| {
                let mut same = running.iter().filter(|other| other.service == app.service);
                same.any(|other| other.settings != app.settings)
            };
            if apps().any(differs) {
                bundles.push(first..index);
                (first, running) = (index, Vec::new());
            }
            running.extend(apps());
        }
        bundles.push(first..self.phases.len());
        bundles
    }
}
