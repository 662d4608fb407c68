//! PostgreSQL's values, which come as text, prepared or not: a value has one text, the server's.

use super::kind::PostgresType;
use crate::sql::datum::{decimal, float};
use loadgen_data::{Value, unhex};
use sqlx::error::BoxDynError;

/// A value that is not NULL.
///
/// # Errors
/// When it is none of this kind.
pub fn value(kind: PostgresType, bytes: &[u8]) -> Result<Value, BoxDynError> {
    let text = std::str::from_utf8(bytes)?;
    Ok(match kind {
        PostgresType::Int2 | PostgresType::Int4 | PostgresType::Int8 | PostgresType::Oid => {
            Value::Int(text.parse()?)
        }
        PostgresType::Float | PostgresType::ShortFloat => match text.parse()? {
            number if f64::is_finite(number) => float(number),
            _ => Value::Text(text.into()),
        },
        PostgresType::Numeric => decimal(text),
        PostgresType::Bool => Value::Bool(text == "t"),
        PostgresType::Bytea => match text.strip_prefix("\\x").and_then(unhex) {
            Some(bytes) => Value::Bytes(bytes.into()),
            // As the setting bytea_output = escape shows them.
            None => Value::Text(text.into()),
        },
        PostgresType::Other => Value::Text(text.into()),
    })
}
