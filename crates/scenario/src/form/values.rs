//! Values that are neither lists nor tables.

use super::{Definitions, Form, any_of};
use crate::{
    Text,
    reader::Reader,
    tree::{Node, NodeKind},
    units::patterns,
};
use serde_json::{Value, json};
use std::time::Duration;

/// Declares forms: a type, what it is read as and by what, and its schema.
macro_rules! values {
    ($($(#[$meta:meta])* $name:ident: $value:ty = $read:path, |$to:ident| $schema:expr;)*) => {$(
        $(#[$meta])*
        pub enum $name {}

        impl Form for $name {
            type Value = $value;

            fn read(reader: &Reader, node: &Node) -> Option<$value> {
                $read(reader, node)
            }

            fn schema($to: &mut Definitions) -> Value {
                $schema
            }
        }
    )*};
}

values! {
    /// Any value, as it stands.
    Any: Node = anything, |_to| json!({});
    /// A whole number.
    Whole: i64 = Reader::whole, |to| any_of([to.environment(), json!({ "type": "integer" })]);
    /// A number.
    Float: f64 = Reader::number, |to| any_of([to.environment(), json!({ "type": "number" })]);
    /// Text, or a number or a boolean as the text that it is written as.
    Scalar: Text = Reader::scalar, |_to| any_of(SCALARS.map(|kind| json!({ "type": kind })));
    /// `"1s..3s"`.
    Pause: (Duration, Duration) = Reader::pause, |to| {
        let description = "A time, or two for anything between: `1s..3s`";
        to.text("pause-text", description, patterns::PAUSE)
    };
    /// `"200/s"`, or a number a second.
    Rate: f64 = Reader::rate, |to| {
        let description = "A rate: `200/s`, `12000/m`, `50/h`";
        let text = to.text("rate-text", description, patterns::RATE);
        any_of([text, json!({ "type": "number" })])
    };
    /// `"10%"`, or a number from 0 to 1.
    Share: f64 = Reader::share, |to| {
        let text = to.text("share-text", "A share: `10%`, `0.1`", patterns::SHARE);
        any_of([text, json!({ "type": "number" })])
    };
    /// `"64KiB"`, or a number of bytes.
    Size: u64 = Reader::size, |to| {
        let description = "A number of bytes: `64KiB`, `10MB`";
        let text = to.text("size-text", description, patterns::SIZE);
        any_of([text, json!({ "type": "integer" })])
    };
    /// Number of repetitions: 12, or `"8..16"` for the fewest and the most.
    Times: (u64, u64) = times, |_to| whole_or_text();
}

/// The types of a scalar.
const SCALARS: [&str; 3] = ["string", "number", "boolean"];

fn anything(_: &Reader, node: &Node) -> Option<Node> {
    Some(node.clone())
}

fn times(reader: &Reader, node: &Node) -> Option<(u64, u64)> {
    reader.range(node, "a number of times")
}

/// The schema of a whole number that may also be written as a text of some form.
pub fn whole_or_text() -> Value {
    any_of(["string", "integer"].map(|kind| json!({ "type": kind })))
}

impl Form for Text {
    type Value = Self;

    fn read(reader: &Reader, node: &Node) -> Option<Self> {
        reader.text(node)
    }

    fn schema(_: &mut Definitions) -> Value {
        json!({ "type": "string" })
    }
}

impl Form for bool {
    type Value = Self;

    fn read(reader: &Reader, node: &Node) -> Option<Self> {
        reader.boolean(node)
    }

    fn schema(to: &mut Definitions) -> Value {
        any_of([to.environment(), json!({ "type": "boolean" })])
    }
}

impl Form for Duration {
    type Value = Self;

    fn read(reader: &Reader, node: &Node) -> Option<Self> {
        reader.duration(node)
    }

    fn schema(to: &mut Definitions) -> Value {
        let description = "A time: `500ms`, `30s`, `1h30m`";
        to.text("duration-text", description, patterns::DURATION)
    }
}

/// One of a few words.
pub trait Words: Clone + PartialEq + 'static {
    /// The words, each with what it stands for.
    const WORDS: &'static [(&'static str, Self)];
    /// Words for any other word, in messages.
    const UNKNOWN: &'static str;
    /// Words match in capitals too.
    const ANY_CASE: bool = false;

    /// Returns the word as the scenario has it.
    fn word(&self) -> &'static str {
        let known = Self::WORDS.iter().find(|(_, value)| value == self);
        known.map_or("", |(word, _)| word)
    }
}

/// The schema of a word that stands for something.
pub fn one_of<T>(words: &[(&str, T)], to: &mut Definitions) -> Value {
    let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    any_of([json!({ "enum": words }), to.environment()])
}

impl<W: Words> Form for W {
    type Value = Self;

    fn read(reader: &Reader, node: &Node) -> Option<Self> {
        if let (true, NodeKind::Text(text)) = (Self::ANY_CASE, &node.kind) {
            let text = text.value().to_lowercase();
            if let Some((_, value)) = Self::WORDS.iter().find(|(word, _)| *word == text) {
                return Some(value.clone());
            }
        }
        reader.one_of(node, Self::WORDS, Self::UNKNOWN)
    }

    fn schema(to: &mut Definitions) -> Value {
        one_of(Self::WORDS, to)
    }
}
