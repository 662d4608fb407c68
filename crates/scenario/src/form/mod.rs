//! Forms: what may stand behind a key of a scenario.
//!
//! A form knows how a value of it is read and what JSON Schema says of it, so that a line of a
//! `table!` is all that a key needs. Forms are made of other forms: a list of one, a table
//! with one behind each of its keys.

mod choice;
pub mod definitions;
mod lists;
mod names;
mod read;
pub mod reference;
mod table;
#[cfg(test)]
mod tests;
mod values;

use super::{reader::Reader, tree::Node};
pub use choice::Chosen;
pub(crate) use choice::choice;
pub use definitions::Definitions;
pub use lists::{List, OneOrMore};
pub use names::{NameTable, Named, names};
use serde_json::{Value, json};
pub(crate) use table::table;
pub use table::{Here, Key, Member, Members, Name, Required, Table, keys};
pub use values::{
    Any, Float, Pause, Rate, Scalar, Share, Size, Times, Whole, Words, one_of, whole_or_text,
};

/// A kind of value.
pub trait Form {
    /// The type of the value that is read.
    type Value;

    /// Reads it; None: told why not.
    fn read(reader: &Reader, node: &Node) -> Option<Self::Value>;

    /// The JSON Schema of the value.
    fn schema(to: &mut Definitions) -> Value;
}

/// One of these schemas; those that are one of several themselves lie flat among the others.
pub fn any_of(schemas: impl IntoIterator<Item = Value>) -> Value {
    let mut flat = Vec::new();
    for mut schema in schemas {
        match schema.get_mut("anyOf").map(Value::take) {
            Some(Value::Array(inner)) => flat.extend(inner),
            _ => flat.push(schema),
        }
    }
    json!({ "anyOf": flat })
}
