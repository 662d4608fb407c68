//! Lists of values of one form.

use super::{Definitions, Form, any_of};
use crate::{
    reader::Reader,
    tree::{Node, NodeKind},
};
use serde_json::{Value, json};
use std::marker::PhantomData;

/// A list.
pub struct List<F>(PhantomData<F>);

impl<F: Form> Form for List<F> {
    type Value = Vec<F::Value>;

    fn read(reader: &Reader, node: &Node) -> Option<Self::Value> {
        match &node.kind {
            NodeKind::Array(items) => all::<F>(reader, items),
            NodeKind::Table(_) => {
                let help = "write its header with two brackets: [[...]]";
                reader.wrong_type(node, "a list of tables", Some(help))
            }
            _ => reader.wrong_type(node, "a list", Some("write it in [ ]")),
        }
    }

    fn schema(to: &mut Definitions) -> Value {
        json!({ "type": "array", "items": F::schema(to) })
    }
}

/// A list, or one item without a list.
pub struct OneOrMore<F>(PhantomData<F>);

impl<F: Form> Form for OneOrMore<F> {
    type Value = Vec<F::Value>;

    fn read(reader: &Reader, node: &Node) -> Option<Self::Value> {
        match &node.kind {
            NodeKind::Array(items) => all::<F>(reader, items),
            _ => F::read(reader, node).map(|item| vec![item]),
        }
    }

    fn schema(to: &mut Definitions) -> Value {
        any_of([F::schema(to), List::<F>::schema(to)])
    }
}

/// None unless all of them could be read.
fn all<F: Form>(reader: &Reader, items: &[Node]) -> Option<Vec<F::Value>> {
    // Not `map` into an Option: that would stop at the first mistake.
    let read: Vec<_> = items.iter().map(|item| F::read(reader, item)).collect();
    read.into_iter().collect()
}
