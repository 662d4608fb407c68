//! `[target]`: what is driven.

use super::{Field, Keys, Node, Reader};
use crate::scenario::{Text, tree::NodeKind};
use std::time::Duration;

/// What is driven.
#[derive(Debug)]
pub struct Target {
    /// A bundled service.
    pub app: Field<Text>,
    /// Servers.
    pub url: Field<Vec<Text>>,
    /// How many processes of the bundled service.
    pub instances: Field<i64>,
    /// Where it keeps its data.
    pub database: Field<Text>,
    /// Where it caches.
    pub cache: Field<Text>,
    /// How it holds connections.
    pub pool: Field<Pool>,
    /// Further flags for it.
    pub flags: Field<Vec<Text>>,
}

/// How a bundled service holds its connections.
#[derive(Debug)]
pub enum Pool {
    /// As usual, or with a connection for every request.
    Usual(bool),
    /// With these bounds.
    Bounds(PoolBounds),
}

/// Bounds of a pool.
#[derive(Debug)]
pub struct PoolBounds {
    /// Connections that are kept.
    pub min: Field<i64>,
    /// Connections at most.
    pub max: Field<i64>,
    /// How long a request waits.
    pub timeout: Field<Duration>,
}

pub(super) const TARGET: Keys = Keys {
    table: "[target]",
    names: &[
        "app",
        "url",
        "instances",
        "database",
        "cache",
        "pool",
        "flags",
    ],
};

pub(super) const POOL: Keys = Keys {
    table: "`pool`",
    names: &["min", "max", "timeout"],
};

pub(super) fn read(reader: &Reader, node: &Node) -> Option<Target> {
    let fields = reader.table(node, &TARGET)?;
    Some(Target {
        app: fields.field("app", Reader::text),
        url: fields.field("url", |r, node| r.one_or_more(node, Reader::text)),
        instances: fields.field("instances", Reader::whole),
        database: fields.field("database", Reader::text),
        cache: fields.field("cache", Reader::text),
        pool: fields.field("pool", pool),
        flags: fields.field("flags", |r, node| r.one_or_more(node, Reader::scalar)),
    })
}

fn pool(reader: &Reader, node: &Node) -> Option<Pool> {
    match &node.kind {
        NodeKind::Table(_) => {
            let fields = reader.table(node, &POOL)?;
            Some(Pool::Bounds(PoolBounds {
                min: fields.field("min", Reader::whole),
                max: fields.field("max", Reader::whole),
                timeout: fields.field("timeout", Reader::duration),
            }))
        }
        NodeKind::Bool(_) => reader.boolean(node).map(Pool::Usual),
        NodeKind::Text(text) if text.is_from_environment() => reader.boolean(node).map(Pool::Usual),
        _ => reader.wrong_type(
            node,
            "a table, or false for no pool",
            Some("such as { min = 5, max = 15 }"),
        ),
    }
}
