//! SQLite's rows and values, each of which has a type of its own.

use crate::sql::datum::{Row, float};
use loadgen_data::Value;
use sqlx::{
    Column, Decode, Row as _, Sqlite, TypeInfo, ValueRef,
    error::BoxDynError,
    sqlite::{SqliteRow, SqliteValueRef},
};

/// The value of a column.
///
/// # Errors
/// In words, when there is no such column, it is NULL, or its type cannot be read.
pub fn column(row: &SqliteRow, name: &str) -> Result<Value, String> {
    let raw = row
        .try_get_raw(name)
        .map_err(|_| format!("there is no column {name}"))?;
    match value(raw) {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(format!("column {name} is NULL")),
        Err(error) => Err(format!("column {name}: {error}")),
    }
}

/// A whole row: each column's name with its value, which is unset for NULL.
///
/// # Errors
/// When a value cannot be read.
pub fn row(row: &SqliteRow) -> Result<Row, sqlx::Error> {
    let columns = row.columns().iter().enumerate();
    columns
        .map(|(index, column)| {
            let value = value(row.try_get_raw(index)?).map_err(sqlx::Error::Decode)?;
            Ok((column.name().to_owned(), value.unwrap_or(Value::Unset)))
        })
        .collect()
}

/// Number of bytes that a row's values take.
pub fn row_length(row: &SqliteRow) -> usize {
    let columns = 0..row.columns().len();
    let values = columns.filter_map(|index| row.try_get_raw(index).ok());
    values.map(length).sum()
}

fn length(raw: SqliteValueRef<'_>) -> usize {
    let has_length = matches!(raw.type_info().name(), "TEXT" | "BLOB");
    match has_length {
        true => <&[u8] as Decode<Sqlite>>::decode(raw).map_or(0, <[u8]>::len),
        false => size_of::<u64>(),
    }
}

/// A value; none is NULL.
fn value(raw: SqliteValueRef<'_>) -> Result<Option<Value>, BoxDynError> {
    if raw.is_null() {
        return Ok(None);
    }
    let info = raw.type_info().into_owned();
    Ok(Some(match info.name() {
        "INTEGER" => Value::Int(<i64 as Decode<Sqlite>>::decode(raw)?),
        "REAL" => float(<f64 as Decode<Sqlite>>::decode(raw)?),
        "BLOB" => Value::Bytes(<&[u8] as Decode<Sqlite>>::decode(raw)?.into()),
        _ => Value::Text(<&str as Decode<Sqlite>>::decode(raw)?.into()),
    }))
}
