//! Content in parts.

use super::{Body, Spanned};
use crate::scenario::{
    Text,
    diag::Problem,
    form::{Definitions, Form, Members, Name, Named, Names, Scalar, Table, any_of, keys, table},
    reader::Reader,
    tree::{Node, NodeKind},
};
use serde_json::Value;

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
            let problem = Problem::new(node.place, "a part without content");
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

/// Parts, of which there is one at least.
pub enum Multipart {}

impl Form for Multipart {
    type Value = Vec<FormPart>;

    fn read(reader: &Reader, node: &Node) -> Option<Self::Value> {
        if matches!(&node.kind, NodeKind::Table(table) if table.entries.is_empty()) {
            reader.problem(Problem::new(node.place, "multipart content without parts"));
            return None;
        }
        Names::<FormPart>::read(reader, node)
    }

    fn schema(to: &mut Definitions) -> Value {
        Names::<FormPart>::schema(to)
    }
}
