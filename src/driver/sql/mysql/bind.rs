//! Parameters of MySQL's prepared statements; their types follow from the values.

use crate::driver::sql::datum::{Data, Datum};
use sqlx::{Arguments, mysql::MySqlArguments};

/// Arguments for the `?`s, which stand for the parameters in `order`.
///
/// # Errors
/// In words, when a value cannot be encoded.
pub fn arguments(order: &[u16], data: &Data<'_>) -> Result<MySqlArguments, String> {
    let mut arguments = MySqlArguments::default();
    arguments.reserve(order.len(), 8 * order.len());
    for number in order {
        data.with(*number, |datum| match datum {
            Datum::Null => arguments.add(None::<i64>),
            Datum::Bool(value) => arguments.add(value),
            Datum::Int(value) => arguments.add(value),
            Datum::Float(value) => arguments.add(value),
            // As text its digits survive until the server converts it to the column's type.
            Datum::Number(text) | Datum::Text(text) => arguments.add(text),
            Datum::Bytes(bytes) => arguments.add(bytes),
        })
        .map_err(|problem| format!("${number}: {problem}"))?;
    }
    Ok(arguments)
}
