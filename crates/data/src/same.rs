//! Comparison of a value in a JSON document with one of the scenario.

use super::{
    Value,
    json::{self, Json, Kind, Parsed},
};
use std::convert::Infallible;

/// Returns true if `found` is the value: of the same type, numbers by what they are with all their
/// digits, so that 1 is 1.0.
pub fn is_same(found: Json<'_>, value: &Value) -> bool {
    let number = |wanted: &str| {
        let found = found.number();
        found.is_some_and(|found| json::is_same_number(found, wanted))
    };
    let text = |wanted: &str| found.text().is_some_and(|found| found == wanted);
    match value {
        Value::Unset => false,
        Value::Bool(value) => found.kind() == Kind::Bool(*value),
        Value::Int(whole) => number(itoa::Buffer::new().format(*whole)),
        Value::Float(value) => number(&value.to_string()),
        Value::Number(digits) => number(digits),
        Value::Text(wanted) => text(wanted),
        Value::Json(wanted) => {
            let read = Parsed::read(wanted.as_bytes());
            read.is_some_and(|read| {
                let never = |_| Ok::<(), Infallible>(());
                json::same(found, read.root(wanted.as_bytes()), never) == Ok(true)
            })
        }
        Value::Bytes(_) => {
            let mut shown = Vec::new();
            value.write_text(&mut shown);
            text(&String::from_utf8_lossy(&shown))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(found: &str, value: Value) -> bool {
        let read = Parsed::read(found.as_bytes()).unwrap();
        is_same(read.root(found.as_bytes()), &value)
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
