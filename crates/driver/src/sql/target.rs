//! Databases to connect to.

use super::{mysql, postgres, sqlite};
use loadgen_plan::sql::{Backend, CONNECT_TIMEOUT, ConnectParams, Database};
use sqlx::sqlite::SqliteConnectOptions;
use std::{env, path::PathBuf, time::Duration};

/// A database and how it is connected to.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) database: Database,
    pub(super) options: Options,
    /// Bound on opening a connection.
    pub(super) connect_timeout: Duration,
}

#[derive(Debug)]
pub(super) enum Options {
    Postgres(Box<postgres::ConnectOptions>),
    MySql(Box<mysql::ConnectOptions>),
    Sqlite(Box<SqliteConnectOptions>),
}

impl Target {
    /// For connections that keep `statements` prepared statements.
    ///
    /// # Errors
    /// In words, when the URL or a certificate file cannot be used.
    pub(super) fn new(database: &Database, statements: usize) -> Result<Self, String> {
        let url = database.url.expose();
        let named = |problem: String| format!("database {}: {problem}", database.name);
        let params = ConnectParams::parse(url, database.backend);
        let params = params.and_then(|params| {
            params.with_environment(database.backend, &|name| env::var(name).ok())
        });
        let params = params.map_err(|problem| named(problem.to_string()))?;
        let options = match database.backend {
            Backend::Postgres => {
                let home = env::var_os("HOME").map(PathBuf::from);
                postgres::ConnectOptions::new(&params, database, home.as_deref())
                    .map(|options| Options::Postgres(Box::new(options)))
            }
            Backend::MySql => mysql::ConnectOptions::new(&params, database)
                .map(|options| Options::MySql(Box::new(options))),
            Backend::Sqlite => {
                // A few are ours.
                sqlite::connect::options(database, url, statements + 8)
                    .map(|options| Options::Sqlite(Box::new(options)))
            }
        };
        Ok(Self {
            connect_timeout: database
                .connect_timeout
                .or(params.connect_timeout())
                .unwrap_or(CONNECT_TIMEOUT),
            database: database.clone(),
            options: options.map_err(named)?,
        })
    }

    /// Address of the database and user, for messages.
    pub(super) fn address(&self) -> String {
        match &self.options {
            Options::Postgres(options) => options.name(),
            Options::MySql(options) => options.name(),
            Options::Sqlite(options) => options.get_filename().display().to_string(),
        }
    }
}
