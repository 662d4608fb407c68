//! SQLite's values, each of which has a type of its own.

use crate::{data::Value, driver::sql::datum::float};
use sqlx::{Decode, Sqlite, TypeInfo, ValueRef, error::BoxDynError, sqlite::SqliteValueRef};

/// Number of bytes that a value takes.
pub fn length(raw: SqliteValueRef<'_>) -> usize {
    let has_length = matches!(raw.type_info().name(), "TEXT" | "BLOB");
    match has_length {
        true => <&[u8] as Decode<Sqlite>>::decode(raw).map_or(0, <[u8]>::len),
        false => size_of::<u64>(),
    }
}

/// A value; none is NULL.
///
/// # Errors
/// When it is a text that is none.
pub fn value(raw: SqliteValueRef<'_>) -> Result<Option<Value>, BoxDynError> {
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
