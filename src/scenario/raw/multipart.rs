//! Content in parts.

use super::{
    Body, Field, Keys, Node, Reader, Spanned, Step,
    task::{spanned_key, the_only},
};
use crate::scenario::{Text, diag::Problem, tree::Entry};

/// A part of multipart content: a value, or what a file holds.
#[derive(Debug, Clone)]
pub struct FormPart {
    /// The field's name.
    pub name: Spanned<String>,
    /// Its value.
    pub value: Field<Text>,
    /// The file whose content is its value.
    pub file: Field<Text>,
    /// What the server is told the file's name is.
    pub filename: Field<Text>,
    /// The value's media type.
    pub kind: Field<Text>,
}

impl Step {
    /// The parts of its content, where it is sent so.
    pub fn parts(&self) -> &[FormPart] {
        match self.body.value() {
            Some(Body::Multipart(parts)) => parts,
            _ => &[],
        }
    }
}

pub(super) const PART: Keys = Keys {
    table: "a part of `multipart`",
    names: &["value", "file", "filename", "type"],
};

pub(super) fn read(reader: &Reader, node: &Node) -> Option<Body> {
    let table = reader.any_table(
        node,
        r#"write { name = "value", upload = { file = "a.pdf" } }"#,
    )?;
    if table.entries.is_empty() {
        reader.problem(Problem::new(node.place, "multipart content without parts"));
        return None;
    }
    let parts: Vec<Option<FormPart>> = table
        .entries
        .iter()
        .map(|entry| part(reader, entry))
        .collect();
    let parts: Option<_> = parts.into_iter().collect();
    parts.map(Body::Multipart)
}

fn part(reader: &Reader, entry: &Entry) -> Option<FormPart> {
    let name = spanned_key(entry);
    if !entry.value.is_table() {
        return Some(FormPart {
            name,
            value: reader.field(&entry.value, Reader::scalar),
            file: Field::Absent,
            filename: Field::Absent,
            kind: Field::Absent,
        });
    }
    let fields = reader.table(&entry.value, &PART)?;
    let source = the_only(&fields, &["value", "file"], "a part is one or the other");
    if source.is_absent() {
        let problem = Problem::new(entry.value.place, "a part without content");
        reader.problem(problem.help(r#"write value = "text" or file = "name""#));
    }
    source.value()?;
    Some(FormPart {
        name,
        value: fields.field("value", Reader::scalar),
        file: fields.field("file", Reader::text),
        filename: fields.field("filename", Reader::text),
        kind: fields.field("type", Reader::text),
    })
}
