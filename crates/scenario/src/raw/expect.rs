//! Conditions on a response.

use super::{Spanned, http::Pairs};
use crate::{
    Text,
    form::{Definitions, Form, OneOrMore, names, table, whole_or_text},
    reader::Reader,
    tree::{Node, NodeKind},
    units,
};
use serde_json::{Value, json};
use std::time::Duration;

table! {
    /// Conditions on a response.
    #[derive(Clone)]
    pub struct Expect as "`expect`" {
        /// Its status.
        status: OneOrMore<StatusRange>,
        /// Texts in its body.
        body: OneOrMore<Text>,
        /// Texts in its headers.
        header: Pairs,
        /// Paths in its JSON, with the value that is there.
        json: Paths,
        /// Least and most bytes of its body.
        size: Bytes,
        /// Longest time that it may take.
        duration: Duration,
        /// Rows that a statement returns or changes.
        rows: Rows,
        /// Columns of the first row, with the value that is there.
        values: Columns,
    }
}

/// Any values, by JSONPaths.
pub enum Paths {}

impl Form for Paths {
    type Value = Vec<(Spanned<String>, Node)>;

    fn read(reader: &Reader, node: &Node) -> Option<Self::Value> {
        named(reader, node, r#"write { "$.path" = value }"#)
    }

    fn schema(_: &mut Definitions) -> Value {
        names(json!({}))
    }
}

/// Any values, by columns.
pub enum Columns {}

impl Form for Columns {
    type Value = Vec<(Spanned<String>, Node)>;

    fn read(reader: &Reader, node: &Node) -> Option<Self::Value> {
        named(reader, node, "write { column = value }")
    }

    fn schema(_: &mut Definitions) -> Value {
        names(json!({}))
    }
}

/// Any values by names of the scenario's own.
fn named(reader: &Reader, node: &Node, help: &str) -> Option<Vec<(Spanned<String>, Node)>> {
    let table = reader.any_table(node, help)?;
    let entries = table.entries.iter();
    Some(
        entries
            .map(|entry| (entry.name(), entry.value.clone()))
            .collect(),
    )
}

/// A condition on a number of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Exactly this many.
    Exactly(u64),
    /// At least this many.
    AtLeast(u64),
    /// At most this many.
    AtMost(u64),
}

/// A number of rows, or a bound on it.
impl Form for Rows {
    type Value = Self;

    fn read(reader: &Reader, node: &Node) -> Option<Self> {
        const HELP: &str = r#"write 1, ">= 1" or "<= 10""#;
        let (bound, number): (fn(u64) -> Rows, _) = match &node.kind {
            NodeKind::Int(number) => (Rows::Exactly, u64::try_from(*number).ok()),
            NodeKind::Text(text) => {
                let text = text.value();
                let text = text.trim();
                let (bound, digits): (fn(u64) -> Rows, _) =
                    match (text.strip_prefix(">="), text.strip_prefix("<=")) {
                        (Some(digits), _) => (Rows::AtLeast, digits),
                        (None, Some(digits)) => (Rows::AtMost, digits),
                        (None, None) => (Rows::Exactly, text),
                    };
                (bound, digits.trim().parse().ok())
            }
            _ => return reader.wrong_type(node, "a number of rows", Some(HELP)),
        };
        match number {
            Some(number) => Some(bound(number)),
            None => reader.wrong_value(node, "not a number of rows", Some(HELP)),
        }
    }

    fn schema(_: &mut Definitions) -> Value {
        whole_or_text()
    }
}

/// At most so many bytes, or from the least to the most: `"64KiB"`, `"1kB..1MB"`.
pub enum Bytes {}

impl Form for Bytes {
    type Value = (u64, u64);

    fn read(reader: &Reader, node: &Node) -> Option<(u64, u64)> {
        let NodeKind::Text(_) = &node.kind else {
            return reader.size(node).map(|most| (0, most));
        };
        let text = reader.text(node)?.value();
        let Some((least, most)) = text.split_once("..") else {
            return reader.size(node).map(|most| (0, most));
        };
        match (units::size(least.trim()), units::size(most.trim())) {
            (Ok(least), Ok(most)) if least <= most => Some((least, most)),
            (Ok(_), Ok(_)) => {
                let help = "write the smaller size first";
                reader.wrong_value(node, "the range ends before it begins", Some(help))
            }
            (Err(error), _) | (_, Err(error)) => {
                reader.wrong_value(node, &error.message, Some(&error.help))
            }
        }
    }

    fn schema(_: &mut Definitions) -> Value {
        whole_or_text()
    }
}

/// Statuses from the first to the last, both from 200 to 599.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusRange {
    /// The lowest.
    pub first: u16,
    /// The highest.
    pub last: u16,
}

impl Form for StatusRange {
    type Value = Self;

    fn read(reader: &Reader, node: &Node) -> Option<Self> {
        const HELP: &str = r#"write 200, "2xx", "200-204" or a list of them"#;
        let range = match &node.kind {
            NodeKind::Int(status) => Some((*status, *status)),
            NodeKind::Text(text) => range(text.value().trim()),
            _ => return reader.wrong_type(node, "a status", Some(HELP)),
        };
        let Some((first, last)) = range else {
            return reader.wrong_value(node, "not a status", Some(HELP));
        };
        if first > last {
            let help = "write the lower status first";
            return reader.wrong_value(node, "the range ends before it begins", Some(help));
        }
        if (100..200).contains(&first) {
            let help = "statuses below 200 announce the response, they are not it";
            return reader.wrong_value(node, "not a final status", Some(help));
        }
        match (u16::try_from(first), u16::try_from(last)) {
            (Ok(first @ 200..), Ok(last @ ..=599)) => Some(StatusRange { first, last }),
            _ => reader.wrong_value(node, "no such status", Some("statuses are from 200 to 599")),
        }
    }

    fn schema(_: &mut Definitions) -> Value {
        whole_or_text()
    }
}

fn range(text: &str) -> Option<(i64, i64)> {
    if let Some(class) = text.strip_suffix("xx") {
        let first = class.parse::<i64>().ok()?.checked_mul(100)?;
        return Some((first, first.checked_add(99)?));
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    Some((first.trim().parse().ok()?, last.trim().parse().ok()?))
}
