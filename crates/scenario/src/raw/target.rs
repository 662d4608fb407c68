//! `[target]`: what is driven.

use crate::{
    Text,
    form::{Definitions, Form, OneOrMore, Scalar, Whole, any_of, table},
    reader::Reader,
    tree::{Node, NodeKind},
};
use serde_json::Value;
use std::time::Duration;

table! {
    /// The system under test: servers, or a bundled service.
    pub struct Target as "[target]" {
        /// A bundled service.
        app: Text,
        /// Servers.
        url: OneOrMore<Text>,
        /// Number of processes of the bundled service.
        instances: Whole,
        /// Database that stores its data.
        database: Text,
        /// Cache.
        cache: Text,
        /// Connection pool.
        pool: Pool,
        /// Further flags for it.
        flags: OneOrMore<Scalar>,
    }
}

table! {
    /// Bounds of a pool.
    pub struct PoolBounds as "`pool`" {
        /// Connections that are kept.
        min: Whole,
        /// Connections at most.
        max: Whole,
        /// Request timeout.
        timeout: Duration,
    }
}

/// Connection pool of a bundled service.
#[derive(Debug)]
pub enum Pool {
    /// Default pool, or a new connection for every request.
    Usual(bool),
    /// With these bounds.
    Bounds(PoolBounds),
}

impl Form for Pool {
    type Value = Self;

    fn read(reader: &Reader, node: &Node) -> Option<Self> {
        match &node.kind {
            NodeKind::Table(_) => PoolBounds::read(reader, node).map(Pool::Bounds),
            NodeKind::Bool(_) => reader.boolean(node).map(Pool::Usual),
            NodeKind::Text(text) if text.is_from_environment() => {
                reader.boolean(node).map(Pool::Usual)
            }
            _ => reader.wrong_type(
                node,
                "a table, or false for no pool",
                Some("such as { min = 5, max = 15 }"),
            ),
        }
    }

    fn schema(to: &mut Definitions) -> Value {
        any_of([bool::schema(to), PoolBounds::schema(to)])
    }
}
