//! Rows of the servers that sqlx drives.

use super::{datum::Row, mysql, sqlite};
use crate::data::Value;
use sqlx::{Column, MySql, Row as _, Sqlite, TypeInfo, ValueRef, error::BoxDynError};

/// Reading of sqlx's rows and results, which differ between the servers.
pub trait Read: sqlx::Database {
    /// Number of rows that a statement changed.
    fn changed(done: &Self::QueryResult) -> u64;

    /// Number of bytes that a value takes.
    fn length(raw: Self::ValueRef<'_>) -> usize;

    /// Reads a value; None is NULL.
    fn value(raw: Self::ValueRef<'_>) -> Result<Option<Value>, BoxDynError>;
}

impl Read for MySql {
    fn changed(done: &Self::QueryResult) -> u64 {
        done.rows_affected()
    }

    fn length(raw: Self::ValueRef<'_>) -> usize {
        mysql::read::length(raw)
    }

    fn value(raw: Self::ValueRef<'_>) -> Result<Option<Value>, BoxDynError> {
        mysql::read::value(raw)
    }
}

impl Read for Sqlite {
    fn changed(done: &Self::QueryResult) -> u64 {
        done.rows_affected()
    }

    fn length(raw: Self::ValueRef<'_>) -> usize {
        sqlite::read::length(raw)
    }

    fn value(raw: Self::ValueRef<'_>) -> Result<Option<Value>, BoxDynError> {
        sqlite::read::value(raw)
    }
}

/// The value of a column.
///
/// # Errors
/// In words, when there is no such column, it is NULL, or its type cannot be read.
pub fn column<'r, DB: Read>(row: &'r DB::Row, name: &str) -> Result<Value, String>
where
    for<'c> &'c str: sqlx::ColumnIndex<DB::Row>,
{
    let raw = row
        .try_get_raw(name)
        .map_err(|_| format!("there is no column {name}"))?;
    let kind = raw.type_info().name().to_owned();
    match DB::value(raw) {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(format!("column {name} is NULL")),
        Err(error) => Err(format!("column {name} of type {kind}: {error}")),
    }
}

/// Number of bytes that a row's values take.
pub fn length<DB: Read>(row: &DB::Row) -> usize
where
    usize: sqlx::ColumnIndex<DB::Row>,
{
    let columns = 0..row.columns().len();
    let values = columns.filter_map(|index| row.try_get_raw(index).ok());
    values.map(DB::length).sum()
}

/// A whole row: each column's name with its value, which is unset for NULL.
///
/// # Errors
/// When a value cannot be read.
pub fn row<DB: Read>(row: &DB::Row) -> Result<Row, sqlx::Error>
where
    usize: sqlx::ColumnIndex<DB::Row>,
{
    let columns = row.columns().iter().enumerate();
    columns
        .map(|(index, column)| {
            let value = DB::value(row.try_get_raw(index)?).map_err(sqlx::Error::Decode)?;
            Ok((column.name().to_owned(), value.unwrap_or(Value::Unset)))
        })
        .collect()
}
