//! Statements beside the load.

use super::{
    call::Calls,
    step::{misplaced, sql},
    template::VariableNames,
};
use crate::{
    Target,
    query::{DatabaseSource, Query},
    sql::{Backend, Param},
    written::cut,
};
use loadgen_scenario::{
    Problem,
    raw::{self, Field, Spanned},
};
use std::time::Duration;

/// Bound on a statement for a database that has none of its own.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Name of the bundled service's database.
const OWN: &str = "target";

/// The statement of `step`, for the target of the population of this name. None when there is a
/// problem, which is told.
pub(super) fn compile(
    calls: &Calls<'_>,
    population: &Field<loadgen_scenario::Text>,
    step: &raw::Step,
) -> Option<Query> {
    let context = calls.context;
    let source = source(calls, population, step);
    let backend = source.map_or(Backend::Postgres, |(_, backend, _)| backend);
    let statement = sql::statement(context, &VariableNames::background(), step, backend);
    let timeout = match &step.timeout {
        Field::Absent => source.map(|(.., timeout)| timeout),
        field => context.some_time(field, "a timeout"),
    };
    misplaced(context, step);
    let (text, params) = statement?;
    let params = params.into_iter().map(|param| match param {
        Param::Literal(value) => Some(value),
        // There are no variables.
        Param::Variable(_) | Param::Text(_) => None,
    });
    let (database, ..) = source?;
    Some(Query {
        database,
        written: cut(step.request.value()?.1.written()),
        sql: text.source().clone(),
        params: params.collect::<Option<_>>()?,
        timeout: timeout?,
    })
}

/// The database that a statement is for: what speaks there, and its bound on statements.
pub(super) fn source(
    calls: &Calls<'_>,
    population: &Field<loadgen_scenario::Text>,
    step: &raw::Step,
) -> Option<(DatabaseSource, Backend, Duration)> {
    let databases = calls.databases;
    let own = match &step.database {
        Field::Given(name) => name.value.value() == OWN && !databases.has(OWN),
        Field::Absent => databases.is_empty() && has_app(calls, population),
        Field::Bad(_) => false,
    };
    if !own {
        let (index, database) = databases.of(calls.context, &step.database, step.span)?;
        let limit = database.statement_timeout;
        return Some((DatabaseSource::Database(index), database.backend, limit));
    }
    let population = calls.population(population)?;
    let Target::App(app) = &calls.populations?.get(population)?.target.target else {
        if let Field::Given(Spanned { span, .. }) = &step.database {
            let message = "only a bundled service has a database that loadgen knows";
            let help = r#"write [database.main] with url = "postgres://...""#;
            calls.context.tell(Problem::new(*span, message).help(help));
        }
        return None;
    };
    let url = app.settings.database.as_ref();
    let backend = url.map_or(Some(Backend::Sqlite), |url| Backend::of(url.expose()));
    Some((DatabaseSource::Target(population), backend?, TIMEOUT))
}

/// Returns true if a bundled service is driven.
fn has_app(calls: &Calls<'_>, population: &Field<loadgen_scenario::Text>) -> bool {
    let target = calls.population(population).and_then(|index| {
        let population = calls.populations?.get(index)?;
        Some(&population.target.target)
    });
    matches!(target, Some(Target::App(_)))
}
