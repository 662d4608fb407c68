//! Orders in which rows are taken.

use super::Field;
use crate::{
    Text,
    form::{Definitions, Float, Form, any_of, one_of, table},
    reader::Reader,
    tree::Node,
};
use serde_json::Value;

/// Order in which rows are taken.
#[derive(Debug, Clone)]
pub enum Order {
    /// One after the other, again and again.
    Sequential,
    /// One after the other in a shuffled order, again and again.
    Shuffled,
    /// Any.
    Random,
    /// One after the other, none twice.
    Unique,
    /// The first ones often, the last ones seldom.
    Zipf(f64),
    /// Weighted by this column.
    Weighted(Text),
}

table! {
    /// An order of rows that some of them are taken more often in.
    pub struct Unequal as "an order of rows" {
        /// The first ones often, the last ones seldom; how steep.
        zipf: Float,
        /// Column with the weights.
        weighted: Text,
    }
}

/// A word, or a table for an order that needs more.
impl Form for Order {
    type Value = Self;

    fn read(reader: &Reader, node: &Node) -> Option<Self> {
        if !node.is_table() {
            return reader.one_of(node, ORDERS, "no known order");
        }
        let order = Unequal::read(reader, node)?;
        match (order.zipf, order.weighted) {
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

    fn schema(to: &mut Definitions) -> Value {
        any_of([one_of(ORDERS, to), Unequal::schema(to)])
    }
}

const ORDERS: &[(&str, Order)] = &[
    ("sequential", Order::Sequential),
    ("shuffled", Order::Shuffled),
    ("random", Order::Random),
    ("unique", Order::Unique),
];
