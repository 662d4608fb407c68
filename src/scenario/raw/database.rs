//! `[database.NAME]`: what SQL steps are done against.

use super::{Field, Keys, Node, Place, Reader, Spanned};
use crate::scenario::{
    Text,
    tree::{Entry, NodeKind},
};
use std::time::Duration;

/// A database.
#[derive(Debug)]
pub struct Database {
    /// As steps name it.
    pub name: Spanned<String>,
    /// Where its table stands.
    pub place: Place,
    /// Where it is, as whom.
    pub url: Field<Text>,
    /// Whether statements are prepared.
    pub prepared: Field<bool>,
    /// The sessions' isolation level.
    pub isolation: Field<Isolation>,
    /// How many connections its users share.
    pub pool: Field<i64>,
    /// Bound on the server's work on a statement.
    pub statement_timeout: Field<Duration>,
    /// Bound on connecting.
    pub connect_timeout: Field<Duration>,
    /// How connections are encrypted.
    pub tls: Field<Tls>,
    /// File of certificates to trust.
    pub ca: Field<Text>,
}

/// How much a transaction sees of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// What is not committed too.
    ReadUncommitted,
    /// What is committed before each statement.
    ReadCommitted,
    /// The same state throughout.
    RepeatableRead,
    /// As if alone.
    Serializable,
}

/// How connections are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    Disable,
    /// When the server can.
    Prefer,
    /// Always.
    Require,
    /// With a certificate that is trusted.
    VerifyCa,
    /// With one that names the host, too.
    VerifyFull,
}

pub(super) const DATABASE: Keys = Keys {
    table: "[database.NAME]",
    names: &[
        "url",
        "prepared",
        "isolation",
        "pool",
        "statement_timeout",
        "connect_timeout",
        "tls",
        "ca",
    ],
};

const ISOLATIONS: [(&str, Isolation); 4] = [
    ("read uncommitted", Isolation::ReadUncommitted),
    ("read committed", Isolation::ReadCommitted),
    ("repeatable read", Isolation::RepeatableRead),
    ("serializable", Isolation::Serializable),
];

const TLS: [(&str, Tls); 5] = [
    ("disable", Tls::Disable),
    ("prefer", Tls::Prefer),
    ("require", Tls::Require),
    ("verify-ca", Tls::VerifyCa),
    ("verify-full", Tls::VerifyFull),
];

/// All of them, by name.
pub(super) fn read(reader: &Reader, node: &Node) -> Option<Vec<Database>> {
    let table = reader.any_table(node, r#"write [database.main] with url = "postgres://...""#)?;
    let read: Vec<Option<Database>> = table
        .entries
        .iter()
        .map(|entry| database(reader, entry))
        .collect();
    read.into_iter().collect()
}

fn database(reader: &Reader, entry: &Entry) -> Option<Database> {
    let fields = reader.table(&entry.value, &DATABASE)?;
    Some(Database {
        name: Spanned {
            value: entry.key.clone(),
            place: entry.place,
        },
        place: entry.value.place,
        url: fields.field("url", Reader::text),
        prepared: fields.field("prepared", Reader::boolean),
        isolation: fields.field("isolation", isolation),
        pool: fields.field("pool", Reader::whole),
        statement_timeout: fields.field("statement_timeout", Reader::duration),
        connect_timeout: fields.field("connect_timeout", Reader::duration),
        tls: fields.field("tls", |r, node| {
            one_of(r, node, &TLS, "no known way to encrypt connections")
        }),
        ca: fields.field("ca", Reader::text),
    })
}

/// An isolation level, as SQL names it.
pub(super) fn isolation(reader: &Reader, node: &Node) -> Option<Isolation> {
    one_of(reader, node, &ISOLATIONS, "no isolation level")
}

/// One of a few words, in small letters or in capitals as SQL often has them.
fn one_of<T: Copy>(
    reader: &Reader,
    node: &Node,
    known: &[(&'static str, T)],
    message: &str,
) -> Option<T> {
    if let NodeKind::Text(text) = &node.kind {
        let text = text.value().to_lowercase();
        if let Some((_, value)) = known.iter().find(|(name, _)| *name == text) {
            return Some(*value);
        }
    }
    reader.one_of(node, known, message)
}
