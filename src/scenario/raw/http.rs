//! `[http]`: how requests are made; and the pairs of headers, queries and forms.

use super::{Field, Keys, Node, Reader, Spanned};
use crate::scenario::{
    Text,
    diag::{Place, Problem},
    tree::{Entry, NodeKind},
};
use std::time::Duration;

/// How requests are made.
#[derive(Debug, Default)]
pub struct Http {
    /// Bound on a step.
    pub timeout: Field<Duration>,
    /// Bound on connecting.
    pub connect_timeout: Field<Duration>,
    /// File of certificates to trust.
    pub ca: Field<Text>,
    /// Trust every certificate.
    pub insecure: Field<bool>,
    /// Headers of every request.
    pub headers: Field<Vec<Pair>>,
    /// Most bytes of a response's head.
    pub max_head: Field<u64>,
    /// Most bytes of a response's body.
    pub max_body: Field<u64>,
    /// Which client makes them, whatever else is asked for.
    pub client: Field<Client>,
    /// Keep cookies, each user its own.
    pub cookies: Field<bool>,
    /// Most redirects to follow.
    pub redirects: Field<i64>,
    /// Encodings of bodies to ask for.
    pub compression: Field<Vec<Encoding>>,
    /// Proxy for every request.
    pub proxy: Field<Text>,
    /// HTTP/2.
    pub http2: Field<Http2>,
    /// File of the certificate that the client shows.
    pub cert: Field<Text>,
    /// File of its private key.
    pub key: Field<Text>,
}

/// One of the two HTTP clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// Our own.
    Fast,
    /// reqwest.
    Full,
}

/// How a body may be compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
    /// RFC 1950, as HTTP means it.
    Deflate,
}

impl Encoding {
    /// All of them, the best first.
    pub const ALL: [Self; 4] = [Self::Zstd, Self::Brotli, Self::Gzip, Self::Deflate];

    /// As HTTP and the scenario have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Deflate => "deflate",
        }
    }
}

/// How HTTP/2 comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Http2 {
    /// If the server agrees in the TLS handshake.
    Negotiate,
    /// Always; without TLS by prior knowledge (h2c).
    Require,
}

/// A name with its values.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The key.
    pub name: Spanned<String>,
    /// One value, or several under the same name; None when they could not be read.
    pub values: Option<Vec<Text>>,
}

impl Pair {
    /// Where the name stands.
    pub fn place(&self) -> Place {
        self.name.place
    }
}

pub(super) const HTTP: Keys = Keys {
    table: "[http]",
    names: &[
        "timeout",
        "connect_timeout",
        "ca",
        "insecure",
        "headers",
        "max_head",
        "max_body",
        "client",
        "cookies",
        "redirects",
        "compression",
        "proxy",
        "http2",
        "cert",
        "key",
    ],
};

pub(super) fn read(reader: &Reader, node: &Node) -> Option<Http> {
    let fields = reader.table(node, &HTTP)?;
    Some(Http {
        timeout: fields.field("timeout", Reader::duration),
        connect_timeout: fields.field("connect_timeout", Reader::duration),
        ca: fields.field("ca", Reader::text),
        insecure: fields.field("insecure", Reader::boolean),
        headers: fields.field("headers", pairs),
        max_head: fields.field("max_head", Reader::size),
        max_body: fields.field("max_body", Reader::size),
        client: fields.field("client", client),
        cookies: fields.field("cookies", Reader::boolean),
        redirects: fields.field("redirects", Reader::whole),
        compression: fields.field("compression", compression),
        proxy: fields.field("proxy", Reader::text),
        http2: fields.field("http2", http2),
        cert: fields.field("cert", Reader::text),
        key: fields.field("key", Reader::text),
    })
}

fn client(reader: &Reader, node: &Node) -> Option<Client> {
    let known = [("fast", Client::Fast), ("full", Client::Full)];
    reader.one_of(node, &known, "no such client")
}

fn http2(reader: &Reader, node: &Node) -> Option<Http2> {
    let known = [("negotiate", Http2::Negotiate), ("require", Http2::Require)];
    reader.one_of(node, &known, "no way to speak HTTP/2")
}

/// `true` is all that there are.
fn compression(reader: &Reader, node: &Node) -> Option<Vec<Encoding>> {
    match &node.kind {
        NodeKind::Bool(true) => Some(Encoding::ALL.into()),
        NodeKind::Bool(false) => Some(Vec::new()),
        NodeKind::Array(items) if items.is_empty() => {
            reader.problem(Problem::new(node.place, "a list of no encodings"));
            None
        }
        _ => reader.one_or_more(node, |reader, node| {
            let known = Encoding::ALL.map(|encoding| (encoding.name(), encoding));
            reader.one_of(node, &known, "no known encoding")
        }),
    }
}

/// A table of names with a text or a number, or a list of them.
pub(super) fn pairs(reader: &Reader, node: &Node) -> Option<Vec<Pair>> {
    let table = reader.any_table(node, r#"write { name = "value" }"#)?;
    let pair = |entry: &Entry| Pair {
        name: Spanned {
            value: entry.key.clone(),
            place: entry.place,
        },
        values: reader.one_or_more(&entry.value, Reader::scalar),
    };
    Some(table.entries.iter().map(pair).collect())
}
