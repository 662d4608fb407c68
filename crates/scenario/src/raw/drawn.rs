//! Generators, by what they need to know.

use super::{Field, Spanned};
use crate::{
    Text,
    form::{Definitions, Float, Form, Named, Required, Whole, Words, table, whole_or_text},
    reader::Reader,
    tree::{Node, NodeKind},
};
use loadgen_data::generator::{Clock, Fake};
use serde_json::Value;

table! {
    /// Anything between two ends.
    pub struct Uniform as "uniform" {
        /// Lower end.
        from: Required<Number>,
        /// Upper end.
        to: Required<Number>,
    }
}

table! {
    /// A bell curve.
    pub struct Normal as "normal" {
        /// Its middle.
        mean: Required<Float>,
        /// Its width.
        stddev: Required<Float>,
        /// Least value.
        min: Float,
        /// Greatest value.
        max: Float,
    }
}

table! {
    /// Few that are hot, many that are cold.
    pub struct Zipf as "zipf" {
        /// The hottest.
        from: Required<Whole>,
        /// The coldest.
        to: Required<Whole>,
        /// Exponent: larger is steeper.
        exponent: Required<Float>,
    }
}

table! {
    /// One after the other.
    pub struct Sequence as "sequence" {
        /// The first.
        from: Whole,
        /// The distance.
        step: Whole,
        /// The last.
        to: Whole,
    }
}

/// A text with its weight.
impl Named for (Spanned<String>, Field<f64>) {
    const HELP: &'static str = r#"write { "text" = weight }"#;

    fn read(reader: &Reader, text: Spanned<String>, node: &Node) -> Option<Self> {
        Some((text, reader.field::<Float>(node)))
    }

    fn schema(to: &mut Definitions) -> Value {
        Float::schema(to)
    }
}

/// A number that remembers whether it is whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Whole.
    Int(i64),
    /// With a point.
    Float(f64),
}

impl Number {
    /// Returns the number as a float.
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Int(n) => n as f64,
            Number::Float(x) => x,
        }
    }
}

impl Form for Number {
    type Value = Self;

    fn read(reader: &Reader, node: &Node) -> Option<Self> {
        match &node.kind {
            NodeKind::Int(n) => Some(Number::Int(*n)),
            NodeKind::Text(text) if text.is_from_environment() => {
                match text.value().trim().parse() {
                    Ok(n) => Some(Number::Int(n)),
                    Err(_) => reader.number(node).map(Number::Float),
                }
            }
            _ => reader.number(node).map(Number::Float),
        }
    }

    fn schema(to: &mut Definitions) -> Value {
        Float::schema(to)
    }
}

table! {
    /// Random UUIDs.
    pub struct Uuid as "uuid" {}
}

table! {
    /// Random texts.
    pub struct Letters as "string" {
        /// The shortest and the longest.
        length: Length,
        /// Their characters.
        alphabet: Text,
    }
}

/// 12, or `"8..16"`.
pub enum Length {}

impl Form for Length {
    type Value = (u64, u64);

    fn read(reader: &Reader, node: &Node) -> Option<(u64, u64)> {
        reader.range(node, "a length")
    }

    fn schema(_: &mut Definitions) -> Value {
        whole_or_text()
    }
}

impl Words for Clock {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("rfc3339", Clock::Rfc3339),
        ("unix", Clock::Unix),
        ("unix_ms", Clock::UnixMs),
    ];
    const UNKNOWN: &'static str = "no known way to write the time";
}

impl Words for Fake {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("first_name", Fake::FirstName),
        ("last_name", Fake::LastName),
        ("name", Fake::Name),
        ("city", Fake::City),
        ("email", Fake::Email),
    ];
    const UNKNOWN: &'static str = "nothing that can be made up";
}
