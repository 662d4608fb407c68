//! Values on their way into a statement, and out of a response.

use loadgen_data::{Value, hex};
use loadgen_plan::sql::{Param, Statement};
use std::{borrow::Cow, fmt};

/// A value as the backends take it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Datum<'a> {
    /// SQL's NULL: what is not known.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A finite number.
    Float(f64),
    /// A decimal number with all its digits.
    Number(&'a str),
    /// Text.
    Text(&'a str),
    /// Bytes that are no text.
    Bytes(&'a [u8]),
}

impl<'a> Datum<'a> {
    /// Its plain text, as it stands in templates; none for NULL.
    pub fn plain(self) -> Cow<'a, str> {
        match self {
            Datum::Null => Cow::Borrowed(""),
            Datum::Bool(value) => Cow::Borrowed(if value { "true" } else { "false" }),
            Datum::Int(number) => Cow::Owned(number.to_string()),
            Datum::Float(number) => Cow::Owned(number.to_string()),
            Datum::Number(text) | Datum::Text(text) => Cow::Borrowed(text),
            Datum::Bytes(bytes) => {
                let mut text = b"\\x".to_vec();
                hex(bytes, &mut text);
                Cow::Owned(String::from_utf8_lossy(&text).into_owned())
            }
        }
    }
}

impl fmt::Display for Datum<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Datum::Null => f.write_str("NULL"),
            Datum::Text(text) => write!(f, "{text:?}"),
            other => f.write_str(&other.plain()),
        }
    }
}

impl<'a> From<&'a Value> for Datum<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Unset => Datum::Null,
            Value::Int(number) => Datum::Int(*number),
            Value::Float(number) => Datum::Float(*number),
            Value::Bool(value) => Datum::Bool(*value),
            Value::Number(number) => Datum::Number(number),
            Value::Text(text) | Value::Json(text) => Datum::Text(text),
            Value::Bytes(bytes) => Datum::Bytes(bytes),
        }
    }
}

/// A row: the name of each column with its value, [`Value::Unset`] for NULL.
pub type Row = Vec<(String, Value)>;

/// The values that a statement's parameters have now.
pub struct Data<'a> {
    params: &'a [Param],
    values: &'a [Value],
}

impl<'a> Data<'a> {
    /// Parameters of a statement, with the task run's values.
    pub fn new(statement: &'a Statement, values: &'a [Value]) -> Self {
        Self {
            params: &statement.params,
            values,
        }
    }

    /// Parameters of a statement that has none.
    pub fn none() -> Self {
        Self {
            params: &[],
            values: &[],
        }
    }

    /// Their number.
    pub fn len(&self) -> usize {
        self.params.len()
    }

    /// Hands the value of parameter `$number` to `take`.
    pub fn with<T>(&self, number: u16, take: impl FnOnce(Datum<'_>) -> T) -> T {
        match self.params.get(usize::from(number) - 1) {
            // The plan has as many as the text uses.
            None => take(Datum::Null),
            Some(param) => resolve(param, self.values, take),
        }
    }
}

/// Hands the value that a parameter has now to `take`.
pub fn resolve<T>(param: &Param, values: &[Value], take: impl FnOnce(Datum<'_>) -> T) -> T {
    match param {
        Param::Literal(value) => take(value.into()),
        Param::Variable(index) => take(values.get(*index).map_or(Datum::Null, Datum::from)),
        Param::Text(template) => {
            let mut bytes = Vec::new();
            template.render(values, &mut bytes);
            // A template's parts are text, so nothing is lost here.
            take(Datum::Text(&String::from_utf8_lossy(&bytes)))
        }
    }
}

/// A decimal number as it is, its scale included; what is none, such as NaN, as text.
pub fn decimal(text: &str) -> Value {
    Value::of_decimal(text).unwrap_or_else(|| Value::Text(text.into()))
}

/// A float as a number, or what is none as text.
pub fn float(value: f64) -> Value {
    match value.is_finite() {
        true => Value::Float(value),
        false => Value::Text(value.to_string().into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_digits() {
        assert_eq!(decimal("12"), Value::Int(12));
        for long in [
            "-0.50",
            "10.00",
            "12345678901234567.89",
            "123456789012345678901",
        ] {
            let value = decimal(long);
            assert_eq!(value, Value::Number(long.into()));
            assert_eq!(Datum::from(&value), Datum::Number(long));
        }
        assert_eq!(decimal("NaN"), Value::Text("NaN".into()));
    }
}
