//! Databases and statements of a run, made once before it for the drivers of all workers.

use super::{
    mysql,
    pool::Shared,
    postgres::{self, Shape},
    sqlite,
};
use loadgen_plan::sql::{Backend, CONNECT_TIMEOUT, ConnectParams, Database};
use sqlx::sqlite::SqliteConnectOptions;
use std::{env, path::PathBuf, sync::Arc, time::Duration};

/// Databases to connect to and statements as they are sent. [`super::prepare_all`] makes it.
#[derive(Debug)]
pub struct Setup {
    pub(super) targets: Vec<Target>,
    /// By database; None: each session has a connection of its own.
    pub(super) pools: Vec<Option<Shared>>,
    /// By [`loadgen_plan::Step::index`].
    pub(super) statements: Vec<Option<Compiled>>,
}

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

/// A statement as it is sent.
#[derive(Debug)]
pub(super) struct Compiled {
    pub(super) sql: Arc<str>,
    pub(super) form: Form,
    /// Its response is rows, even when there are none.
    pub(super) returns_rows: bool,
    /// Each user's session is to have what it sets, whichever connection it has.
    pub(super) sets_session: bool,
}

/// Form in which a statement's parameters are sent.
#[derive(Debug)]
pub(super) enum Form {
    /// As each session finds it; mostly it is of this shape, which was found before the run.
    Postgres(Option<Arc<Shape>>),
    /// In the order of the `?`s.
    MySql(Vec<u16>),
    /// By number.
    Sqlite {
        /// The statement is kept prepared.
        keep: bool,
    },
    /// Written into the text.
    Literal,
}

impl Setup {
    /// Returns true if the statement of step `index` is one of a user start that sets something for
    /// the user's session.
    pub(super) fn sets_session(&self, index: usize) -> bool {
        let compiled = self.statements.get(index);
        compiled.is_some_and(|it| it.as_ref().is_some_and(|it| it.sets_session))
    }
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
