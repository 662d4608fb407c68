//! Parameters of SQLite's statements; their types follow from the values.

use crate::sql::datum::{Data, Datum};
use sqlx::{Arguments, sqlite::SqliteArguments};

/// Arguments by number.
///
/// # Errors
/// In words, when a value cannot be encoded.
pub fn arguments(data: &Data<'_>) -> Result<SqliteArguments, String> {
    let mut arguments = SqliteArguments::default();
    for number in (1..).take(data.len()) {
        data.with(number, |datum| match datum {
            Datum::Null => arguments.add(None::<i64>),
            Datum::Bool(value) => arguments.add(value),
            Datum::Int(value) => arguments.add(value),
            Datum::Float(value) => arguments.add(value),
            // The only type that SQLite has for it.
            Datum::Number(text) => match text.parse::<f64>() {
                Ok(value) => arguments.add(value),
                Err(_) => arguments.add(text),
            },
            Datum::Text(text) => arguments.add(text),
            Datum::Bytes(bytes) => arguments.add(bytes),
        })
        .map_err(|problem| format!("${number}: {problem}"))?;
    }
    Ok(arguments)
}
