//! One exchange with SQLite.

use super::read;
use crate::sql::{bounds::Tally, datum::Row, error::Error, request::Call, response::Response};
use futures_util::TryStreamExt;
use loadgen_plan::sql::Statement;
use sqlx::{Either, Executor, SqliteConnection, sqlite::SqliteRow};

/// Does what is asked, to the end of the response.
///
/// # Errors
/// SQLite's error; a response beyond its bounds.
pub async fn exchange(
    connection: &mut SqliteConnection,
    call: Call,
    statement: Option<&Statement>,
    response: &mut Response,
    mut tally: Tally,
) -> Result<(), Error> {
    let mut parts = connection.fetch_many(call);
    while let Some(part) = parts.try_next().await? {
        match part {
            Either::Left(done) => response.changed += done.rows_affected(),
            Either::Right(row) => {
                count(&mut tally, &row)?;
                response.rows += 1;
                if let Some(statement) = statement.filter(|_| response.rows == 1) {
                    let columns = statement.columns();
                    let taken = columns.map(|column| read::column(&row, column));
                    response.taken.extend(taken);
                }
                response.waits();
            }
        }
    }
    Ok(())
}

/// Does what is asked, keeps all its rows, and tells how many were changed.
///
/// # Errors
/// As [`exchange`] has them; a value that cannot be read.
pub async fn all(
    connection: &mut SqliteConnection,
    call: Call,
    rows: &mut Vec<Row>,
    mut tally: Tally,
) -> Result<u64, Error> {
    let mut changed = 0;
    let mut parts = connection.fetch_many(call);
    while let Some(part) = parts.try_next().await? {
        match part {
            Either::Left(done) => changed += done.rows_affected(),
            Either::Right(row) => {
                count(&mut tally, &row)?;
                rows.push(read::row(&row)?);
            }
        }
    }
    Ok(changed)
}

fn count(tally: &mut Tally, row: &SqliteRow) -> Result<(), Error> {
    let bytes = read::row_length(row) as u64;
    let counted = tally.row().and_then(|()| tally.add(bytes));
    counted.map_err(Error::protocol)
}
