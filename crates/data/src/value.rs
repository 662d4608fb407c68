//! One drawn or extracted value.

use super::json::{Json, Kind};
use std::sync::Arc;

/// A value of a variable, with the type it keeps in JSON and in SQL parameters.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Not drawn yet in this task run.
    Unset,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A finite number.
    Float(f64),
    /// Any other number, as its JSON text, because `Int` and `Float` would lose digits of it.
    Number(Arc<str>),
    /// Text; shared, so that cloning one of a generator's choices allocates nothing.
    Text(Arc<str>),
    /// A list or an object, as its JSON text.
    Json(Arc<str>),
    /// Bytes that are no text, such as a binary key.
    Bytes(Arc<[u8]>),
}

impl Value {
    /// A value of a JSON document with its own type; null is nothing.
    pub fn of_json(found: Json<'_>) -> Option<Self> {
        Some(match found.kind() {
            Kind::Null => return None,
            Kind::Bool(value) => Value::Bool(value),
            Kind::Text => Value::Text(found.text().unwrap_or_default().into()),
            Kind::Number => match found.number().unwrap_or_default() {
                digits if digits.ends_with(|c: char| c.is_ascii_digit()) => Self::of_digits(digits),
                // NaN or Infinity.
                word => Value::Text(word.into()),
            },
            Kind::List | Kind::Object => Value::Json(found.written().into()),
        })
    }

    /// A number with all its digits.
    fn of_digits(digits: &str) -> Self {
        match digits.parse() {
            // Without the minus a zero would come back as another text.
            Ok(number) if digits != "-0" => Value::Int(number),
            _ => Value::Number(digits.into()),
        }
    }

    /// A decimal number with all its digits, such as `-18.50`; None for any other text, such as `007`,
    /// `+1` or `1e5`.
    pub fn of_decimal(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (unsigned, None),
        };
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let plain = whole == "0" || !whole.starts_with('0');
        if !plain || !digits(whole) || !fraction.is_none_or(digits) {
            return None;
        }
        Some(Self::of_digits(text))
    }

    /// A number that was written with these digits: a float, unless that would come back otherwise, as
    /// `18.50` does.
    pub fn of_float(number: f64, digits: &str) -> Self {
        // Templates write the one form, JSON the other.
        match [format!("{number}"), format!("{number:?}")]
            .iter()
            .all(|form| form == digits)
        {
            true => Value::Float(number),
            false => Value::Number(digits.into()),
        }
    }

    /// The number that it is, as far as a float can tell; None for anything else.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Value::Int(number) => Some(*number as f64),
            Value::Float(number) => Some(*number),
            Value::Number(text) => text.parse().ok(),
            Value::Unset | Value::Bool(_) | Value::Text(_) | Value::Json(_) | Value::Bytes(_) => {
                None
            }
        }
    }

    /// Appends the plain text of the value: numbers in decimal, floats in their shortest form, bytes
    /// as `\x` and hexadecimal digits, as PostgreSQL shows them.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        match self {
            Value::Unset => {}
            Value::Bool(true) => out.extend_from_slice(b"true"),
            Value::Bool(false) => out.extend_from_slice(b"false"),
            Value::Int(n) => out.extend_from_slice(itoa::Buffer::new().format(*n).as_bytes()),
            Value::Float(x) => {
                use std::io::Write;
                // Writing into a Vec cannot fail.
                let _ = write!(out, "{x}");
            }
            Value::Number(text) | Value::Text(text) | Value::Json(text) => {
                out.extend_from_slice(text.as_bytes());
            }
            Value::Bytes(bytes) => {
                out.extend_from_slice(b"\\x");
                hex(bytes, out);
            }
        }
    }
}

/// Appends two hexadecimal digits for each byte.
pub fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let pairs = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    out.extend(pairs.map(|digit| DIGITS[usize::from(digit)]));
}

/// The bytes that pairs of hexadecimal digits stand for; None when they are none.
pub fn unhex(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pair = |pair: &[u8]| match *pair {
        [high, low] => u8::try_from(16 * digit(high)? + digit(low)?).ok(),
        _ => None,
    };
    digits.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Escape, json::Parsed};
    use proptest::prelude::*;

    #[test]
    fn json_keeps_its_type() {
        for (json, value) in [
            ("7", Some(Value::Int(7))),
            ("-0.50", Some(Value::Number("-0.50".into()))),
            ("-0", Some(Value::Number("-0".into()))),
            (r#""a\u00e9""#, Some(Value::Text("aé".into()))),
            ("true", Some(Value::Bool(true))),
            (r#"[1, "b"]"#, Some(Value::Json(r#"[1,"b"]"#.into()))),
            (
                "18446744073709551615",
                Some(Value::Number("18446744073709551615".into())),
            ),
            ("NaN", Some(Value::Text("NaN".into()))),
            ("null", None),
        ] {
            let read = Parsed::read(json.as_bytes()).unwrap();
            assert_eq!(Value::of_json(read.root(json.as_bytes())), value);
        }
    }

    proptest! {
        #[test]
        fn decimals_keep_their_digits(text in "-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,40})?") {
            let mut out = Vec::new();
            Value::of_decimal(&text).unwrap().write_text(&mut out);
            prop_assert_eq!(String::from_utf8(out).unwrap(), text);
        }
    }

    proptest! {
        #[test]
        fn digits_survive_however_they_are_sent(digits in "-?(0|[1-9][0-9]{0,20})\\.[0-9]{1,20}(e-?[0-9])?") {
            let value = Value::of_float(digits.parse().unwrap(), &digits);
            for escape in [Escape::None, Escape::Url, Escape::Form, Escape::Json, Escape::Header] {
                let mut out = Vec::new();
                escape.write(&value, &mut out);
                prop_assert_eq!(String::from_utf8(out).unwrap(), digits.as_str());
            }
        }
    }

    #[test]
    fn other_texts_are_no_decimals() {
        for text in [
            "", "-", ".5", "5.", "007", "-01", "+1", "1e5", " 1", "1,5", "NaN", "0x1", "1.2.3",
        ] {
            assert_eq!(Value::of_decimal(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn bytes_are_shown_and_read_as_hexadecimal_digits(bytes: Vec<u8>) {
            let mut text = Vec::new();
            Value::Bytes(bytes.as_slice().into()).write_text(&mut text);
            let text = String::from_utf8(text).unwrap();
            prop_assert_eq!(unhex(text.strip_prefix("\\x").unwrap()), Some(bytes));
        }

        #[test]
        fn what_is_no_hexadecimal_is_refused(digits in "[0-9a-f]{0,4}[g-z ]?") {
            let right = digits.len() % 2 == 0 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            prop_assert_eq!(unhex(&digits).is_some(), right);
        }
    }
}
