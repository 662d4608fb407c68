//! Steps that a program of its own does ([`crate::Program`]).

use super::StepPlan;
use crate::data::Template;
use std::time::Duration;

/// One of them. What its text means is the program's own matter.
#[derive(Debug)]
pub struct CustomStep {
    /// What is to be done.
    pub text: Template,
    /// What later steps use of the answer.
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
    /// Where in the answer its value is, as the program understands it.
    pub source: String,
    /// Place in the task run's values.
    pub variable: usize,
}
