//! MySQL's values: binary after a prepared statement, text in the simple protocol.

use crate::{
    data::Value,
    driver::sql::datum::{decimal, float},
};
use sqlx::{Decode, MySql, TypeInfo, ValueRef, error::BoxDynError, mysql::MySqlValueRef};

/// Number of bytes that a value takes.
pub fn length(raw: MySqlValueRef<'_>) -> usize {
    <&[u8] as Decode<MySql>>::decode(raw).map_or(0, <[u8]>::len)
}

/// A value; none is NULL.
///
/// # Errors
/// When it is malformed.
pub fn value(raw: MySqlValueRef<'_>) -> Result<Option<Value>, BoxDynError> {
    let info = raw.type_info().into_owned();
    let name = info.name();
    let is_time = matches!(name, "DATE" | "DATETIME" | "TIMESTAMP" | "TIME");
    // To sqlx the date of zeros is NULL, too; only of what is one there are no bytes.
    if raw.is_null() && (!is_time || <&[u8] as Decode<MySql>>::decode(raw.clone()).is_err()) {
        return Ok(None);
    }
    Ok(Some(match name {
        "BOOLEAN" | "TINYINT" | "SMALLINT" | "INT" | "MEDIUMINT" | "BIGINT" => {
            Value::Int(<i64 as Decode<MySql>>::decode(raw)?)
        }
        "TINYINT UNSIGNED" | "SMALLINT UNSIGNED" | "INT UNSIGNED" | "MEDIUMINT UNSIGNED"
        | "BIGINT UNSIGNED" | "YEAR" | "BIT" => {
            decimal(&<u64 as Decode<MySql>>::decode(raw)?.to_string())
        }
        // The shortest decimal that means this float.
        "FLOAT" => float(<f32 as Decode<MySql>>::decode(raw)?.to_string().parse()?),
        "DOUBLE" => float(<f64 as Decode<MySql>>::decode(raw)?),
        "DECIMAL" => decimal(<&str as Decode<MySql>>::decode(raw)?),
        _ if is_time => {
            let bytes = <&[u8] as Decode<MySql>>::decode(raw)?;
            let text = match name {
                // In the simple protocol it is text already, which begins with a digit or a sign.
                _ if bytes.first().is_some_and(|byte| *byte >= b'-') => {
                    short(std::str::from_utf8(bytes)?).to_owned()
                }
                "TIME" => time(bytes).ok_or("it is no time")?,
                _ => date(bytes, name).ok_or("it is no date")?,
            };
            Value::Text(text.into())
        }
        "BINARY" | "VARBINARY" | "TINYBLOB" | "BLOB" | "MEDIUMBLOB" | "LONGBLOB" | "GEOMETRY" => {
            let bytes = <&[u8] as Decode<MySql>>::decode(raw)?;
            // Many functions give their text as binary.
            match std::str::from_utf8(bytes) {
                Ok(text) => Value::Text(text.into()),
                Err(_) => Value::Bytes(bytes.into()),
            }
        }
        _ => Value::Text(<&str as Decode<MySql>>::decode(raw)?.into()),
    }))
}

/// Length, then as much as is not zero: year, month, day, hour, minute, second, microseconds.
fn date(bytes: &[u8], name: &str) -> Option<String> {
    let (length, rest) = bytes.split_first()?;
    let field = |at: usize| rest.get(at).copied().unwrap_or(0);
    let year = u16::from_le_bytes([field(0), field(1)]);
    let mut text = format!("{year:04}-{:02}-{:02}", field(2), field(3));
    if name != "DATE" {
        text += &format!(" {:02}:{:02}:{:02}", field(4), field(5), field(6));
        text += &fraction(u32::from_le_bytes([
            field(7),
            field(8),
            field(9),
            field(10),
        ]));
    }
    (usize::from(*length) == rest.len()).then_some(text)
}

/// Length, then as much as is not zero: sign, days, hour, minute, second, microseconds.
fn time(bytes: &[u8]) -> Option<String> {
    let (length, rest) = bytes.split_first()?;
    let field = |at: usize| rest.get(at).copied().unwrap_or(0);
    let days = u32::from_le_bytes([field(1), field(2), field(3), field(4)]);
    let hours = u64::from(days) * 24 + u64::from(field(5));
    let sign = if field(0) == 1 { "-" } else { "" };
    let micros = u32::from_le_bytes([field(8), field(9), field(10), field(11)]);
    let text = format!(
        "{sign}{hours:02}:{:02}:{:02}{}",
        field(6),
        field(7),
        fraction(micros)
    );
    (usize::from(*length) == rest.len()).then_some(text)
}

fn fraction(micros: u32) -> String {
    match micros {
        0 => String::new(),
        _ => short(&format!(".{micros:06}")).to_owned(),
    }
}

/// A time without the zeros at the end of its fraction. How many digits its column has is told in
/// the simple protocol alone, so that without them it has one text.
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
        let full = [11, 0xea, 0x07, 11, 30, 23, 59, 58, 1, 0, 0, 0];
        assert_eq!(
            date(&full, "DATETIME").unwrap(),
            "2026-11-30 23:59:58.000001"
        );
        assert_eq!(
            date(&[4, 0xea, 0x07, 1, 2], "DATETIME").unwrap(),
            "2026-01-02 00:00:00"
        );
        assert_eq!(date(&[4, 0xea, 0x07, 1, 2], "DATE").unwrap(), "2026-01-02");
        assert_eq!(date(&[0], "DATE").unwrap(), "0000-00-00");
        assert_eq!(date(&[7, 0], "DATE"), None);
        assert_eq!(date(&[], "DATE"), None);
        assert_eq!(time(&[8, 1, 1, 0, 0, 0, 2, 3, 4]).unwrap(), "-26:03:04");
        assert_eq!(time(&[0]).unwrap(), "00:00:00");
        assert_eq!(fraction(120_000), ".12");
        for (text, expected) in [
            ("10:00:00.120000", "10:00:00.12"),
            ("10:00:00.000", "10:00:00"),
            ("2026-11-30 10:00:00", "2026-11-30 10:00:00"),
        ] {
            assert_eq!(short(text), expected);
        }
    }
}
