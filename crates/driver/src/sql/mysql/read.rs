//! MySQL's values: binary after a prepared statement, text otherwise; a value has one text in both.

use super::{kind::MysqlType, row::Protocol};
use crate::sql::datum::{decimal, float};
use loadgen_data::Value;
use std::error::Error;

/// A value that is not NULL.
///
/// # Errors
/// When it is none of this kind.
pub fn value(kind: MysqlType, protocol: Protocol, bytes: &[u8]) -> Result<Value, Box<dyn Error>> {
    // Not UTF-8 are bytes, and what a session gets in another character set.
    let as_it_is = || match std::str::from_utf8(bytes) {
        Ok(text) => Value::Text(text.into()),
        Err(_) => Value::Bytes(bytes.into()),
    };
    match kind {
        // Many functions give their text as binary.
        MysqlType::Other => return Ok(as_it_is()),
        MysqlType::Decimal => return Ok(decimal(std::str::from_utf8(bytes)?)),
        // Both protocols write it alike.
        MysqlType::Bit => return Ok(unsigned(big_endian(bytes)?)),
        _ => {}
    }
    if protocol == Protocol::Binary {
        return binary(kind, bytes).ok_or_else(|| "it is too short or too long".into());
    }
    let text = std::str::from_utf8(bytes)?;
    Ok(match kind {
        MysqlType::Int { unsigned: true, .. } => unsigned(text.parse()?),
        MysqlType::Int { .. } => Value::Int(text.parse()?),
        MysqlType::Float => short_float(text.parse()?),
        MysqlType::Double => float(text.parse()?),
        _ => Value::Text(short(text).into()),
    })
}

fn binary(kind: MysqlType, bytes: &[u8]) -> Option<Value> {
    Some(match kind {
        MysqlType::Int { unsigned: true, .. } => {
            let mut wide = [0; 8];
            wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
            unsigned(u64::from_le_bytes(wide))
        }
        MysqlType::Int { .. } => {
            let is_negative = bytes.last()? & 0x80 != 0;
            let mut wide = [if is_negative { 0xff } else { 0 }; 8];
            wide.get_mut(..bytes.len())?.copy_from_slice(bytes);
            Value::Int(i64::from_le_bytes(wide))
        }
        MysqlType::Float => short_float(f32::from_le_bytes(bytes.try_into().ok()?)),
        MysqlType::Double => float(f64::from_le_bytes(bytes.try_into().ok()?)),
        MysqlType::Date => Value::Text(date(bytes)?.into()),
        MysqlType::DateTime => Value::Text(date_time(bytes)?.into()),
        MysqlType::Time => Value::Text(time(bytes)?.into()),
        MysqlType::Decimal | MysqlType::Bit | MysqlType::Other => return None,
    })
}

fn unsigned(number: u64) -> Value {
    match i64::try_from(number) {
        Ok(number) => Value::Int(number),
        Err(_) => decimal(&number.to_string()),
    }
}

fn big_endian(bytes: &[u8]) -> Result<u64, Box<dyn Error>> {
    match bytes.len() {
        0..=8 => Ok(bytes
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte))),
        _ => Err("it has more than 64 bits".into()),
    }
}

/// The shortest decimal that means this float.
fn short_float(value: f32) -> Value {
    match value.to_string().parse() {
        Ok(value) => float(value),
        Err(_) => float(value.into()),
    }
}

/// The bytes that a date or time has at its most; those at its end that are zero are not sent.
fn padded<const N: usize>(bytes: &[u8], lengths: &[usize]) -> Option<[u8; N]> {
    let mut whole = [0; N];
    whole.get_mut(..bytes.len())?.copy_from_slice(bytes);
    lengths.contains(&bytes.len()).then_some(whole)
}

/// Year, month and day; nothing of a time may follow.
fn date(bytes: &[u8]) -> Option<String> {
    let [low, high, month, day, ..] = padded::<11>(bytes, &[0, 4, 7, 11])?;
    let year = u16::from_le_bytes([low, high]);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}

/// A date, hour, minute, second and microseconds.
fn date_time(bytes: &[u8]) -> Option<String> {
    let whole = padded::<11>(bytes, &[0, 4, 7, 11])?;
    let [_, _, _, _, hour, minute, second, micros @ ..] = whole;
    let mut text = date(&whole)?;
    text += &format!(" {hour:02}:{minute:02}:{second:02}");
    text += &fraction(u32::from_le_bytes(micros));
    Some(text)
}

/// Sign, days, hour, minute, second and microseconds.
fn time(bytes: &[u8]) -> Option<String> {
    let [sign, a, b, c, d, hour, minute, second, micros @ ..] = padded::<12>(bytes, &[0, 8, 12])?;
    let hours = u64::from(u32::from_le_bytes([a, b, c, d])) * 24 + u64::from(hour);
    let sign = if sign == 1 { "-" } else { "" };
    let fraction = fraction(u32::from_le_bytes(micros));
    Some(format!(
        "{sign}{hours:02}:{minute:02}:{second:02}{fraction}"
    ))
}

fn fraction(micros: u32) -> String {
    match micros {
        0 => String::new(),
        _ => short(&format!(".{micros:06}")).to_owned(),
    }
}

/// A time without the zeros at the end of its fraction. How many digits its column has is told in
/// the text protocol alone, so that without them it has one text.
fn short(text: &str) -> &str {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_times() {
        let full = [0xea, 0x07, 11, 30, 23, 59, 58, 1, 0, 0, 0];
        assert_eq!(date_time(&full).unwrap(), "2026-11-30 23:59:58.000001");
        let day = [0xea, 0x07, 1, 2];
        assert_eq!(date_time(&day).unwrap(), "2026-01-02 00:00:00");
        assert_eq!(date(&day).unwrap(), "2026-01-02");
        assert_eq!(date(&[]).unwrap(), "0000-00-00");
        for wrong in [&[0][..], &[0; 12]] {
            assert_eq!((date(wrong), date_time(wrong)), (None, None));
        }
        assert_eq!(time(&[1, 1, 0, 0, 0, 2, 3, 4]).unwrap(), "-26:03:04");
        assert_eq!(time(&[]).unwrap(), "00:00:00");
        assert_eq!(time(&[0; 3]), None);
        assert_eq!(fraction(120_000), ".12");
        for (text, expected) in [
            ("10:00:00.120000", "10:00:00.12"),
            ("10:00:00.000", "10:00:00"),
            ("2026-11-30 10:00:00", "2026-11-30 10:00:00"),
        ] {
            assert_eq!(short(text), expected);
        }
    }

    #[test]
    fn numbers_of_every_width() {
        for (width, unsigned, bytes, expected) in [
            (1, false, &[0xff][..], Value::Int(-1)),
            (1, true, &[0xff], Value::Int(255)),
            (2, false, &[0, 0x80], Value::Int(-32768)),
            (4, true, &[0xff; 4], Value::Int(4_294_967_295)),
            (
                8,
                true,
                &[0xff; 8],
                Value::Number("18446744073709551615".into()),
            ),
        ] {
            let kind = MysqlType::Int { width, unsigned };
            assert_eq!(value(kind, Protocol::Binary, bytes).unwrap(), expected);
        }
        let bit = value(MysqlType::Bit, Protocol::Text, &[1, 0]).unwrap();
        assert_eq!(bit, Value::Int(256));
    }
}
