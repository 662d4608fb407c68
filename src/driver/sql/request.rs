//! Requests, as they are sent over a connection.

use crate::plan::sql::Backend;
use sqlx::{Database, Execute, MySql, SqlStr, Sqlite, error::BoxDynError};

/// A request to one of the servers.
pub enum Request {
    /// PostgreSQL.
    Postgres(Query),
    /// MySQL. Boxed, like the next, because it is large and would make PostgreSQL's as large.
    MySql(Box<Call<MySql>>),
    /// SQLite.
    Sqlite(Box<Call<Sqlite>>),
}

/// A request to PostgreSQL.
pub enum Query {
    /// A text, as it is.
    Text(SqlStr),
    /// The statement that was bound last ([`super::connection::Connection::bind`]).
    Bound,
}

/// A text and its arguments.
pub struct Call<DB: Database> {
    pub sql: SqlStr,
    /// None: sent as it is, without preparing it.
    pub arguments: Option<DB::Arguments>,
    /// Kept prepared.
    pub persistent: bool,
}

impl Request {
    /// A text without parameters.
    pub fn plain(backend: Backend, sql: SqlStr) -> Self {
        match backend {
            Backend::Postgres => Request::Postgres(Query::Text(sql)),
            Backend::MySql => Request::MySql(Box::new(Call::plain(sql))),
            Backend::Sqlite => Request::Sqlite(Box::new(Call::plain(sql))),
        }
    }
}

impl<DB: Database> Call<DB> {
    fn plain(sql: SqlStr) -> Self {
        Self {
            sql,
            arguments: None,
            persistent: false,
        }
    }
}

impl<DB: Database> Execute<'_, DB> for Call<DB> {
    fn sql(self) -> SqlStr {
        self.sql
    }

    fn statement(&self) -> Option<&DB::Statement> {
        None
    }

    fn take_arguments(&mut self) -> Result<Option<DB::Arguments>, BoxDynError> {
        Ok(self.arguments.take())
    }

    fn persistent(&self) -> bool {
        self.persistent
    }
}
