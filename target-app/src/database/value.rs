//! Parameters and columns, with one meaning in every database.
//!
//! | here | SQLite | PostgreSQL | MySQL |
//! |---|---|---|---|
//! | `i64` | INTEGER | BIGINT | BIGINT |
//! | `f64` | REAL | DOUBLE PRECISION | DOUBLE |
//! | text | TEXT | TEXT | VARCHAR, TEXT |
//! | `Cents` | INTEGER, in cents | NUMERIC(10,2) | DECIMAL(10,2) |
//! | `Timestamp` | TEXT, RFC 3339 | TIMESTAMPTZ | DATETIME, in UTC |

use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::mysql::MySqlArguments;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, Error};
use std::fmt;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::money::Cents;

/// A moment in UTC, to the second; shown as RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Timestamp(pub(super) OffsetDateTime);

impl Timestamp {
    /// So many seconds after 1970, of which years 0 to 9999 are kept apart.
    pub(crate) fn from_unix(seconds: i64) -> Self {
        Self(OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH))
    }

    /// This moment.
    pub(crate) fn now() -> Self {
        Self(OffsetDateTime::now_utc())
    }

    /// Seconds after 1970.
    pub(crate) fn unix(self) -> i64 {
        self.0.unix_timestamp()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (date, time) = (self.0.date(), self.0.time());
        write!(
            formatter,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            date.year(),
            u8::from(date.month()),
            date.day(),
            time.hour(),
            time.minute(),
            time.second()
        )
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A parameter of a statement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    Int(i64),
    Real(f64),
    Text(&'a str),
    Money(Cents),
    Time(Timestamp),
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Value::Int(value)
    }
}

impl From<Cents> for Value<'_> {
    fn from(value: Cents) -> Self {
        Value::Money(value)
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Value::Text(value)
    }
}

fn decimal(cents: Cents) -> Decimal {
    Decimal::new(cents.get(), 2)
}

pub(crate) fn sqlite_arguments(values: &[Value<'_>]) -> Result<SqliteArguments, Error> {
    let mut arguments = SqliteArguments::default();
    for &value in values {
        match value {
            Value::Int(value) => arguments.add(value),
            Value::Real(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Money(value) => arguments.add(value.get()),
            Value::Time(value) => arguments.add(value.to_string()),
        }
        .map_err(Error::Encode)?;
    }
    Ok(arguments)
}

pub(super) fn postgres_arguments(values: &[Value<'_>]) -> Result<PgArguments, Error> {
    let mut arguments = PgArguments::default();
    for &value in values {
        match value {
            Value::Int(value) => Arguments::add(&mut arguments, value),
            Value::Real(value) => Arguments::add(&mut arguments, value),
            Value::Text(value) => Arguments::add(&mut arguments, value),
            Value::Money(value) => Arguments::add(&mut arguments, decimal(value)),
            Value::Time(value) => Arguments::add(&mut arguments, value.0),
        }
        .map_err(Error::Encode)?;
    }
    Ok(arguments)
}

pub(super) fn mysql_arguments(values: &[Value<'_>]) -> Result<MySqlArguments, Error> {
    let mut arguments = MySqlArguments::default();
    for &value in values {
        match value {
            Value::Int(value) => Arguments::add(&mut arguments, value),
            Value::Real(value) => Arguments::add(&mut arguments, value),
            Value::Text(value) => Arguments::add(&mut arguments, value),
            Value::Money(value) => Arguments::add(&mut arguments, decimal(value)),
            Value::Time(value) => Arguments::add(
                &mut arguments,
                PrimitiveDateTime::new(value.0.date(), value.0.time()),
            ),
        }
        .map_err(Error::Encode)?;
    }
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_shown_to_the_second() {
        let time = Timestamp::from_unix(1_771_858_459);
        assert_eq!(time.to_string(), "2026-02-23T14:54:19Z");
        assert_eq!(time.unix(), 1_771_858_459);
        assert_eq!(Timestamp::from_unix(-1).to_string(), "1969-12-31T23:59:59Z");
    }
}
