//! Comparing what an answer says in JSON with a value.

use super::{Decimal, Value};
use serde_json::{Value as Json, value::RawValue};
use std::{collections::HashMap, sync::Arc};

/// Returns true if `found` is the value: of the same type, numbers by what they are with all their
/// digits, so that 1 is 1.0. `text` returns the JSON text of `found`, and is called only where the
/// parsed form may have lost something of it.
pub fn is_same(found: &Json, value: &Value, text: impl Fn() -> Option<Arc<str>>) -> bool {
    let number = |wanted: &str| match found {
        Json::Number(number) => match number.as_i64() {
            Some(whole) => is_same_number(itoa::Buffer::new().format(whole), wanted),
            None => text().is_some_and(|found| is_same_number(&found, wanted)),
        },
        _ => false,
    };
    match value {
        Value::Unset => false,
        Value::Bool(value) => found.as_bool() == Some(*value),
        Value::Int(whole) => match found.as_i64() {
            Some(found) => found == *whole,
            None => number(itoa::Buffer::new().format(*whole)),
        },
        Value::Float(value) => number(&value.to_string()),
        Value::Number(digits) => number(digits),
        Value::Text(text) => found.as_str() == Some(text),
        Value::Json(wanted) => match found {
            Json::Array(_) | Json::Object(_) => {
                text().is_some_and(|found| is_same_json(&found, wanted))
            }
            _ => false,
        },
        Value::Bytes(_) => {
            let mut text = Vec::new();
            value.write_text(&mut text);
            found.as_str().is_some_and(|found| found.as_bytes() == text)
        }
    }
}

fn is_same_number(a: &str, b: &str) -> bool {
    a == b || Decimal::parse(a).is_some_and(|a| Some(a) == Decimal::parse(b))
}

/// Returns true if two JSON texts say the same, whatever the order of their keys and the form of their
/// numbers.
fn is_same_json(a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let first = |text: &str| text.bytes().next();
    match (first(a), first(b)) {
        (Some(b'['), Some(b'[')) => match (list(a), list(b)) {
            (Some(a), Some(b)) => {
                let mut pairs = a.iter().zip(&b);
                a.len() == b.len() && pairs.all(|(a, b)| is_same_json(a.get(), b.get()))
            }
            _ => false,
        },
        (Some(b'{'), Some(b'{')) => match (object(a), object(b)) {
            (Some(a), Some(b)) => {
                let is_in_b = |(name, a): (&String, &&RawValue)| {
                    let b = b.get(name);
                    b.is_some_and(|b| is_same_json(a.get(), b.get()))
                };
                a.len() == b.len() && a.iter().all(is_in_b)
            }
            _ => false,
        },
        (Some(b'"'), Some(b'"')) => {
            let text = |text| serde_json::from_str::<String>(text).ok();
            text(a).is_some_and(|a| Some(a) == text(b))
        }
        _ => is_same_number(a, b),
    }
}

fn list(text: &str) -> Option<Vec<&RawValue>> {
    serde_json::from_str(text).ok()
}

fn object(text: &str) -> Option<HashMap<String, &RawValue>> {
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(found: &str, value: Value) -> bool {
        let json = serde_json::from_str(found).unwrap();
        is_same(&json, &value, || Some(found.into()))
    }

    #[test]
    fn numbers_are_compared_with_all_their_digits() {
        let number = |digits: &str| Value::Number(digits.into());
        for (found, value, expected) in [
            ("1", Value::Int(1), true),
            ("1.0", Value::Int(1), true),
            ("10e-1", Value::Int(1), true),
            ("1", Value::Float(1.0), true),
            ("0.10", Value::Float(0.1), true),
            ("18.5", number("18.50"), true),
            ("18.50", number("18.51"), false),
            ("9007199254740993", Value::Int(9_007_199_254_740_992), false),
            (
                "9007199254740993.0",
                Value::Int(9_007_199_254_740_993),
                true,
            ),
            (
                "9007199254740993.0",
                Value::Int(9_007_199_254_740_992),
                false,
            ),
            ("18446744073709551615", number("18446744073709551615"), true),
            (
                "18446744073709551615",
                number("18446744073709551614"),
                false,
            ),
            (
                "123456789012345678901234567890",
                number("123456789012345678901234567890"),
                true,
            ),
            (
                "123456789012345678901234567890",
                number("123456789012345678901234567891"),
                false,
            ),
            ("0.1000000000000000000001", Value::Float(0.1), false),
            ("\"1\"", Value::Int(1), false),
            ("1", Value::Text("1".into()), false),
            ("true", Value::Bool(true), true),
            ("1", Value::Bool(true), false),
            ("null", Value::Unset, false),
        ] {
            assert_eq!(same(found, value.clone()), expected, "{found} {value:?}");
        }
    }

    #[test]
    fn lists_and_objects_are_compared_by_their_parts() {
        let one = r#"{"a":[1.0,"x\u0041",null],"b":123456789012345678901234567890}"#;
        for (found, expected) in [
            (one, true),
            (
                r#"{"b": 123456789012345678901234567890, "a": [1, "xA", null]}"#,
                true,
            ),
            (
                r#"{"b": 123456789012345678901234567891, "a": [1, "xA", null]}"#,
                false,
            ),
            (r#"{"b": 123456789012345678901234567890}"#, false),
            (
                r#"{"b": 123456789012345678901234567890, "a": [1, "xA"]}"#,
                false,
            ),
            (
                r#"{"b": 123456789012345678901234567890, "a": [1, "xA", false]}"#,
                false,
            ),
            ("[]", false),
            ("1", false),
        ] {
            assert_eq!(same(found, Value::Json(one.into())), expected, "{found}");
        }
    }
}
