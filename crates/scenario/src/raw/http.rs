//! `[http]`: how requests are made; and the pairs of headers, queries and forms.

use super::Spanned;
use crate::{
    Text,
    diag::{Problem, Span},
    form::{
        Definitions, Form, List, NameTable, Named, OneOrMore, Required, Scalar, Size, Whole, Words,
        any_of, table,
    },
    reader::Reader,
    tree::{Node, NodeKind},
};
use serde_json::{Value, json};
use std::time::Duration;

table! {
    /// Settings of HTTP requests.
    pub struct Http as "[http]" {
        /// Bound on a step.
        timeout: Duration,
        /// Bound on connecting.
        connect_timeout: Duration,
        /// Time for which the addresses of a name are known.
        dns: Duration,
        /// Other ends for the connections to some hosts.
        connect_to: NameTable<ConnectTo>,
        /// Keep connections for further requests.
        reuse: bool,
        /// Resumption of TLS sessions.
        tls_resumption: Resumption,
        /// File of certificates to trust.
        ca: Text,
        /// Trust every certificate.
        insecure: bool,
        /// Headers of every request.
        headers: Pairs,
        /// User and password of every request.
        basic: Basic,
        /// Most bytes of a response's head.
        max_head: Size,
        /// Most bytes of a response's body.
        max_body: Size,
        /// Client of an earlier version; has no effect.
        client: Client,
        /// Keep cookies, each user its own.
        cookies: bool,
        /// Most redirects to follow.
        redirects: Whole,
        /// Encodings of bodies to ask for.
        compression: Compression,
        /// Proxy for every request.
        proxy: Text,
        /// HTTP/2.
        http2: Http2,
        /// File of the certificate that the client shows.
        cert: Text,
        /// File of its private key.
        key: Text,
    }
}

table! {
    /// User and password of Basic authentication (RFC 7617).
    #[derive(Clone)]
    pub struct Basic as "`basic`" {
        /// The user.
        user: Required<Text>,
        /// The password.
        password: Required<Text>,
    }
}

/// An HTTP client of earlier versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// HTTP/1.1 alone.
    Fast,
    /// Everything.
    Full,
}

impl Words for Client {
    const WORDS: &'static [(&'static str, Self)] =
        &[("fast", Client::Fast), ("full", Client::Full)];
    const UNKNOWN: &'static str = "no such client";
}

/// Negotiation of HTTP/2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Http2 {
    /// If the server agrees in the TLS handshake.
    Negotiate,
    /// Always; without TLS by prior knowledge (h2c).
    Require,
}

impl Words for Http2 {
    const WORDS: &'static [(&'static str, Self)] =
        &[("negotiate", Http2::Negotiate), ("require", Http2::Require)];
    const UNKNOWN: &'static str = "no way to speak HTTP/2";
}

/// Resumption of TLS sessions: users whose earlier connections count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resumption {
    /// The user itself.
    User,
    /// Everybody in the population.
    Shared,
    /// Nobody.
    Off,
}

impl Words for Resumption {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("user", Resumption::User),
        ("shared", Resumption::Shared),
        ("off", Resumption::Off),
    ];
    const UNKNOWN: &'static str = "no way to resume TLS sessions";
}

/// Compression of a body.
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
    /// All encodings, the best first.
    pub const ALL: [Self; 4] = [Self::Zstd, Self::Brotli, Self::Gzip, Self::Deflate];

    /// Returns the name that HTTP and the scenario use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Deflate => "deflate",
        }
    }
}

impl Words for Encoding {
    const WORDS: &'static [(&'static str, Self)] = &[
        (Self::Zstd.name(), Self::Zstd),
        (Self::Brotli.name(), Self::Brotli),
        (Self::Gzip.name(), Self::Gzip),
        (Self::Deflate.name(), Self::Deflate),
    ];
    const UNKNOWN: &'static str = "no known encoding";
}

/// Encodings, or a boolean for all or none.
pub enum Compression {}

impl Form for Compression {
    type Value = Vec<Encoding>;

    fn read(reader: &Reader, node: &Node) -> Option<Self::Value> {
        match &node.kind {
            NodeKind::Bool(true) => Some(Encoding::ALL.into()),
            NodeKind::Bool(false) => Some(Vec::new()),
            NodeKind::Array(items) if items.is_empty() => {
                reader.problem(Problem::new(node.span, "a list of no encodings"));
                None
            }
            _ => OneOrMore::<Encoding>::read(reader, node),
        }
    }

    fn schema(to: &mut Definitions) -> Value {
        let boolean = json!({ "type": "boolean" });
        let list = List::<Encoding>::schema(to);
        any_of([Encoding::schema(to), boolean, list])
    }
}

/// Another end for the connections to a host.
#[derive(Debug, Clone)]
pub struct ConnectTo {
    /// The host, with or without a port.
    pub from: Spanned<String>,
    /// The end in its place.
    pub to: Text,
}

impl Named for ConnectTo {
    const HELP: &'static str = r#"write { "shop.example:443" = "127.0.0.1:8443" }"#;

    fn read(reader: &Reader, from: Spanned<String>, node: &Node) -> Option<Self> {
        let to = Text::read(reader, node)?;
        Some(Self { from, to })
    }

    fn schema(to: &mut Definitions) -> Value {
        Text::schema(to)
    }
}

/// A name with its values.
#[derive(Debug, Clone)]
pub struct Pair {
    /// The key.
    pub name: Spanned<String>,
    /// One value, or several under the same name; None when they could not be read.
    pub values: Option<Vec<Text>>,
}

/// Names with a text or a number each, or a list of them.
pub type Pairs = NameTable<Pair>;

impl Pair {
    /// Returns the span of the name.
    pub fn span(&self) -> Span {
        self.name.span
    }
}

impl Named for Pair {
    const HELP: &'static str = r#"write { name = "value" }"#;

    fn read(reader: &Reader, name: Spanned<String>, node: &Node) -> Option<Self> {
        let values = OneOrMore::<Scalar>::read(reader, node);
        Some(Self { name, values })
    }

    fn schema(to: &mut Definitions) -> Value {
        OneOrMore::<Scalar>::schema(to)
    }
}
