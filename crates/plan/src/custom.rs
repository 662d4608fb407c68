//! Steps that a program of its own does (`loadgen::Program`).

use super::StepPlan;
use loadgen_data::Template;
use std::time::Duration;

/// One of them. What its text means is the program's own matter.
#[derive(Debug)]
pub struct CustomStep {
    /// Text of the step, for the program.
    pub text: Template,
    /// Parts of the response that later steps use.
    pub extract: Vec<Extract>,
    /// Bound on the whole step.
    pub timeout: Duration,
    /// Its text as the scenario has it, cut where it is long.
    pub written: String,
}

impl StepPlan for CustomStep {
    fn timeout(&self) -> Duration {
        self.timeout
    }
}

/// A variable that a step fills.
#[derive(Debug)]
pub struct Extract {
    /// Its name.
    pub name: String,
    /// Origin of the value in the response, as the program understands it.
    pub source: String,
    /// Place in the task run's values.
    pub variable: usize,
}
