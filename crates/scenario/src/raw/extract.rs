//! Values extracted from a response.

use super::{Field, Spanned};
use crate::{
    Text,
    diag::Problem,
    form::{Definitions, Form, Named, any_of, choice, table},
    reader::Reader,
    tree::{Node, NodeKind},
};
use serde_json::Value;

/// A variable that a step fills.
#[derive(Debug, Clone)]
pub struct Extract {
    /// Name as it is written in `{{name}}`.
    pub name: Spanned<String>,
    /// Kind and place of the value in the response.
    pub source: Field<(ExtractKind, Text)>,
}

/// A kind of place in a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtractKind {
    /// Not said: a JSONPath, or the name of a column.
    Plain,
    /// A JSONPath.
    Json,
    /// A header's name.
    Header,
    /// A regular expression.
    Regex,
    /// A cookie's name.
    Cookie,
    /// The name of a form's field.
    Form,
}

impl Named for Extract {
    const HELP: &'static str = r#"write { name = "$.path" }"#;

    fn read(reader: &Reader, name: Spanned<String>, node: &Node) -> Option<Self> {
        let source = reader.field::<Extraction>(node);
        Some(Self { name, source })
    }

    fn schema(to: &mut Definitions) -> Value {
        Extraction::schema(to)
    }
}

choice! {
    /// Origin of the value in the response.
    pub enum Origin -> (ExtractKind, Text), "a value comes from one place";
    |chosen| {
        json: Text => (ExtractKind::Json, chosen.value),
        header: Text => (ExtractKind::Header, chosen.value),
        regex: Text => (ExtractKind::Regex, chosen.value),
        cookie: Text => (ExtractKind::Cookie, chosen.value),
        form: Text => (ExtractKind::Form, chosen.value),
    }
}

table! {
    /// A kind of place in a response, and which.
    pub struct Located as "an extraction" {
        /// Origin of the value.
        origin: Origin,
    }
}

/// A text is a JSONPath, or a statement's column.
pub enum Extraction {}

impl Form for Extraction {
    type Value = (ExtractKind, Text);

    fn read(reader: &Reader, node: &Node) -> Option<(ExtractKind, Text)> {
        let NodeKind::Table(table) = &node.kind else {
            return Some((ExtractKind::Plain, reader.text(node)?));
        };
        let located = Located::read(reader, node)?;
        // An unknown key was told already.
        if located.origin.is_absent() && table.entries.is_empty() {
            let help = format!("write one of {}", Origin::KEYS.join(", "));
            let problem = Problem::new(node.span, "a value from nowhere");
            reader.problem(problem.help(help));
        }
        match located.origin {
            Field::Given(origin) => Some(origin.value),
            _ => None,
        }
    }

    fn schema(to: &mut Definitions) -> Value {
        any_of([Text::schema(to), Located::schema(to)])
    }
}
