//! Before the run: each statement is prepared once, so that a mistake in it is found before the
//! load, and what the servers tell of the parameters is kept for binding them.

use super::{
    inspect::{Inspector, PrepareFailure},
    pool::Shared,
    problem::{Candidate, PrepareError, Problem, Subject, unreachable},
    setup::Setup,
    target::Target,
};
use loadgen_plan::{
    Plan, RunData,
    sql::{Action, Database},
};

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
