//! What every worker's driver needs to know, made once before the run.

use super::{
    kind::Kind,
    pool::Shared,
    postgres::{Account, Column},
    roots,
};
use crate::plan::sql::{Backend, Database, Isolation, Tls};
use sqlx::{
    ConnectOptions,
    mysql::{MySqlConnectOptions, MySqlSslMode},
    postgres::{PgConnectOptions, PgSslMode},
    sqlite::SqliteConnectOptions,
};
use std::{str::FromStr, sync::Arc};

/// Databases to connect to and statements as they are sent. [`super::prepare_all`] makes it.
#[derive(Debug)]
pub struct Setup {
    pub(super) targets: Vec<Target>,
    /// By database; None: each session has a connection of its own.
    pub(super) pools: Vec<Option<Shared>>,
    /// By [`crate::plan::Step::index`].
    pub(super) statements: Vec<Option<Compiled>>,
}

/// A database and how it is connected to.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) database: Database,
    pub(super) options: Options,
}

#[derive(Debug)]
pub(super) enum Options {
    /// For the load, and for what is asked through sqlx.
    Postgres(Box<(Account, PgConnectOptions)>),
    MySql(MySqlConnectOptions),
    Sqlite(SqliteConnectOptions),
}

/// A statement as it is sent.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) sql: Arc<str>,
    pub(super) form: Form,
    /// Its answer is rows, even when there are none.
    pub(super) returns_rows: bool,
}

/// How a statement's parameters travel.
#[derive(Debug)]
pub(super) enum Form {
    /// Typed, in binary.
    Postgres {
        /// The parameters.
        kinds: Vec<Kind>,
        /// Those whose values matter ([`crate::plan::sql::Statement::columns`]).
        columns: Vec<Column>,
    },
    /// In the order of the `?`s.
    MySql(Vec<u16>),
    /// By number.
    Sqlite,
    /// Written into the text.
    Literal,
}

impl Target {
    /// Connections that keep `statements` prepared statements.
    ///
    /// # Errors
    /// In words, when the URL or a certificate file cannot be used.
    pub(super) fn new(database: &Database, statements: usize) -> Result<Self, String> {
        let url = database.url.expose();
        // A few are ours.
        let capacity = statements + 8;
        let options = match database.backend {
            Backend::Postgres => {
                postgres(database, url).map(|both| Options::Postgres(Box::new(both)))
            }
            Backend::MySql => mysql(database, url, capacity).map(Options::MySql),
            Backend::Sqlite => sqlite(database, url, capacity).map(Options::Sqlite),
        };
        Ok(Self {
            database: database.clone(),
            options: options.map_err(|problem| format!("database {}: {problem}", database.name))?,
        })
    }

    /// What is said on each new connection: what bound on statements and isolation level the session
    /// has, unless it is to have the server's. The answer's only value is the server's name for the
    /// session.
    pub(super) fn greeting(&self) -> String {
        let limit = self
            .database
            .server_limit
            .then_some(self.database.statement_timeout);
        let isolation = self.database.isolation.map_or("", Isolation::sql);
        let mut sql = String::new();
        match self.database.backend {
            Backend::Postgres => {
                if let Some(limit) = limit {
                    let millis = limit.as_millis().max(1);
                    sql += &format!("SET statement_timeout = {millis};");
                }
                if !isolation.is_empty() {
                    sql += &format!("SET default_transaction_isolation = '{isolation}';");
                }
                sql + "SELECT pg_backend_pid()"
            }
            // The comments that only MariaDB, and only MySQL, reads: each has a variable of its own.
            Backend::MySql => {
                if let Some(limit) = limit {
                    let (seconds, millis) = (limit.as_secs_f64(), limit.as_millis().max(1));
                    sql += &format!(
                        "SET SESSION /*M!100101 max_statement_time = {seconds:.6} */ \
                         /*!50708 max_execution_time = {millis} */;"
                    );
                }
                if !isolation.is_empty() {
                    sql += &format!("SET SESSION TRANSACTION ISOLATION LEVEL {isolation};");
                }
                sql + "SELECT CONNECTION_ID()"
            }
            Backend::Sqlite => sql,
        }
    }
}

fn postgres(database: &Database, url: &str) -> Result<(Account, PgConnectOptions), String> {
    let mut options = PgConnectOptions::from_str(url)
        .map_err(in_words)?
        .disable_statement_logging();
    if options.get_application_name().is_none() {
        options = options.application_name("loadgen");
    }
    if let Some(tls) = database.tls {
        options = options.ssl_mode(match tls {
            Tls::Disable => PgSslMode::Disable,
            Tls::Prefer => PgSslMode::Prefer,
            Tls::Require => PgSslMode::Require,
            Tls::VerifyCa => PgSslMode::VerifyCa,
            Tls::VerifyFull => PgSslMode::VerifyFull,
        });
    }
    let account = Account::new(&options, database)?;
    Ok(match roots::pem(database)? {
        Some(pem) => (account, options.ssl_root_cert_from_pem(pem)),
        None => (account, options),
    })
}

fn mysql(database: &Database, url: &str, capacity: usize) -> Result<MySqlConnectOptions, String> {
    let mut options = MySqlConnectOptions::from_str(url)
        .map_err(in_words)?
        .statement_cache_capacity(capacity)
        .disable_statement_logging()
        // The session shall be as the server makes it for everyone. The character set is agreed
        // on in the handshake.
        .pipes_as_concat(false)
        .no_engine_substitution(false)
        .timezone(None)
        .set_names(false);
    if let Some(tls) = database.tls {
        options = options.ssl_mode(match tls {
            Tls::Disable => MySqlSslMode::Disabled,
            Tls::Prefer => MySqlSslMode::Preferred,
            Tls::Require => MySqlSslMode::Required,
            Tls::VerifyCa => MySqlSslMode::VerifyCa,
            Tls::VerifyFull => MySqlSslMode::VerifyIdentity,
        });
    }
    Ok(match roots::pem(database)? {
        Some(pem) => options.ssl_ca_from_pem(pem),
        None => options,
    })
}

fn sqlite(database: &Database, url: &str, capacity: usize) -> Result<SqliteConnectOptions, String> {
    let options = SqliteConnectOptions::from_str(url).map_err(in_words)?;
    Ok(options
        .statement_cache_capacity(capacity)
        .busy_timeout(database.statement_timeout)
        .disable_statement_logging())
}

/// What is wrong with a URL, without the URL itself, which may hold a password.
fn in_words(error: sqlx::Error) -> String {
    match error {
        sqlx::Error::Configuration(source) => format!("its url cannot be used: {source}"),
        other => format!("its url cannot be used: {other}"),
    }
}
