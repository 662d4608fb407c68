//! PostgreSQL's values: binary after a prepared statement, text in the simple protocol.

use super::{decimal, float, hexadecimal};
use crate::{
    data::Value,
    driver::sql::{bind::numeric, kind::Kind},
};
use jiff::{
    SignedDuration,
    civil::{Date, date},
};
use sqlx::error::BoxDynError;

/// A value in text, as the simple protocol has it.
///
/// # Errors
/// When it is none of this kind.
pub fn text(kind: Kind, bytes: &[u8]) -> Result<Value, BoxDynError> {
    let text = std::str::from_utf8(bytes)?;
    Ok(match kind {
        Kind::Int8 => Value::Int(text.parse()?),
        Kind::Float8 => float(text.parse()?),
        Kind::Numeric => decimal(text),
        Kind::Bool => Value::Bool(text == "t"),
        _ => Value::Text(text.into()),
    })
}

/// A value in binary, as it comes after a prepared statement.
///
/// # Errors
/// When it is none of this kind.
pub fn binary(kind: Kind, bytes: &[u8]) -> Result<Value, BoxDynError> {
    Ok(match kind {
        Kind::Bool => Value::Bool(bytes == [1]),
        Kind::Int2 => Value::Int(i16::from_be_bytes(bytes.try_into()?).into()),
        Kind::Int4 => Value::Int(i32::from_be_bytes(bytes.try_into()?).into()),
        Kind::Int8 => Value::Int(i64::from_be_bytes(bytes.try_into()?)),
        Kind::Oid => Value::Int(u32::from_be_bytes(bytes.try_into()?).into()),
        Kind::Float4 => short_float(f32::from_be_bytes(bytes.try_into()?)),
        Kind::Float8 => float(f64::from_be_bytes(bytes.try_into()?)),
        Kind::Numeric => match numeric::decode(bytes) {
            Some(text) => decimal(&text),
            None => return Err("it is no number".into()),
        },
        // Behind the version of the binary form.
        Kind::Jsonb => words(bytes.get(1..).unwrap_or_default())?,
        Kind::Bytea => hexadecimal(bytes),
        Kind::Uuid => Value::Text(uuid::Uuid::from_slice(bytes)?.to_string().into()),
        Kind::Date => {
            let days = i64::from(i32::from_be_bytes(bytes.try_into()?));
            let date = EPOCH.checked_add(SignedDuration::from_hours(24 * days))?;
            Value::Text(date.to_string().into())
        }
        Kind::Timestamp => moment(bytes, "")?,
        Kind::Timestamptz => moment(bytes, "Z")?,
        Kind::Text | Kind::Void => words(bytes)?,
    })
}

/// PostgreSQL counts from here.
const EPOCH: Date = date(2000, 1, 1);

fn moment(bytes: &[u8], zone: &str) -> Result<Value, BoxDynError> {
    let micros = SignedDuration::from_micros(i64::from_be_bytes(bytes.try_into()?));
    let time = EPOCH.at(0, 0, 0, 0).checked_add(micros)?;
    Ok(Value::Text(format!("{time}{zone}").into()))
}

fn words(bytes: &[u8]) -> Result<Value, BoxDynError> {
    Ok(Value::Text(std::str::from_utf8(bytes)?.into()))
}

/// The number that was meant by the shortest decimal, as PostgreSQL shows it.
fn short_float(value: f32) -> Value {
    match value.to_string().parse() {
        Ok(value) => float(value),
        Err(_) => float(value.into()),
    }
}
