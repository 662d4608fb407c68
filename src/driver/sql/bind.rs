//! Values on their way into a statement.

pub mod literal;
pub mod mysql;
pub mod numeric;
pub mod postgres;
pub mod sqlite;

use crate::{
    data::Value,
    plan::sql::{Param, Statement},
};
use std::fmt;

/// A value as the encoders take it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Datum<'a> {
    /// SQL's NULL: what is not known.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A finite number.
    Float(f64),
    /// A number with all its digits, as JSON writes it.
    Number(&'a str),
    /// Text.
    Text(&'a str),
}

impl fmt::Display for Datum<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Datum::Null => f.write_str("NULL"),
            Datum::Bool(value) => value.fmt(f),
            Datum::Int(number) => number.fmt(f),
            Datum::Float(number) => number.fmt(f),
            Datum::Number(number) => number.fmt(f),
            Datum::Text(text) => write!(f, "{text:?}"),
        }
    }
}

impl<'a> From<&'a Value> for Datum<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Unset => Datum::Null,
            Value::Bool(value) => Datum::Bool(*value),
            Value::Int(number) => Datum::Int(*number),
            Value::Float(number) => Datum::Float(*number),
            Value::Number(text) => Datum::Number(text),
            Value::Text(text) | Value::Json(text) => Datum::Text(text),
        }
    }
}

/// The values that a statement's parameters have now.
pub struct Data<'a> {
    params: &'a [Param],
    values: &'a [Value],
}

impl<'a> Data<'a> {
    /// Of a statement, with the task run's values.
    pub fn new(statement: &'a Statement, values: &'a [Value]) -> Self {
        Self {
            params: &statement.params,
            values,
        }
    }

    /// Of what has no parameters.
    pub fn none() -> Self {
        Self {
            params: &[],
            values: &[],
        }
    }

    /// How many there are.
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
        Param::Variable(place) => take(values.get(*place).map_or(Datum::Null, Datum::from)),
        Param::Text(template) => {
            let mut bytes = Vec::new();
            template.render(values, &mut bytes);
            // A template's parts are text, so nothing is lost here.
            take(Datum::Text(&String::from_utf8_lossy(&bytes)))
        }
    }
}
