//! Parameters of PostgreSQL's prepared statements, which travel in binary: each value is written
//! as the type that the server found for its parameter.

use super::{Data, Datum, numeric};
use crate::driver::sql::kind::Kind;
use bytes::{BufMut, BytesMut};
use jiff::{
    Timestamp,
    civil::{Date, DateTime, date},
};

/// Whether a value can be sent as this kind.
///
/// # Errors
/// In words, when not.
pub fn check(kind: Kind, datum: Datum<'_>) -> Result<(), String> {
    write(kind, datum, &mut BytesMut::new())
}

/// Appends the value of parameter `$number`, unless it is NULL, which is told by false.
///
/// # Errors
/// In words, when the value is none of the parameter's type.
pub fn put(kind: Kind, number: u16, data: &Data<'_>, out: &mut BytesMut) -> Result<bool, String> {
    let written = data.with(number, |datum| match datum {
        Datum::Null => Ok(false),
        datum => write(kind, datum, out).map(|()| true),
    });
    written.map_err(|problem| format!("${number}: {problem}"))
}

fn write(kind: Kind, datum: Datum<'_>, out: &mut BytesMut) -> Result<(), String> {
    match kind {
        Kind::Bool => bool(datum).map(|value| out.put_u8(u8::from(value))),
        Kind::Int2 => whole::<i16>(datum).map(|value| out.extend_from_slice(&value.to_be_bytes())),
        Kind::Int4 => whole::<i32>(datum).map(|value| out.extend_from_slice(&value.to_be_bytes())),
        Kind::Int8 => whole::<i64>(datum).map(|value| out.extend_from_slice(&value.to_be_bytes())),
        Kind::Oid => whole::<u32>(datum).map(|value| out.extend_from_slice(&value.to_be_bytes())),
        Kind::Float4 => {
            float(datum).map(|value| out.extend_from_slice(&(value as f32).to_be_bytes()))
        }
        Kind::Float8 => float(datum).map(|value| out.extend_from_slice(&value.to_be_bytes())),
        Kind::Numeric => as_text(datum, |text| numeric::encode(text, out)),
        Kind::Text => as_text(datum, |text| {
            out.extend_from_slice(text.as_bytes());
            Some(())
        }),
        Kind::Jsonb => as_text(datum, |text| {
            // The version of the binary form, then plain JSON.
            out.put_u8(1);
            out.extend_from_slice(text.as_bytes());
            Some(())
        }),
        Kind::Bytea => as_text(datum, |text| bytes(text, out)),
        Kind::Uuid => text(datum)
            .and_then(|text| uuid::Uuid::parse_str(text).ok())
            .map(|uuid| out.extend_from_slice(uuid.as_bytes())),
        Kind::Date => text(datum)
            .and_then(days)
            .map(|days| out.extend_from_slice(&days.to_be_bytes())),
        Kind::Timestamp => text(datum)
            .and_then(|text| micros(text, false))
            .map(|micros| out.extend_from_slice(&micros.to_be_bytes())),
        Kind::Timestamptz => text(datum)
            .and_then(|text| micros(text, true))
            .map(|micros| out.extend_from_slice(&micros.to_be_bytes())),
        // No parameter has this type.
        Kind::Void => None,
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
        Kind::Void => "void",
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
        Datum::Bool(value) => take(if value { "true" } else { "false" }),
        Datum::Int(value) => take(itoa::Buffer::new().format(value)),
        Datum::Float(value) => take(&value.to_string()),
        Datum::Number(text) | Datum::Text(text) => take(text),
    }
}

fn whole<T: TryFrom<i64>>(datum: Datum<'_>) -> Option<T> {
    let value = match datum {
        Datum::Null | Datum::Bool(_) => return None,
        Datum::Int(value) => value,
        // 2^63 itself does not fit any more.
        Datum::Float(value) if value.fract() == 0.0 && value.abs() < 9.2e18 => value as i64,
        Datum::Float(_) => return None,
        Datum::Number(text) => without_zeros(text).parse().ok()?,
        Datum::Text(text) => text.trim().parse().ok()?,
    };
    T::try_from(value).ok()
}

fn float(datum: Datum<'_>) -> Option<f64> {
    match datum {
        Datum::Null | Datum::Bool(_) => None,
        Datum::Int(value) => Some(value as f64),
        Datum::Float(value) => Some(value),
        Datum::Number(text) | Datum::Text(text) => text.trim().parse().ok(),
    }
}

/// A decimal without the zeros behind its point: `7.00` is whole.
fn without_zeros(text: &str) -> &str {
    match text.contains('.') && !text.contains(['e', 'E']) {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    }
}

fn bool(datum: Datum<'_>) -> Option<bool> {
    match datum {
        Datum::Bool(value) => Some(value),
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
fn bytes(text: &str, out: &mut BytesMut) -> Option<()> {
    let Some(digits) = text.strip_prefix("\\x") else {
        out.extend_from_slice(text.as_bytes());
        return Some(());
    };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    for pair in digits.as_bytes().chunks(2) {
        let [high, low] = *pair else { return None };
        let byte = 16 * digit(high)? + digit(low)?;
        out.put_u8(u8::try_from(byte).ok()?);
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
