//! Values on their way out of a row.

mod mysql;
pub mod postgres;
mod sqlite;

use super::{bind::Datum, console::Row};
use crate::data::Value;
use sqlx::{Column, MySql, Row as _, Sqlite, TypeInfo, ValueRef};

/// What differs between the rows and results of the servers that sqlx drives.
pub trait Read: sqlx::Database {
    /// How many rows a statement changed.
    fn changed(done: &Self::QueryResult) -> u64;

    /// A value that is not NULL.
    fn value(raw: Self::ValueRef<'_>) -> Result<Value, sqlx::error::BoxDynError>;
}

impl Read for MySql {
    fn changed(done: &Self::QueryResult) -> u64 {
        done.rows_affected()
    }

    fn value(raw: Self::ValueRef<'_>) -> Result<Value, sqlx::error::BoxDynError> {
        mysql::value(raw)
    }
}

impl Read for Sqlite {
    fn changed(done: &Self::QueryResult) -> u64 {
        done.rows_affected()
    }

    fn value(raw: Self::ValueRef<'_>) -> Result<Value, sqlx::error::BoxDynError> {
        sqlite::value(raw)
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
    if raw.is_null() {
        return Err(format!("column {name} is NULL"));
    }
    let kind = raw.type_info().name().to_owned();
    DB::value(raw).map_err(|error| format!("column {name} of type {kind}: {error}"))
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
        .map(|(place, column)| {
            let raw = row.try_get_raw(place)?;
            let value = match raw.is_null() {
                true => Value::Unset,
                false => DB::value(raw).map_err(sqlx::Error::Decode)?,
            };
            Ok((column.name().to_owned(), value))
        })
        .collect()
}

/// Whether a value is the one that was expected: the same text, or the same number.
pub fn same(seen: &Value, wanted: Datum<'_>) -> bool {
    match (Datum::from(seen), wanted) {
        (Datum::Int(a), Datum::Int(b)) => a == b,
        (Datum::Text(a), Datum::Text(b)) if a == b => true,
        (Datum::Bool(a), Datum::Text(b)) | (Datum::Text(b), Datum::Bool(a)) => {
            b == if a { "true" } else { "false" }
        }
        (a, b) => matches!((number(a), number(b)), (Some(a), Some(b)) if a == b),
    }
}

fn number(datum: Datum<'_>) -> Option<f64> {
    match datum {
        Datum::Null => None,
        // What has no type for them stores 0 and 1.
        Datum::Bool(value) => Some(f64::from(u8::from(value))),
        Datum::Int(value) => Some(value as f64),
        Datum::Float(value) => Some(value),
        Datum::Number(text) | Datum::Text(text) => text.parse().ok(),
    }
}

/// A decimal number as it is; what is none, such as NaN, as text.
fn decimal(text: &str) -> Value {
    Value::of_decimal(text).unwrap_or_else(|| Value::Text(text.into()))
}

/// A float as a number, or what is none as text.
fn float(value: f64) -> Value {
    if value.is_finite() {
        Value::Float(value)
    } else {
        Value::Text(value.to_string().into())
    }
}

/// Bytes as PostgreSQL shows them.
fn hexadecimal(bytes: &[u8]) -> Value {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    Value::Text(format!("\\x{digits}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_however_they_are_spelt() {
        for (seen, wanted, expected) in [
            (Value::Int(5), Datum::Int(5), true),
            (Value::Int(5), Datum::Text("5"), true),
            (Value::Text("5.00".into()), Datum::Int(5), true),
            (Value::Float(0.5), Datum::Text("0.50"), true),
            (Value::Text("a".into()), Datum::Text("a"), true),
            (Value::Text("a".into()), Datum::Text("A"), false),
            (Value::Int(5), Datum::Text("five"), false),
            (Value::Int(i64::MAX), Datum::Int(i64::MAX - 1), false),
            (Value::Int(0), Datum::Null, false),
            (Value::Number("0.50".into()), Datum::Float(0.5), true),
            (Value::Bool(true), Datum::Bool(true), true),
            (Value::Bool(true), Datum::Text("true"), true),
            (Value::Bool(true), Datum::Bool(false), false),
            (Value::Int(1), Datum::Bool(true), true),
            (Value::Text("0".into()), Datum::Bool(false), false),
        ] {
            assert_eq!(same(&seen, wanted), expected, "{seen:?} {wanted:?}");
        }
    }

    #[test]
    fn decimals_keep_their_digits() {
        assert_eq!(decimal("12"), Value::Int(12));
        for text in ["-0.50", "12345678901234567.89"] {
            assert_eq!(decimal(text), Value::Number(text.into()));
        }
        assert_eq!(decimal("NaN"), Value::Text("NaN".into()));
    }
}
