//! SQLite: one transaction, many rows per prepared statement.

use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Connection, Error, SqliteConnection};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::rows::{Body, Table, spawn};
use super::{Job, Progress};
use crate::database::{Dialect, Value, insert_of_rows, open_sqlite};

/// Few enough that each statement stays far below SQLite's 32,766 parameters.
const ROWS_PER_STATEMENT: usize = 250;

pub(super) fn encode(
    groups: &mut Vec<(usize, SqliteArguments)>,
    values: &[Value<'_>],
) -> Result<(), Error> {
    let group = match groups.last_mut() {
        Some(group) if group.0 < ROWS_PER_STATEMENT => group,
        _ => groups.push_mut((0, SqliteArguments::default())),
    };
    group.0 += 1;
    for &value in values {
        match value {
            Value::Int(value) => group.1.add(value),
            Value::Real(value) => group.1.add(value),
            Value::Text(value) => group.1.add(value),
            Value::Money(value) => group.1.add(value.get()),
            Value::Time(value) => group.1.add(value.to_string()),
        }
        .map_err(Error::Encode)?;
    }
    Ok(())
}

/// Fills the tables when they are empty, and tells whether they were.
pub(super) async fn fill(file: &Path, job: &Job, progress: &mut Progress) -> Result<bool, Error> {
    let mut connection = open_sqlite(file).await?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let empty = sqlx::query_scalar::<_, i64>(job.probe())
        .fetch_one(&mut *transaction)
        .await?
        == 0;
    if empty {
        let migrations = job.service.migrations();
        migrations.strip_sqlite(&mut transaction).await?;
        insert(&mut transaction, job, progress).await?;
        progress.indexes();
        migrations.make_sqlite(&mut transaction).await?;
        transaction.commit().await?;
        // Moves the write-ahead log, as large as the data, into the file.
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&mut connection)
            .await?;
    } else {
        transaction.rollback().await?;
    }
    connection.close().await?;
    Ok(empty)
}

async fn insert(
    connection: &mut SqliteConnection,
    job: &Job,
    progress: &mut Progress,
) -> Result<(), Error> {
    let mut full: HashMap<&str, Arc<str>> = HashMap::new();
    let mut chunks = spawn(Dialect::Sqlite, job.generator());
    while let Some(chunk) = chunks.recv().await {
        let chunk = chunk?;
        let Body::Parameters(groups) = chunk.body else {
            continue;
        };
        for (rows, arguments) in groups {
            let all = rows == ROWS_PER_STATEMENT;
            let sql = if all {
                let made = full
                    .entry(chunk.table.name)
                    .or_insert_with(|| statement(chunk.table, rows).into());
                Arc::clone(made)
            } else {
                statement(chunk.table, rows).into()
            };
            sqlx::query_with(AssertSqlSafe(sql), arguments)
                .persistent(all)
                .execute(&mut *connection)
                .await?;
        }
        progress.rows(chunk.table, chunk.rows);
    }
    Ok(())
}

fn statement(table: &Table, rows: usize) -> String {
    let insert = format!("INSERT INTO {} ({})", table.name, table.column_list());
    let values = vec!["?"; table.columns.len()].join(", ");
    insert_of_rows(&insert, &format!("({values})"), rows)
}
