//! SQLite's values, each of which has a type of its own.

use super::{float, hexadecimal};
use crate::data::Value;
use sqlx::{Decode, Sqlite, TypeInfo, ValueRef, error::BoxDynError, sqlite::SqliteValueRef};

pub fn value(raw: SqliteValueRef<'_>) -> Result<Value, BoxDynError> {
    let info = raw.type_info().into_owned();
    Ok(match info.name() {
        "INTEGER" => Value::Int(<i64 as Decode<Sqlite>>::decode(raw)?),
        "REAL" => float(<f64 as Decode<Sqlite>>::decode(raw)?),
        "BLOB" => hexadecimal(<&[u8] as Decode<Sqlite>>::decode(raw)?),
        _ => Value::Text(<&str as Decode<Sqlite>>::decode(raw)?.into()),
    })
}
