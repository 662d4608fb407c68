//! One drawn or extracted value.

use serde_json::Value as Json;
use std::sync::Arc;

/// A value of a variable, with the type it keeps in JSON and in SQL parameters.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Not drawn yet in this task run.
    Unset,
    /// A whole number.
    Int(i64),
    /// A finite number.
    Float(f64),
    /// Text; shared, so that cloning one of a generator's choices allocates nothing.
    Text(Arc<str>),
    /// Any other JSON, as its text: true, false, a list or an object.
    Json(Arc<str>),
}

impl Value {
    /// A JSON value with its own type; null is nothing.
    pub fn of_json(found: &Json) -> Option<Self> {
        Some(match found {
            Json::Null => return None,
            Json::String(text) => Value::Text(Arc::from(text.as_str())),
            Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(whole), ..) => Value::Int(whole),
                // As a float it would lose digits.
                (None, Some(great), _) => Value::Json(great.to_string().into()),
                (None, None, Some(float)) => Value::Float(float),
                (None, None, None) => return None,
            },
            Json::Bool(_) | Json::Array(_) | Json::Object(_) => {
                Value::Json(found.to_string().into())
            }
        })
    }

    /// Appends the plain text of the value: numbers in decimal, floats in their shortest form.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        match self {
            Value::Unset => {}
            Value::Int(n) => out.extend_from_slice(itoa::Buffer::new().format(*n).as_bytes()),
            Value::Float(x) => {
                use std::io::Write;
                // Writing into a Vec cannot fail.
                let _ = write!(out, "{x}");
            }
            Value::Text(text) | Value::Json(text) => out.extend_from_slice(text.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_keeps_its_type() {
        for (json, value) in [
            (json!(7), Value::Int(7)),
            (json!(-0.5), Value::Float(-0.5)),
            (json!("a"), Value::Text("a".into())),
            (json!(true), Value::Json("true".into())),
            (json!([1, "b"]), Value::Json("[1,\"b\"]".into())),
            (json!(u64::MAX), Value::Json(u64::MAX.to_string().into())),
        ] {
            assert_eq!(Value::of_json(&json), Some(value));
        }
        assert_eq!(Value::of_json(&Json::Null), None);
    }
}
