//! Requests, as they are sent over a connection.

use sqlx::{Execute, SqlStr, Sqlite, error::BoxDynError, sqlite::SqliteArguments};

/// A request to a server.
pub enum Request {
    /// A text, as it is; several statements may be in it.
    Text(SqlStr),
    /// The statement that was bound last ([`super::connection::Connection::bind`]).
    Bound,
    /// A statement of SQLite. Boxed, because it is large and would make the others as large.
    Sqlite(Box<Call>),
}

/// A statement of SQLite and its arguments.
pub struct Call {
    pub sql: SqlStr,
    /// None: executed as it is, without preparing it.
    pub arguments: Option<SqliteArguments>,
    /// Kept prepared.
    pub persistent: bool,
}

impl Call {
    /// A text without parameters.
    pub fn plain(sql: SqlStr) -> Self {
        Self {
            sql,
            arguments: None,
            persistent: false,
        }
    }
}

impl Execute<'_, Sqlite> for Call {
    fn sql(self) -> SqlStr {
        self.sql
    }

    fn statement(&self) -> Option<&<Sqlite as sqlx::Database>::Statement> {
        None
    }

    fn take_arguments(&mut self) -> Result<Option<SqliteArguments>, BoxDynError> {
        Ok(self.arguments.take())
    }

    fn persistent(&self) -> bool {
        self.persistent
    }
}
