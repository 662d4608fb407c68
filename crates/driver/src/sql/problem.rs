//! Problems that are found before the run.

use super::{
    error::{self, Error},
    target::Target,
};
use crate::Failure;
use loadgen_data::Value;
use loadgen_plan::sql::SqlStep;

/// A step that is to run, with one possible set of values.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Index in the plan's steps.
    pub index: usize,
    /// The step there.
    pub step: &'a SqlStep,
    /// Values of a task run, to try against the parameters' types; [`Value::Unset`] where only
    /// the run will tell.
    pub sample: &'a [Value],
    /// It is done in a session to which each user's start has done something, such as making a
    /// temporary table, which is not there before.
    pub after_user_start: bool,
    /// It is part of that start.
    pub is_of_user_start: bool,
}

/// Why the run cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// A database cannot be reached.
    #[error("database {database} cannot be reached: {}", .failure.detail)]
    Unreachable {
        /// Its name.
        database: String,
        /// Why not.
        failure: Failure,
    },
    /// Mistakes in the scenario: all of them.
    #[error("{}", messages(.0))]
    Problems(Vec<Problem>),
}

/// A mistake in the scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The part of the scenario with the mistake.
    pub subject: Subject,
    /// The mistake, in words.
    pub message: String,
    /// Advice on how to mend it.
    pub help: Option<String>,
}

/// Part of a scenario that a problem belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The database at this index of the plan's databases.
    Database(usize),
    /// The step at this index of the plan's steps, and the part of it.
    Step(usize, StepPart),
}

/// Part of a step that a problem is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepPart {
    /// Its statement.
    Statement,
    /// This byte of [`loadgen_plan::sql::Text::source`].
    At(usize),
    /// The parameter at this index, from 0.
    Param(usize),
    /// The expected value at this index.
    Expect(usize),
    /// The extracted value at this index.
    Extract(usize),
}

pub(super) fn unreachable(target: &Target, error: impl Into<Error>) -> PrepareError {
    let failure = error::judge_opening(error);
    let detail = format!("{} ({})", failure.detail, target.address());
    PrepareError::Unreachable {
        database: target.database.name.clone(),
        failure: Failure::text(failure.class, detail),
    }
}

fn messages(problems: &[Problem]) -> String {
    let messages: Vec<_> = problems.iter().map(|p| p.message.as_str()).collect();
    messages.join("; ")
}
