//! `[trace]`: whether requests carry trace context.

use super::{Field, Keys, Node, Place, Reader};

/// Trace context of requests.
#[derive(Debug)]
pub struct Trace {
    /// Its table's header.
    pub place: Place,
    /// Share of the requests whose traces are kept by whoever collects them.
    pub sample: Field<f64>,
}

pub(super) const TRACE: Keys = Keys {
    table: "[trace]",
    names: &["sample"],
};

pub(super) fn read(reader: &Reader, node: &Node) -> Option<Trace> {
    let fields = reader.table(node, &TRACE)?;
    Some(Trace {
        place: node.place,
        sample: fields.field("sample", Reader::share),
    })
}
