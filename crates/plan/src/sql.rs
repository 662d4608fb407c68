//! SQL databases and statements as they will be driven.

mod connect;
pub mod text;
mod written;

use super::StepPlan;
pub use connect::{ConnectParams, UrlProblem};
use loadgen_data::{Template, Value};
pub use loadgen_scenario::raw::{Isolation, Tls};
use std::{collections::BTreeMap, fmt, num::NonZeroU32, path::PathBuf, time::Duration};
pub use text::{Piece, Text, TextError};
use url::Url;
pub use written::WrittenStatement;

/// Bound on opening a connection, unless something says otherwise.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A database that steps are done against.
#[derive(Debug, Clone)]
pub struct Database {
    /// NAME of `[database.NAME]`.
    pub name: String,
    /// The kind of server; follows from the URL's scheme.
    pub backend: Backend,
    /// Address, user and options.
    pub url: Secret,
    /// Statements are prepared once per connection. Otherwise PostgreSQL and MySQL get each
    /// statement as one text with its values written in (their simple protocols), and SQLite
    /// prepares it every time.
    pub prepared: bool,
    /// The isolation level of the sessions; None: the server's default.
    pub isolation: Option<Isolation>,
    /// Owners of the connections.
    pub connections: Connections,
    /// The longest that one statement may take. No step's timeout is longer.
    pub statement_timeout: Duration,
    /// Each connection makes it the server's own limit. Otherwise the sessions' settings are
    /// those that the server gives them, and it is asked to end what takes too long.
    pub server_limit: bool,
    /// Bounds on the response to one statement.
    pub limits: Limits,
    /// Bound on opening a connection, TLS handshake and login included; None: as the environment
    /// says, else [`CONNECT_TIMEOUT`].
    pub connect_timeout: Option<Duration>,
    /// Encryption of connections; None: as the URL says, else encrypted where the server can.
    pub tls: Option<Tls>,
    /// A PEM file of certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
}

/// Bounds on the response to one statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most rows.
    pub max_rows: u64,
    /// Most bytes: on PostgreSQL of all that the server sends, elsewhere of the values.
    pub max_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_rows: 1_000_000,
            max_bytes: 64 << 20,
        }
    }
}

impl Database {
    /// Number of connections that its users share; None when each has its own.
    pub fn pool(&self) -> Option<u32> {
        match self.connections {
            Connections::OnePerUser => None,
            Connections::Pool { size } => Some(size.get()),
        }
    }
}

/// A family of servers that share a protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// PostgreSQL and what speaks its protocol.
    Postgres,
    /// MySQL and MariaDB.
    MySql,
    /// A SQLite file.
    Sqlite,
}

impl Backend {
    /// The backend that a URL's scheme names.
    pub fn of(url: &str) -> Option<Self> {
        match url.split_once(':')?.0 {
            "postgres" | "postgresql" => Some(Backend::Postgres),
            "mysql" | "mariadb" => Some(Backend::MySql),
            "sqlite" => Some(Backend::Sqlite),
            _ => None,
        }
    }

    /// Its name in sentences.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Postgres => "PostgreSQL",
            Backend::MySql => "MySQL",
            Backend::Sqlite => "SQLite",
        }
    }
}

/// A URL that may hold a password, which is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps the URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The URL as it is, for connecting only.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The URL with the password, and every parameter's value, hidden.
    pub fn redacted(&self) -> String {
        let Ok(mut url) = Url::parse(&self.0) else {
            // Not even a URL, so nothing of it is known to be harmless.
            return "***".to_owned();
        };
        if url.password().is_some() && url.set_password(Some("***")).is_err() {
            return "***".to_owned();
        }
        let names: Vec<String> = url
            .query_pairs()
            .map(|(name, value)| match &*name {
                "password" | "passwd" => format!("{name}=***"),
                _ => format!("{name}={value}"),
            })
            .collect();
        if !names.is_empty() {
            url.set_query(Some(&names.join("&")));
        }
        url.into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

/// Owners of the connections to a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connections {
    /// Each user or slot has its own and keeps it.
    OnePerUser,
    /// Users share so many (over all workers) and wait in turn for one; the wait is recorded apart.
    Pool {
        /// Their number.
        size: NonZeroU32,
    },
}

/// One exchange with a database.
#[derive(Debug)]
pub struct SqlStep {
    /// Place in the plan's databases.
    pub database: usize,
    /// The action.
    pub action: Action,
    /// Bound on the server's work on it; what takes longer is cancelled there too. Waiting for a
    /// connection of a pool has the same bound of its own, opening one has the database's.
    pub timeout: Duration,
    /// Its texts as the scenario has them.
    pub written: WrittenStatement,
}

impl StepPlan for SqlStep {
    fn timeout(&self) -> Duration {
        self.timeout
    }

    fn database(&self) -> Option<usize> {
        Some(self.database)
    }
}

/// Action of a step. The steps between [`Action::Begin`] and [`Action::Commit`] on the same
/// database are one transaction: the first that fails rolls it back.
#[derive(Debug)]
pub enum Action {
    /// Begins a transaction.
    Begin {
        /// Its isolation level; None: the session's.
        isolation: Option<Isolation>,
        /// SQLite: take the write lock at once instead of at the first write, which fails when
        /// another wrote in between.
        immediate: bool,
    },
    /// Runs a statement.
    Statement(Statement),
    /// Ends the transaction.
    Commit,
}

impl Action {
    /// The statement, when it runs one.
    pub fn statement(&self) -> Option<&Statement> {
        match self {
            Action::Statement(statement) => Some(statement),
            Action::Begin { .. } | Action::Commit => None,
        }
    }
}

/// A statement and what its response must be.
#[derive(Debug)]
pub struct Statement {
    /// Its text, split at the placeholders.
    pub text: Text,
    /// The values of `$1`, `$2`...; as many as the text has.
    pub params: Vec<Param>,
    /// Expectations of the response.
    pub expect: Expect,
    /// Values that are kept of the first row.
    pub extract: Vec<Extract>,
    /// Number of tries in all when the server ends it because of others (a serialization
    /// failure or a deadlock). Only outside a transaction, which is tried again as a whole.
    pub max_tries: NonZeroU32,
}

impl Statement {
    /// The columns whose values matter: those that are expected to have one, then those to extract.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let expected = self.expect.values.iter().map(|(column, _)| column);
        let extracted = self.extract.iter().map(|extract| &extract.column);
        expected.chain(extracted).map(String::as_str)
    }
}

/// The value of a placeholder.
#[derive(Debug, Clone, PartialEq)]
pub enum Param {
    /// Always the same.
    Literal(Value),
    /// The variable at this index of the task run's values, in its own type.
    Variable(usize),
    /// Text with variables in it.
    Text(Template),
}

/// Expectations of a response.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expect {
    /// Rows returned or, for a statement that returns none, changed.
    pub rows: Option<Rows>,
    /// Values that columns of the first row must have.
    pub values: Vec<(String, Param)>,
    /// Values as they may be shown, by column, where the environment holds them.
    pub written: BTreeMap<String, String>,
}

/// A condition on a number of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Exactly this many.
    Exactly(u64),
    /// At least this many.
    AtLeast(u64),
    /// At most this many.
    AtMost(u64),
}

impl Rows {
    /// Returns true if `seen` rows fulfil it.
    pub fn holds(self, seen: u64) -> bool {
        match self {
            Rows::Exactly(rows) => seen == rows,
            Rows::AtLeast(rows) => seen >= rows,
            Rows::AtMost(rows) => seen <= rows,
        }
    }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rows::Exactly(rows) => write!(f, "{rows}"),
            Rows::AtLeast(rows) => write!(f, "at least {rows}"),
            Rows::AtMost(rows) => write!(f, "at most {rows}"),
        }
    }
}

/// A value that is kept for later steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extract {
    /// Name of the column.
    pub column: String,
    /// Place of the variable among the task run's values.
    pub variable: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_never_shown() {
        for (url, shown) in [
            (
                "postgres://app:s3cret@db.example/shop",
                "postgres://app:***@db.example/shop",
            ),
            (
                "mysql://app@db/shop?password=s3cret&ssl-mode=required",
                "mysql://app@db/shop?password=***&ssl-mode=required",
            ),
            ("sqlite:orders.db?mode=rwc", "sqlite:orders.db?mode=rwc"),
            ("s3cret", "***"),
        ] {
            let secret = Secret::new(url);
            assert_eq!(format!("{secret:?}"), shown);
            assert_eq!(secret.expose(), url);
        }
    }

    #[test]
    fn the_scheme_names_the_backend() {
        assert_eq!(Backend::of("postgresql://x"), Some(Backend::Postgres));
        assert_eq!(Backend::of("mariadb://x"), Some(Backend::MySql));
        assert_eq!(Backend::of("sqlite::memory:"), Some(Backend::Sqlite));
        assert_eq!(Backend::of("oracle://x"), None);
        assert_eq!(Backend::of("postgres"), None);
    }
}
