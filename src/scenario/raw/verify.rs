//! `[[verify]]`: what is asked after the run.

use super::{Field, Keys, Node, Place, Reader, Step, task};
use crate::scenario::Text;
use std::time::Duration;

/// A question with what its answer must be.
#[derive(Debug)]
pub struct Verify {
    /// Its table's header.
    pub place: Place,
    /// Its name.
    pub name: Field<Text>,
    /// The request that asks.
    pub request: Step,
    /// Where in the page's JSON the number is.
    pub json: Field<Text>,
    /// Whose target is asked.
    pub population: Field<Text>,
    /// What the number must be.
    pub expect: Field<Text>,
    /// How long that may take to come true.
    pub within: Field<Duration>,
}

pub(super) const VERIFY: Keys = Keys {
    table: "[[verify]]",
    names: &[
        "name",
        "get",
        "sql",
        "params",
        "database",
        "headers",
        "json",
        "population",
        "expect",
        "within",
        "timeout",
    ],
};

pub(super) fn read(reader: &Reader, node: &Node) -> Option<Verify> {
    let fields = reader.table(node, &VERIFY)?;
    Some(Verify {
        place: node.place,
        name: fields.field("name", Reader::text),
        request: task::question(&fields, node.place, "a verification asks one thing"),
        json: fields.field("json", Reader::text),
        population: fields.field("population", Reader::text),
        expect: fields.field("expect", Reader::text),
        within: fields.field("within", Reader::duration),
    })
}
