//! Variables, and which tasks draw them.

use super::{Population, Scope, Task};
use loadgen_data::Generator;

/// A named hole filler.
#[derive(Debug)]
pub struct Variable {
    /// Name as it is written in `{{name}}`.
    pub name: String,
    /// Scope: how often it is drawn.
    pub scope: Scope,
    /// The source that it draws from: columns of the same rows have one, and so have variables that
    /// populations share. Variables of one source follow one another.
    pub source: usize,
    /// Generator of its values.
    pub generator: Generator,
}

impl Variable {
    /// Its key in `[data]`, without the column.
    pub fn key(&self) -> &str {
        let name = self.name.as_str();
        name.split_once('.').map_or(name, |(key, _)| key)
    }
}

impl Population {
    /// Returns true if a run of this task of it draws from a source.
    pub fn draws(&self, task: &Task, source: usize) -> bool {
        let steps = task.steps.iter().flat_map(|step| &step.draws);
        let mut variables = task.draws.iter().chain(steps);
        variables.any(|own| self.variables[*own].source == source)
    }

    /// Returns true if its load draws from a source.
    pub fn draws_under_load(&self, source: usize) -> bool {
        let mut tasks = self.user_start.iter().chain(&self.tasks);
        let mut users = self.user_draws.iter();
        tasks.any(|task| self.draws(task, source))
            || users.any(|own| self.variables[*own].source == source)
    }
}
