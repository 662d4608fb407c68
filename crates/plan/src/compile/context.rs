//! State that every part of the compilation shares.

use super::{Settings, csv_table::Table};
use loadgen_scenario::{
    Problem, Scenario, Span,
    raw::{self, Field, Spanned},
};
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    path::Path,
    sync::Arc,
    time::Duration,
};

/// Collects problems.
pub(super) struct Context<'a> {
    /// The run's id, as `{{run.id}}` has it.
    pub run_id: String,
    /// The scenario's file.
    pub path: &'a Path,
    /// True if `custom` steps can be executed.
    pub custom: bool,
    /// The run's seed.
    pub seed: Cell<u64>,
    /// The files that the scenario names.
    pub files: &'a HashMap<String, Result<Vec<u8>, String>>,
    /// Source indices of the files of statements.
    pub statements: &'a HashMap<String, usize>,
    /// Parsed files; None for those that could not be parsed.
    pub tables: RefCell<HashMap<String, Option<Arc<Table>>>>,
    /// The variables of the file that have sources, by their places in memory.
    sources: RefCell<Vec<*const raw::Variable>>,
    problems: RefCell<Vec<Problem>>,
}

impl<'a> Context<'a> {
    pub fn new(scenario: &'a Scenario, settings: &Settings) -> Self {
        Self {
            run_id: settings.run_id.to_string(),
            path: &scenario.path,
            custom: settings.custom,
            seed: Cell::new(0),
            files: &scenario.files,
            statements: &scenario.statements,
            tables: RefCell::default(),
            sources: RefCell::default(),
            problems: RefCell::new(scenario.problems.clone()),
        }
    }

    /// The source of a variable, which is the same for all populations that share the variable.
    pub fn source(&self, variable: &raw::Variable) -> usize {
        let mut sources = self.sources.borrow_mut();
        let known = sources.iter().position(|own| std::ptr::eq(*own, variable));
        known.unwrap_or_else(|| {
            sources.push(variable);
            sources.len() - 1
        })
    }

    /// The count of sources so far.
    pub fn source_count(&self) -> usize {
        self.sources.borrow().len()
    }

    /// The folder of the scenario, from which paths in it start.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    pub fn tell(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    pub fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    /// Tells that a key is missing from the table at `place`.
    pub fn missing(&self, span: Span, key: &str, help: &'static str) {
        let problem = Problem::new(span, format!("`{key}` is missing"));
        self.tell(problem.help(help));
    }

    /// A whole number between two bounds; None when it is not, or not given.
    pub fn whole(&self, field: &Field<i64>, least: u64, most: u64, what: &str) -> Option<u64> {
        let Spanned { value, span } = *field.given()?;
        match u64::try_from(value) {
            Ok(value) if (least..=most).contains(&value) => Some(value),
            _ => {
                let message = if most == u64::MAX {
                    format!("{what}: at least {least}")
                } else {
                    format!("{what}: from {least} to {most}")
                };
                self.tell(Problem::new(span, message));
                None
            }
        }
    }

    /// A length of time above zero; None when it is zero or could not be read.
    pub fn some_time(&self, field: &Field<Duration>, what: &str) -> Option<Duration> {
        let duration = field.given()?;
        if duration.value.is_zero() {
            let problem = Problem::new(duration.span, format!("{what} must be greater than 0"));
            self.tell(problem);
            return None;
        }
        Some(duration.value)
    }

    /// Reads a time like `some_time`, with a default for an absent key.
    pub fn some_time_or(
        &self,
        field: &Field<Duration>,
        default: Duration,
        what: &str,
    ) -> Option<Duration> {
        match field {
            Field::Absent => Some(default),
            _ => self.some_time(field, what),
        }
    }
}

/// The value, or Some(None) for a key that is not there; None when it could not be read.
pub(super) fn optional<T: Copy>(field: &Field<T>) -> Option<Option<T>> {
    match field {
        Field::Absent => Some(None),
        Field::Bad(_) => None,
        Field::Given(given) => Some(Some(given.value)),
    }
}

/// The value, or `default` for a key that is not there; None when it could not be read.
pub(super) fn or_default<T: Copy>(field: &Field<T>, default: T) -> Option<T> {
    match field {
        Field::Absent => Some(default),
        Field::Bad(_) => None,
        Field::Given(given) => Some(given.value),
    }
}
