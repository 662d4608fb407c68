//! Rows of an answer, read as plain types.

use rust_decimal::Decimal;
use sqlx::mysql::MySqlRow;
use sqlx::postgres::PgRow;
use sqlx::sqlite::SqliteRow;
use sqlx::{Error, Row as _};
use time::PrimitiveDateTime;

use super::Timestamp;
use crate::money::Cents;

/// A row of an answer.
#[derive(Debug)]
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
    MySql(MySqlRow),
}

/// Types that a column can be read as.
pub(crate) trait Column: Sized {
    fn read(row: &Row, index: usize) -> Result<Self, Error>;
}

impl Row {
    /// The column at `index`, counted from 0.
    pub(crate) fn get<T: Column>(&self, index: usize) -> Result<T, Error> {
        T::read(self, index)
    }
}

macro_rules! same_everywhere {
    ($($type:ty),*) => {$(
        impl Column for $type {
            fn read(row: &Row, index: usize) -> Result<Self, Error> {
                match row {
                    Row::Sqlite(row) => row.try_get(index),
                    Row::Postgres(row) => row.try_get(index),
                    Row::MySql(row) => row.try_get(index),
                }
            }
        }
    )*};
}

same_everywhere!(i64, Option<i64>, Option<f64>, String);

impl Column for Cents {
    fn read(row: &Row, index: usize) -> Result<Self, Error> {
        let money: Option<Cents> = row.get(index)?;
        money.ok_or_else(|| Error::Decode("an amount of money is NULL".into()))
    }
}

impl Column for Option<Cents> {
    fn read(row: &Row, index: usize) -> Result<Self, Error> {
        let decimal: Option<Decimal> = match row {
            Row::Sqlite(row) => {
                let stored: Option<i64> = row.try_get(index)?;
                stored.map(|cents| Decimal::new(cents, 2))
            }
            Row::Postgres(row) => row.try_get(index)?,
            Row::MySql(row) => row.try_get(index)?,
        };
        let Some(decimal) = decimal else {
            return Ok(None);
        };
        let cents = (decimal * Decimal::ONE_HUNDRED).normalize();
        let cents = (cents.scale() == 0)
            .then(|| i64::try_from(cents.mantissa()).ok())
            .flatten()
            .and_then(Cents::new);
        match cents {
            Some(cents) => Ok(Some(cents)),
            None => Err(Error::Decode(format!("{decimal} is out of range").into())),
        }
    }
}

impl Column for Timestamp {
    fn read(row: &Row, index: usize) -> Result<Self, Error> {
        Ok(Self(match row {
            Row::Sqlite(row) => row.try_get(index)?,
            Row::Postgres(row) => row.try_get(index)?,
            Row::MySql(row) => row.try_get::<PrimitiveDateTime, _>(index)?.assume_utc(),
        }))
    }
}

impl From<SqliteRow> for Row {
    fn from(row: SqliteRow) -> Self {
        Row::Sqlite(row)
    }
}

impl From<PgRow> for Row {
    fn from(row: PgRow) -> Self {
        Row::Postgres(row)
    }
}

impl From<MySqlRow> for Row {
    fn from(row: MySqlRow) -> Self {
        Row::MySql(row)
    }
}
