//! Parameters of PostgreSQL's prepared statements, which travel in binary: each value is written
//! as the type that the server found for its parameter.

use super::{Data, Datum, numeric};
use crate::driver::sql::read;
use jiff::{
    Timestamp,
    civil::{Date, DateTime, date},
};
use sqlx::{
    Arguments, Encode, Postgres, Type, TypeInfo,
    encode::IsNull,
    error::BoxDynError,
    postgres::{PgArgumentBuffer, PgArguments, PgTypeInfo, PgTypeKind},
};
use std::io::Write;

/// How a parameter is sent.
#[derive(Debug, Clone)]
pub struct Bind {
    kind: Kind,
    /// The type it is sent as.
    declared: PgTypeInfo,
}

/// Types by how they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Numeric,
    Text,
    Jsonb,
    Bytea,
    Uuid,
    Date,
    Timestamp,
    Timestamptz,
}

impl Kind {
    fn of(info: &PgTypeInfo) -> Option<Self> {
        match read::postgres::kind(info) {
            Some(PgTypeKind::Domain(base)) => return Self::of(base),
            Some(PgTypeKind::Enum(_)) => return Some(Kind::Text),
            _ => {}
        }
        Some(match info.name() {
            "BOOL" => Kind::Bool,
            "INT2" => Kind::Int2,
            "INT4" => Kind::Int4,
            "INT8" => Kind::Int8,
            "OID" => Kind::Oid,
            "FLOAT4" => Kind::Float4,
            "FLOAT8" => Kind::Float8,
            "NUMERIC" => Kind::Numeric,
            "TEXT" | "VARCHAR" | "CHAR" | "NAME" | "UNKNOWN" | "JSON" | "citext" | "xml" => {
                Kind::Text
            }
            "JSONB" => Kind::Jsonb,
            "BYTEA" => Kind::Bytea,
            "UUID" => Kind::Uuid,
            "DATE" => Kind::Date,
            "TIMESTAMP" => Kind::Timestamp,
            "TIMESTAMPTZ" => Kind::Timestamptz,
            _ => return None,
        })
    }
}

impl Bind {
    /// For a parameter of this type; None when values cannot be written as it here, so that they
    /// must go as text and be cast by the server.
    pub fn of(info: &PgTypeInfo) -> Option<Self> {
        Some(Self {
            kind: Kind::of(info)?,
            declared: info.clone(),
        })
    }

    /// As text.
    pub fn text() -> Self {
        Self {
            kind: Kind::Text,
            declared: <str as Type<Postgres>>::type_info(),
        }
    }

    /// Whether a value can be sent.
    ///
    /// # Errors
    /// In words, when not.
    pub fn check(&self, datum: Datum<'_>) -> Result<(), String> {
        write(self.kind, datum, &mut Vec::new())
    }
}

/// Arguments in the order of `binds`.
///
/// # Errors
/// In words, when a value is none of its parameter's type.
pub fn arguments(binds: &[Bind], data: &Data<'_>) -> Result<PgArguments, String> {
    let mut arguments = PgArguments::default();
    arguments.reserve(binds.len(), 12 * binds.len());
    for (number, bind) in (1..).zip(binds) {
        data.with(number, |datum| arguments.add(Argument { bind, datum }))
            .map_err(|problem| format!("${number}: {problem}"))?;
    }
    Ok(arguments)
}

struct Argument<'a> {
    bind: &'a Bind,
    datum: Datum<'a>,
}

impl Type<Postgres> for Argument<'_> {
    /// Never asked for, because [`Encode::produces`] says better.
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Argument<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        if self.datum == Datum::Null {
            return Ok(IsNull::Yes);
        }
        write(self.bind.kind, self.datum, buffer)?;
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        Some(self.bind.declared.clone())
    }
}

fn write(kind: Kind, datum: Datum<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    match kind {
        Kind::Bool => bool(datum).map(|value| out.push(u8::from(value))),
        Kind::Int2 => whole::<i16>(datum).map(|value| out.extend(value.to_be_bytes())),
        Kind::Int4 => whole::<i32>(datum).map(|value| out.extend(value.to_be_bytes())),
        Kind::Int8 => whole::<i64>(datum).map(|value| out.extend(value.to_be_bytes())),
        Kind::Oid => whole::<u32>(datum).map(|value| out.extend(value.to_be_bytes())),
        Kind::Float4 => float(datum).map(|value| out.extend((value as f32).to_be_bytes())),
        Kind::Float8 => float(datum).map(|value| out.extend(value.to_be_bytes())),
        Kind::Numeric => as_text(datum, |text| numeric::encode(text, out)),
        Kind::Text => as_text(datum, |text| {
            out.extend_from_slice(text.as_bytes());
            Some(())
        }),
        Kind::Jsonb => as_text(datum, |text| {
            // The version of the binary form, then plain JSON.
            out.push(1);
            out.extend_from_slice(text.as_bytes());
            Some(())
        }),
        Kind::Bytea => as_text(datum, |text| bytes(text, out)),
        Kind::Uuid => text(datum)
            .and_then(|text| uuid::Uuid::parse_str(text).ok())
            .map(|uuid| out.extend_from_slice(uuid.as_bytes())),
        Kind::Date => text(datum)
            .and_then(days)
            .map(|days| out.extend(days.to_be_bytes())),
        Kind::Timestamp => text(datum)
            .and_then(|text| micros(text, false))
            .map(|micros| out.extend(micros.to_be_bytes())),
        Kind::Timestamptz => text(datum)
            .and_then(|text| micros(text, true))
            .map(|micros| out.extend(micros.to_be_bytes())),
    }
    .ok_or_else(|| refusal(kind, datum))
}

#[cold]
fn refusal(kind: Kind, datum: Datum<'_>) -> String {
    let what = match kind {
        Kind::Bool => "a bool (true or false)",
        Kind::Int2 => "an int2 (-32768 to 32767)",
        Kind::Int4 => "an int4 (-2147483648 to 2147483647)",
        Kind::Int8 => "an int8",
        Kind::Oid => "an oid",
        Kind::Float4 => "a float4",
        Kind::Float8 => "a float8",
        Kind::Numeric => "a numeric",
        Kind::Text => "text",
        Kind::Jsonb => "jsonb",
        Kind::Bytea => "a bytea (text, or hexadecimal digits after \\x)",
        Kind::Uuid => "a uuid",
        Kind::Date => "a date (2026-11-30)",
        Kind::Timestamp => "a timestamp (2026-11-30 23:59:59)",
        Kind::Timestamptz => "a timestamptz (2026-11-30 23:59:59Z)",
    };
    format!("{datum} is not {what}")
}

fn text(datum: Datum<'_>) -> Option<&str> {
    match datum {
        Datum::Text(text) => Some(text.trim()),
        _ => None,
    }
}

/// Hands on the value's plain text, as it stands in templates.
fn as_text(datum: Datum<'_>, take: impl FnOnce(&str) -> Option<()>) -> Option<()> {
    match datum {
        Datum::Null => None,
        Datum::Int(value) => take(itoa::Buffer::new().format(value)),
        Datum::Float(value) => take(&value.to_string()),
        Datum::Text(text) => take(text),
    }
}

fn whole<T: TryFrom<i64>>(datum: Datum<'_>) -> Option<T> {
    let value = match datum {
        Datum::Null => return None,
        Datum::Int(value) => value,
        // 2^63 itself does not fit any more.
        Datum::Float(value) if value.fract() == 0.0 && value.abs() < 9.2e18 => value as i64,
        Datum::Float(_) => return None,
        Datum::Text(text) => text.trim().parse().ok()?,
    };
    T::try_from(value).ok()
}

fn float(datum: Datum<'_>) -> Option<f64> {
    match datum {
        Datum::Null => None,
        Datum::Int(value) => Some(value as f64),
        Datum::Float(value) => Some(value),
        Datum::Text(text) => text.trim().parse().ok(),
    }
}

fn bool(datum: Datum<'_>) -> Option<bool> {
    match datum {
        Datum::Int(0) => Some(false),
        Datum::Int(1) => Some(true),
        Datum::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
            "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// `\x` and hexadecimal digits; anything else stands for its own bytes.
fn bytes(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let Some(digits) = text.strip_prefix("\\x") else {
        out.extend_from_slice(text.as_bytes());
        return Some(());
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    for pair in digits.as_bytes().chunks(2) {
        let [high, low] = *pair else { return None };
        let byte = 16 * digit(high)? + digit(low)?;
        out.write_all(&[u8::try_from(byte).ok()?]).ok()?;
    }
    Some(())
}

/// PostgreSQL counts from here.
const EPOCH: Date = date(2000, 1, 1);

fn days(text: &str) -> Option<i32> {
    match text {
        "infinity" => return Some(i32::MAX),
        "-infinity" => return Some(i32::MIN),
        _ => {}
    }
    let date: Date = text.parse().ok()?;
    i32::try_from(date.duration_since(EPOCH).as_hours() / 24).ok()
}

/// `zoned`: an offset counts. PostgreSQL ignores it otherwise, and sessions are in UTC, so that a
/// time without an offset is in UTC.
fn micros(text: &str, zoned: bool) -> Option<i64> {
    match text {
        "infinity" => return Some(i64::MAX),
        "-infinity" => return Some(i64::MIN),
        _ => {}
    }
    let instant = || text.parse::<Timestamp>().ok();
    let utc = |instant: Timestamp| instant.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let time = match text.parse::<DateTime>() {
        Ok(civil) if zoned => instant().map_or(civil, utc),
        Ok(civil) => civil,
        // With a Z it is no civil time.
        Err(_) => utc(instant()?),
    };
    let since = time.duration_since(EPOCH.to_datetime(jiff::civil::Time::midnight()));
    i64::try_from(since.as_micros()).ok()
}

#[cfg(test)]
#[path = "postgres_tests.rs"]
mod tests;
