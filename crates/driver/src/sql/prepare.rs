//! Before the run: each statement is prepared once, so that a mistake in it is found before the
//! load, and what the servers tell of the parameters is kept for binding them.

use super::{
    error::{self, Error},
    inspect::{Inspector, PrepareFailure},
    pool::Shared,
    setup::{Setup, Target},
};
use crate::Failure;
use loadgen_data::Value;
use loadgen_plan::{
    Plan, RunData,
    sql::{Action, Database, SqlStep},
};

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

fn messages(problems: &[Problem]) -> String {
    let messages: Vec<_> = problems.iter().map(|p| p.message.as_str()).collect();
    messages.join("; ")
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

/// Connects to each of the plan's databases and prepares each statement of its load once.
///
/// # Errors
/// As [`prepare_all`] has them.
pub async fn prepare_plan(plan: &Plan, data: &RunData) -> Result<Setup, PrepareError> {
    let populations = plan.populations.iter().enumerate();
    let samples: Vec<_> = populations
        .map(|(index, population)| (population, data.sample(plan, index)))
        .collect();
    let mut candidates = Vec::new();
    for (population, sample) in &samples {
        let prepares = |database: usize| {
            let steps = population.user_start.iter().flat_map(|task| &task.steps);
            let mut databases = steps.filter_map(|step| Some(step.kind.sql()?.database));
            databases.any(|own| own == database)
        };
        let starts: Vec<usize> = population
            .user_start
            .iter()
            .flat_map(|task| task.steps.iter().map(|step| step.index))
            .collect();
        for step in population.load_steps() {
            candidates.extend(step.kind.sql().map(|sql| Candidate {
                index: step.index,
                step: sql,
                sample,
                after_user_start: prepares(sql.database),
                is_of_user_start: starts.contains(&step.index),
            }));
        }
    }
    prepare_all(&plan.databases, &candidates).await
}

/// Connects to each database and prepares each statement once.
///
/// # Errors
/// When a database cannot be reached; else, when anything is wrong with the statements, all of it.
pub async fn prepare_all(
    databases: &[Database],
    candidates: &[Candidate<'_>],
) -> Result<Setup, PrepareError> {
    let mut problems = Vec::new();
    let mut targets = Vec::new();
    for (index, database) in databases.iter().enumerate() {
        match Target::new(database, candidates.len()) {
            Ok(target) => targets.push(target),
            Err(message) => problems.push(Problem {
                subject: Subject::Database(index),
                message,
                help: None,
            }),
        }
    }
    if !problems.is_empty() {
        return Err(PrepareError::Problems(problems));
    }
    let length = candidates.iter().map(|candidate| candidate.index + 1).max();
    let pool = |target: &Target| Some(Shared::new(target.database.pool()? as usize));
    let mut setup = Setup {
        pools: targets.iter().map(pool).collect(),
        targets,
        statements: Vec::new(),
    };
    setup.statements.resize_with(length.unwrap_or(0), || None);
    for (index, target) in setup.targets.iter().enumerate() {
        let mut inspector = Inspector::open(target).await?;
        if let Some(found) = inspector.isolation().await? {
            problems.push(Problem {
                subject: Subject::Database(index),
                message: format!(
                    "sessions have the isolation level {found}, whatever they ask for"
                ),
                help: Some(
                    "a pooler leaves out what a session asks for; give `isolation` to transactions"
                        .to_owned(),
                ),
            });
        }
        for candidate in candidates {
            let Action::Statement(statement) = &candidate.step.action else {
                continue;
            };
            if candidate.step.database != index {
                continue;
            }
            match inspector.statement(candidate, statement).await {
                Ok(compiled) => setup.statements[candidate.index] = Some(compiled),
                Err(PrepareFailure::Problems(found)) => problems.extend(found),
                Err(PrepareFailure::Lost(error)) => return Err(unreachable(target, error)),
            }
        }
        inspector.close().await;
    }
    if problems.is_empty() {
        Ok(setup)
    } else {
        problems.sort_by_key(|problem| match problem.subject {
            Subject::Database(index) => (index, 0),
            Subject::Step(index, _) => (usize::MAX, index),
        });
        Err(PrepareError::Problems(problems))
    }
}

pub(super) fn unreachable(target: &Target, error: impl Into<Error>) -> PrepareError {
    let failure = error::judge_opening(error);
    let detail = format!("{} ({})", failure.detail, target.address());
    PrepareError::Unreachable {
        database: target.database.name.clone(),
        failure: Failure::text(failure.class, detail),
    }
}
