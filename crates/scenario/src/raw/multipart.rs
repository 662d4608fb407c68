//! Content in parts.

use super::{Body, Spanned};
use crate::{
    Text,
    diag::Problem,
    form::{Definitions, Form, Members, Name, Named, Scalar, Table, any_of, keys, names, table},
    reader::Reader,
    tree::{Node, NodeKind},
};
use serde_json::{Value, json};
use std::slice;

table! {
    /// A part of multipart content: a value, or what a file holds.
    #[derive(Clone)]
    pub struct FormPart as "a part of `multipart`" {
        /// The field's name.
        name: Name,
        /// Its value.
        value: Scalar,
        /// The file whose content is its value.
        file: Text,
        /// File name that is sent to the server.
        filename: Text,
        /// The value's media type.
        kind as "type": Text,
    }
}

impl Body {
    /// The files whose content is sent.
    pub fn files(&self) -> impl Iterator<Item = &Text> {
        let (whole, parts) = match self {
            Body::File(file) => (Some(file), &[][..]),
            Body::Multipart(parts) => (None, parts.as_slice()),
            Body::Json(_) | Body::Form(_) | Body::Raw(_) => (None, &[][..]),
        };
        let parts = parts.iter().filter_map(|part| part.file.value());
        whole.into_iter().chain(parts)
    }
}

impl Named for FormPart {
    const HELP: &'static str = r#"write { name = "value", upload = { file = "a.pdf" } }"#;

    fn read(reader: &Reader, name: Spanned<String>, node: &Node) -> Option<Self> {
        if !node.is_table() {
            return Some(Self {
                name,
                value: reader.field::<Scalar>(node),
                ..Self::default()
            });
        }
        let fields = reader.fields(node, Self::TITLE, &keys::<Self>())?;
        let source = fields.only(&["value", "file"], Some("a part is one or the other"));
        if source.is_absent() {
            let problem = Problem::new(node.span, "a part without content");
            reader.problem(problem.help(r#"write value = "text" or file = "name""#));
        }
        source.value()?;
        let part = Self::of(&fields);
        Some(Self { name, ..part })
    }

    fn schema(to: &mut Definitions) -> Value {
        any_of([Scalar::schema(to), <Self as Form>::schema(to)])
    }
}

/// Parts, of which there is one at least; a list has several of one name.
pub enum Multipart {}

impl Form for Multipart {
    type Value = Vec<FormPart>;

    fn read(reader: &Reader, node: &Node) -> Option<Self::Value> {
        let table = reader.any_table(node, FormPart::HELP)?;
        let mut parts = Vec::new();
        for entry in &table.entries {
            let items = match &entry.value.kind {
                NodeKind::Array(items) => items.as_slice(),
                _ => slice::from_ref(&entry.value),
            };
            parts.extend(
                items
                    .iter()
                    .map(|item| <FormPart as Named>::read(reader, entry.name(), item)),
            );
        }
        if parts.is_empty() {
            reader.problem(Problem::new(node.span, "multipart content without parts"));
            return None;
        }
        parts.into_iter().collect()
    }

    fn schema(to: &mut Definitions) -> Value {
        let part = <FormPart as Named>::schema(to);
        let list = json!({ "type": "array", "items": part });
        names(any_of([part, list]))
    }
}
