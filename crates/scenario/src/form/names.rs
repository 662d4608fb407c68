//! Tables whose keys are names of the scenario's own.

use super::{Definitions, Form};
use crate::{field::Spanned, reader::Reader, tree::Node};
use serde_json::{Value, json};
use std::marker::PhantomData;

/// A value that is read together with its name.
pub trait Named: Sized {
    /// Help that shows how to write such a table.
    const HELP: &'static str;

    /// Reads the value at `node`; None: told why not.
    fn read(reader: &Reader, name: Spanned<String>, node: &Node) -> Option<Self>;

    /// The JSON Schema of the value.
    fn schema(to: &mut Definitions) -> Value;
}

/// A table of names; None unless all that it holds could be read.
pub struct NameTable<T>(PhantomData<T>);

impl<T: Named> Form for NameTable<T> {
    type Value = Vec<T>;

    fn read(reader: &Reader, node: &Node) -> Option<Vec<T>> {
        let table = reader.any_table(node, T::HELP)?;
        let entries = table.entries.iter();
        let read: Vec<Option<T>> = entries
            .map(|entry| T::read(reader, entry.name(), &entry.value))
            .collect();
        read.into_iter().collect()
    }

    fn schema(to: &mut Definitions) -> Value {
        names(T::schema(to))
    }
}

/// The schema of a table of names, each with a value of this schema.
pub fn names(value: Value) -> Value {
    json!({ "type": "object", "additionalProperties": value })
}
