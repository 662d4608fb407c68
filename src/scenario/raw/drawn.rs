//! Generators of texts, and the order of rows.

use super::{
    Field, Node, Reader,
    data::{Generator, ORDER, Order, STRING, UUID},
};
use crate::{
    data::generator::{Clock, Fake},
    scenario::tree::{Entry, NodeKind},
};

pub(super) fn read(reader: &Reader, entry: &Entry) -> Field<Generator> {
    reader.field(
        &entry.value,
        match entry.key.as_str() {
            "uuid" => |r, node| r.table(node, &UUID).map(|_| Generator::Uuid),
            "timestamp" => |r, node| {
                r.one_of(node, &CLOCKS, "no known way to write the time")
                    .map(Generator::Timestamp)
            },
            "fake" => |r, node| {
                r.one_of(node, &FAKES, "nothing that can be made up")
                    .map(Generator::Fake)
            },
            _ => |r, node| {
                let fields = r.table(node, &STRING)?;
                Some(Generator::Text {
                    length: fields.field("length", length),
                    alphabet: fields.field("alphabet", Reader::text),
                })
            },
        },
    )
}

pub(super) fn order(reader: &Reader, node: &Node) -> Option<Order> {
    if !node.is_table() {
        return reader.one_of(node, &ORDERS, "no known order");
    }
    let fields = reader.table(node, &ORDER)?;
    let zipf = fields.field("zipf", Reader::number);
    match (zipf, fields.field("weighted", Reader::text)) {
        (Field::Given(exponent), Field::Absent) => Some(Order::Zipf(exponent.value)),
        (Field::Absent, Field::Given(column)) => Some(Order::Weighted(column.value)),
        (Field::Bad(_), _) | (_, Field::Bad(_)) => None,
        _ => {
            let help =
                r#"write { zipf = 1.1 }, or { weighted = "column" } with the weights' column"#;
            reader.wrong_value(node, "not one order of rows", Some(help))
        }
    }
}

const ORDERS: [(&str, Order); 4] = [
    ("sequential", Order::Sequential),
    ("shuffled", Order::Shuffled),
    ("random", Order::Random),
    ("unique", Order::Unique),
];

const CLOCKS: [(&str, Clock); 3] = [
    ("rfc3339", Clock::Rfc3339),
    ("unix", Clock::Unix),
    ("unix_ms", Clock::UnixMs),
];

const FAKES: [(&str, Fake); 5] = [
    ("first_name", Fake::FirstName),
    ("last_name", Fake::LastName),
    ("name", Fake::Name),
    ("city", Fake::City),
    ("email", Fake::Email),
];

fn length(reader: &Reader, node: &Node) -> Option<(u64, u64)> {
    range(reader, node, "a length")
}

/// A whole number, or the least and the most: 12 or "8..16".
pub(super) fn range(reader: &Reader, node: &Node, what: &str) -> Option<(u64, u64)> {
    const HELP: &str = r#"write 12, or "8..16""#;
    match &node.kind {
        NodeKind::Int(_) => match reader.whole(node).map(u64::try_from)? {
            Ok(number) => Some((number, number)),
            Err(_) => {
                let message = format!("{what} cannot be negative");
                reader.wrong_value(node, &message, Some(HELP))
            }
        },
        _ => {
            let text = reader.text(node)?.value();
            let (least, most) = text.split_once("..").unwrap_or((&text, &text));
            match (least.trim().parse(), most.trim().parse()) {
                (Ok(least), Ok(most)) => Some((least, most)),
                _ => reader.wrong_value(node, &format!("not {what}"), Some(HELP)),
            }
        }
    }
}
