//! PostgreSQL's values: binary after a prepared statement, text in the simple protocol.

use super::{decimal, float, hexadecimal};
use crate::{data::Value, driver::sql::bind::numeric};
use jiff::{
    SignedDuration,
    civil::{Date, date},
};
use sqlx::{
    TypeInfo, ValueRef,
    error::BoxDynError,
    postgres::{PgTypeInfo, PgTypeKind, PgValueFormat, PgValueRef},
};

pub fn is_readable(info: &PgTypeInfo) -> bool {
    match kind(info) {
        Some(PgTypeKind::Domain(base)) => is_readable(base),
        Some(PgTypeKind::Enum(_)) => true,
        _ => matches!(
            info.name(),
            "BOOL"
                | "INT2"
                | "INT4"
                | "INT8"
                | "OID"
                | "FLOAT4"
                | "FLOAT8"
                | "NUMERIC"
                | "TEXT"
                | "VARCHAR"
                | "CHAR"
                | "NAME"
                | "UNKNOWN"
                | "JSON"
                | "JSONB"
                | "citext"
                | "xml"
                | "BYTEA"
                | "UUID"
                | "DATE"
                | "TIMESTAMP"
                | "TIMESTAMPTZ"
                | "VOID"
        ),
    }
}

pub fn value(raw: &PgValueRef<'_>) -> Result<Value, BoxDynError> {
    let info = raw.type_info();
    let name = base(&info).name();
    match raw.format() {
        PgValueFormat::Text => {
            let text = raw.as_str()?;
            Ok(match name {
                "INT2" | "INT4" | "INT8" | "OID" => Value::Int(text.parse()?),
                "FLOAT4" | "FLOAT8" => float(text.parse()?),
                "NUMERIC" => decimal(text),
                "BOOL" => boolean(text == "t"),
                _ => Value::Text(text.into()),
            })
        }
        PgValueFormat::Binary => binary(name, base(&info), raw.as_bytes()?),
    }
}

/// What sort of type it is, when that is known: in the simple protocol, the server's own types are
/// not looked up.
pub fn kind(info: &PgTypeInfo) -> Option<&PgTypeKind> {
    // A name for types that are only known by number; asked for their kind, they panic.
    (info.name() != "?").then(|| info.kind())
}

fn base(info: &PgTypeInfo) -> &PgTypeInfo {
    match kind(info) {
        Some(PgTypeKind::Domain(inner)) => base(inner),
        _ => info,
    }
}

fn binary(name: &str, info: &PgTypeInfo, bytes: &[u8]) -> Result<Value, BoxDynError> {
    Ok(match name {
        "BOOL" => boolean(bytes == [1]),
        "INT2" => Value::Int(i16::from_be_bytes(bytes.try_into()?).into()),
        "INT4" => Value::Int(i32::from_be_bytes(bytes.try_into()?).into()),
        "INT8" => Value::Int(i64::from_be_bytes(bytes.try_into()?)),
        "OID" => Value::Int(u32::from_be_bytes(bytes.try_into()?).into()),
        "FLOAT4" => short_float(f32::from_be_bytes(bytes.try_into()?)),
        "FLOAT8" => float(f64::from_be_bytes(bytes.try_into()?)),
        "NUMERIC" => match numeric::decode(bytes) {
            Some(text) => decimal(&text),
            None => return Err("it is no number".into()),
        },
        // Behind the version of the binary form.
        "JSONB" => text(bytes.get(1..).unwrap_or_default())?,
        "BYTEA" => hexadecimal(bytes),
        "UUID" => Value::Text(uuid::Uuid::from_slice(bytes)?.to_string().into()),
        "DATE" => {
            let days = i64::from(i32::from_be_bytes(bytes.try_into()?));
            let date = EPOCH.checked_add(SignedDuration::from_hours(24 * days))?;
            Value::Text(date.to_string().into())
        }
        "TIMESTAMP" => moment(bytes, "")?,
        "TIMESTAMPTZ" => moment(bytes, "Z")?,
        "VOID" => text(b"")?,
        _ if is_readable(info) => text(bytes)?,
        _ => return Err("values of it cannot be taken; cast it to text in the statement".into()),
    })
}

/// PostgreSQL counts from here.
const EPOCH: Date = date(2000, 1, 1);

fn moment(bytes: &[u8], zone: &str) -> Result<Value, BoxDynError> {
    let micros = SignedDuration::from_micros(i64::from_be_bytes(bytes.try_into()?));
    let time = EPOCH.at(0, 0, 0, 0).checked_add(micros)?;
    Ok(Value::Text(format!("{time}{zone}").into()))
}

fn text(bytes: &[u8]) -> Result<Value, BoxDynError> {
    Ok(Value::Text(std::str::from_utf8(bytes)?.into()))
}

fn boolean(value: bool) -> Value {
    Value::Text(if value { "true" } else { "false" }.into())
}

/// The number that was meant by the shortest decimal, as PostgreSQL shows it.
fn short_float(value: f32) -> Value {
    match value.to_string().parse() {
        Ok(value) => float(value),
        Err(_) => float(value.into()),
    }
}
