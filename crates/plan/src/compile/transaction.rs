//! `transaction`: steps that a database does all or none of.

use super::{
    context::{Context, optional, or_default},
    database::Databases,
    load::NO_PAUSE,
    load::think,
    step::{StepDraft, sql::MOST_TRIES},
};
use crate::{
    Transaction,
    sql::{Action, SqlStep, WrittenStatement},
    written,
};
use loadgen_scenario::{
    Span,
    raw::{self, Field},
};
use std::{collections::BTreeSet, num::NonZeroU32};

/// Compiles a group's transaction; None when there is a problem with it.
pub(super) fn compile(
    context: &Context<'_>,
    databases: &Databases,
    raw: &raw::Transaction,
    span: Span,
) -> Option<Transaction> {
    let database = databases.of(context, &raw.database, span);
    let max_tries = match &raw.max_tries {
        Field::Absent => Some(1),
        field => context.whole(field, 1, MOST_TRIES, "tries in all"),
    };
    Some(Transaction {
        isolation: optional(&raw.isolation)?,
        immediate: or_default(&raw.immediate, false)?,
        max_tries: NonZeroU32::new(u32::try_from(max_tries?).ok()?)?,
        database: database?.0,
    })
}

/// The step that begins it.
pub(super) fn begin(databases: &Databases, name: String, transaction: Transaction) -> StepDraft {
    let words = match transaction.isolation {
        Some(isolation) => format!("BEGIN, {}", isolation.sql().to_lowercase()),
        None => "BEGIN".to_owned(),
    };
    let action = Action::Begin {
        isolation: transaction.isolation,
        immediate: transaction.immediate,
    };
    edge(databases, name, transaction, action, words)
}

/// The step that ends it.
pub(super) fn commit(databases: &Databases, name: String, transaction: Transaction) -> StepDraft {
    let words = "COMMIT".to_owned();
    edge(databases, name, transaction, Action::Commit, words)
}

fn edge(
    databases: &Databases,
    name: String,
    transaction: Transaction,
    action: Action,
    words: String,
) -> StepDraft {
    let database = databases.get(transaction.database);
    StepDraft {
        name,
        think: think(NO_PAUSE),
        kind: SqlStep {
            database: transaction.database,
            action,
            timeout: database
                .map(|database| database.statement_timeout)
                .unwrap_or_default(),
            written: WrittenStatement {
                text: words,
                ..WrittenStatement::default()
            },
        }
        .into(),
        written: written::Step::default(),
        uses: BTreeSet::new(),
    }
}
