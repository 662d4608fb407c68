//! Several plans that are run one after the other, made of a suite.

use super::{App, Plan, Settings};
use crate::scenario::Scenario;
pub use crate::scenario::raw::suite::OnFailure;
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
    /// What becomes of the phases after one that fails.
    pub on_failure: OnFailure,
    /// What is done, in order; one phase at least, and no two of one name.
    pub phases: Vec<Phase>,
}

/// A plan of a suite.
#[derive(Debug)]
pub struct Phase {
    /// `name`, or the scenario's.
    pub name: String,
    /// Pause before it.
    pub pause: Duration,
    /// What it was made of, besides the scenario.
    pub settings: Settings,
    /// What the suite changes of the scenario besides: paths of its values.
    pub changed: Vec<String>,
    /// Its scenario.
    pub scenario: Scenario,
    /// What is run.
    pub plan: Plan,
}

impl Suite {
    /// The phases in groups that follow each other, each with the bundled services that it needs
    /// started once: a phase that wants a service to be started otherwise begins the next.
    pub fn bundles(&self) -> Vec<Range<usize>> {
        let mut bundles = Vec::new();
        let mut running: Vec<&App> = Vec::new();
        let mut first = 0;
        for (place, phase) in self.phases.iter().enumerate() {
            let apps = || phase.plan.apps();
            let differs = |app: &App| {
                let mut same = running.iter().filter(|other| other.service == app.service);
                same.any(|other| other.settings != app.settings)
            };
            if apps().any(differs) {
                bundles.push(first..place);
                (first, running) = (place, Vec::new());
            }
            running.extend(apps());
        }
        bundles.push(first..self.phases.len());
        bundles
    }
}
