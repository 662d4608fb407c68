//! A scenario's values with their places: TOML's own tree, owned, with the environment filled in.

use super::{
    diag::{Problem, Span},
    field::Spanned,
    offsets::offsets,
    text::{Outside, Text},
};
use loadgen_data::Value;
use std::{ops::Range, sync::Arc};
use toml::de::{DeTable, DeValue};

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Span in the source.
    pub span: Span,
    /// Value.
    pub kind: NodeKind,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum NodeKind {
    /// A string.
    Text(Text),
    /// A whole number.
    Int(i64),
    /// A number with a point or an exponent.
    Float(Float),
    /// `true` or `false`.
    Bool(bool),
    /// A date or a time, as written.
    Datetime(String),
    /// A list.
    Array(Vec<Node>),
    /// A table.
    Table(Table),
    /// Something that is a problem already, so that nothing more need be said of it.
    Unreadable,
}

/// A number with a point or an exponent.
#[derive(Debug, Clone, PartialEq)]
pub struct Float {
    /// Value; may be infinite or NaN.
    pub number: f64,
    /// All its digits, as JSON has numbers: without a plus and underscores.
    pub digits: Arc<str>,
}

impl Float {
    /// Parses TOML's text without its underscores.
    fn of(text: &str) -> Self {
        Self {
            number: text.parse().unwrap_or(f64::NAN),
            digits: text.strip_prefix('+').unwrap_or(text).into(),
        }
    }

    /// Returns true if it can be sent.
    pub fn is_finite(&self) -> bool {
        self.number.is_finite()
    }

    /// Returns the value to send.
    pub fn value(&self) -> Value {
        Value::of_float(self.number, &self.digits)
    }
}

impl Node {
    /// Returns true for a table.
    pub fn is_table(&self) -> bool {
        matches!(self.kind, NodeKind::Table(_))
    }
}

impl NodeKind {
    /// In words, for messages.
    pub fn describe(&self) -> &'static str {
        match self {
            NodeKind::Text(_) => "text",
            NodeKind::Int(_) => "a whole number",
            NodeKind::Float(_) => "a number",
            NodeKind::Bool(_) => "a boolean",
            NodeKind::Datetime(_) => "a date",
            NodeKind::Array(_) => "a list",
            NodeKind::Table(_) => "a table",
            NodeKind::Unreadable => "unreadable",
        }
    }
}

/// Keys and values in the order of the file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The pairs.
    pub entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Span of the key.
    pub span: Span,
    /// The value.
    pub value: Node,
}

impl Entry {
    /// The key with its place.
    pub fn name(&self) -> Spanned<String> {
        Spanned {
            value: self.key.clone(),
            span: self.span,
        }
    }
}

impl Table {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        let entry = self.entries.iter().find(|entry| entry.key == key);
        entry.map(|entry| &entry.value)
    }
}

/// Turns one source's TOML tree into nodes.
pub(super) struct Converter<'a> {
    pub source: usize,
    pub text: &'a str,
    /// Offset of `text` in the source, if it is a part of it.
    pub shift: usize,
    pub outside: Outside<'a>,
    pub problems: &'a mut Vec<Problem>,
}

impl Converter<'_> {
    pub fn node(&mut self, value: &DeValue<'_>, range: Range<usize>) -> Node {
        let span = self.span(range.clone());
        let kind = match value {
            DeValue::String(content) => self.text(content, range),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => NodeKind::Int(number),
                    Err(_) => {
                        let message = "a number past 64 bits";
                        self.problems.push(Problem::new(span, message));
                        NodeKind::Unreadable
                    }
                }
            }
            DeValue::Float(number) => NodeKind::Float(Float::of(number.as_str())),
            DeValue::Boolean(value) => NodeKind::Bool(*value),
            DeValue::Datetime(_) => {
                NodeKind::Datetime(self.text.get(range).unwrap_or_default().to_owned())
            }
            DeValue::Array(items) => NodeKind::Array(
                items
                    .iter()
                    .map(|item| self.node(item.get_ref(), item.span()))
                    .collect(),
            ),
            DeValue::Table(table) => NodeKind::Table(self.table(table)),
        };
        Node { span, kind }
    }

    pub fn table(&mut self, table: &DeTable<'_>) -> Table {
        let mut entries: Vec<Entry> = table
            .iter()
            .map(|(key, value)| Entry {
                key: key.get_ref().to_string(),
                span: self.span(key.span()),
                value: self.node(value.get_ref(), value.span()),
            })
            .collect();
        // The parser keeps keys sorted; what is drawn first depends on the file's own order.
        entries.sort_by_key(|entry| entry.span.start);
        Table { entries }
    }

    fn text(&mut self, content: &str, range: Range<usize>) -> NodeKind {
        let quoted = self.text.get(range.clone()).unwrap_or_default();
        let span = self.span(range);
        let written = content.to_owned();
        let inner = quoted.get(1..quoted.len().saturating_sub(1));
        let mut text = if inner == Some(content) {
            Text::new(span, written, span.start + 1)
        } else {
            let shifted = offsets(quoted, content)
                .into_iter()
                .map(|offset| span.start + offset)
                .collect();
            Text::new(span, written, span.start).with_offsets(shifted)
        };
        let before = self.problems.len();
        text.fill(self.outside, self.problems);
        if self.problems.len() > before {
            return NodeKind::Unreadable;
        }
        NodeKind::Text(text)
    }

    fn span(&self, range: Range<usize>) -> Span {
        let shift = |at| at + self.shift;
        Span::new(self.source, shift(range.start)..shift(range.end))
    }
}
