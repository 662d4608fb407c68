//! `[[observe]]`: what is looked at during the run.

use super::{Field, Keys, Node, Place, Reader, Spanned, Step, http};
use crate::scenario::Text;

/// A source of measurements.
#[derive(Debug)]
pub struct Observe {
    /// Its table's header.
    pub place: Place,
    /// Its name.
    pub name: Field<Text>,
    /// The request for a page of metrics.
    pub page: Step,
    /// Which metrics of it are kept.
    pub metrics: Field<Vec<Text>>,
    /// The labels by which series are told apart.
    pub by: Field<Vec<Text>>,
    /// A database whose statistics are looked at.
    pub database: Field<Text>,
    /// Whether this machine is.
    pub host: Field<bool>,
    /// Whose target it is.
    pub population: Field<Text>,
}

pub(super) const OBSERVE: Keys = Keys {
    table: "[[observe]]",
    names: &[
        "name",
        "prometheus",
        "metrics",
        "by",
        "headers",
        "database",
        "host",
        "population",
    ],
};

pub(super) fn read(reader: &Reader, node: &Node) -> Option<Observe> {
    let fields = reader.table(node, &OBSERVE)?;
    Some(Observe {
        place: node.place,
        name: fields.field("name", Reader::text),
        page: Step {
            place: node.place,
            request: match fields.field("prometheus", Reader::text) {
                Field::Absent => Field::Absent,
                Field::Bad(place) => Field::Bad(place),
                Field::Given(path) => Field::Given(Spanned {
                    value: ("get", path.value),
                    place: path.place,
                }),
            },
            headers: fields.field("headers", http::pairs),
            ..Step::default()
        },
        metrics: fields.field("metrics", |r, node| r.one_or_more(node, Reader::text)),
        by: fields.field("by", |r, node| r.one_or_more(node, Reader::text)),
        database: fields.field("database", Reader::text),
        host: fields.field("host", Reader::boolean),
        population: fields.field("population", Reader::text),
    })
}
