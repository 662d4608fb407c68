//! `[database.NAME]`: what SQL steps are done against.

use super::Spanned;
use crate::{
    Text,
    form::{Definitions, Form, Here, Name, Named, Size, Whole, Words, table},
    reader::Reader,
    tree::Node,
};
use serde_json::Value;
use std::time::Duration;

table! {
    /// A database.
    pub struct Database as "[database.NAME]" {
        /// Span of the table.
        span: Here,
        /// Name that steps refer to.
        name: Name,
        /// URL with host, database and user.
        url: Text,
        /// The password, if it does not stand in the URL.
        password: Text,
        /// Use of prepared statements.
        prepared: bool,
        /// The sessions' isolation level.
        isolation: Isolation,
        /// Number of connections that its users share.
        pool: Whole,
        /// Bound on the server's work on a statement.
        statement_timeout: Duration,
        /// Bound on the rows of a response.
        max_rows: Whole,
        /// Bound on the bytes of a response.
        max_bytes: Size,
        /// Bound on connecting.
        connect_timeout: Duration,
        /// Encryption of connections.
        tls: Tls,
        /// File of certificates to trust.
        ca: Text,
    }
}

impl Named for Database {
    const HELP: &'static str = r#"write [database.main] with url = "postgres://...""#;

    fn read(reader: &Reader, name: Spanned<String>, node: &Node) -> Option<Self> {
        let database = <Self as Form>::read(reader, node)?;
        Some(Self { name, ..database })
    }

    fn schema(to: &mut Definitions) -> Value {
        <Self as Form>::schema(to)
    }
}

/// Isolation level of a transaction, as the SQL standard names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Isolation {
    /// Statements see what others have not committed yet.
    ReadUncommitted,
    /// Each statement sees what was committed before it.
    ReadCommitted,
    /// All statements see the same state.
    RepeatableRead,
    /// `SERIALIZABLE`; the only level of SQLite.
    Serializable,
}

impl Isolation {
    /// Returns the SQL keyword.
    pub fn sql(self) -> &'static str {
        match self {
            Isolation::ReadUncommitted => "READ UNCOMMITTED",
            Isolation::ReadCommitted => "READ COMMITTED",
            Isolation::RepeatableRead => "REPEATABLE READ",
            Isolation::Serializable => "SERIALIZABLE",
        }
    }
}

/// Reads SQL's names, which are often in capitals.
impl Words for Isolation {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("read uncommitted", Isolation::ReadUncommitted),
        ("read committed", Isolation::ReadCommitted),
        ("repeatable read", Isolation::RepeatableRead),
        ("serializable", Isolation::Serializable),
    ];
    const UNKNOWN: &'static str = "no isolation level";
    const ANY_CASE: bool = true;
}

/// Encryption of a connection, and checks of the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Not at all.
    Disable,
    /// Encrypted if the server supports it.
    Prefer,
    /// Always; the certificate is not checked.
    Require,
    /// Always, and a trusted authority must have signed the certificate.
    VerifyCa,
    /// Like [`Tls::VerifyCa`], and the certificate must match the host name.
    VerifyFull,
}

impl Words for Tls {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("disable", Tls::Disable),
        ("prefer", Tls::Prefer),
        ("require", Tls::Require),
        ("verify-ca", Tls::VerifyCa),
        ("verify-full", Tls::VerifyFull),
    ];
    const UNKNOWN: &'static str = "no known way to encrypt connections";
    const ANY_CASE: bool = true;
}
