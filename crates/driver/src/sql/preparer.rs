//! A connection for asking what a server makes of a statement, without doing it.

use super::{
    error::Error,
    mysql,
    postgres::{self, Description},
    target::{Options, Target},
};
use sqlx::{
    AssertSqlSafe, Column, Connection, Either, Executor, SqlSafeStr, SqliteConnection, Statement,
};

/// An open one.
pub enum Preparer {
    Postgres(Box<postgres::Connection>),
    MySql(Box<mysql::Connection>),
    Sqlite(SqliteConnection),
}

/// A server's description of a statement.
pub struct Prepared {
    /// Its parameters.
    pub parameters: Parameters,
    /// The names of its columns.
    pub columns: Vec<String>,
}

/// A server's description of a statement's parameters.
pub enum Parameters {
    /// Their number, all that MySQL and SQLite give.
    Counted(usize),
    /// Their types, which PostgreSQL gives with its columns.
    Typed(Description),
}

impl Parameters {
    /// Their number.
    pub fn count(&self) -> usize {
        match self {
            Parameters::Counted(count) => *count,
            Parameters::Typed(description) => description.parameters.len(),
        }
    }
}

impl Preparer {
    /// Connects.
    pub async fn open(target: &Target) -> Result<Self, Error> {
        Ok(match &target.options {
            Options::Postgres(options) => {
                Preparer::Postgres(Box::new(postgres::Connection::open(options).await?))
            }
            Options::MySql(options) => {
                Preparer::MySql(Box::new(mysql::Connection::open(options).await?))
            }
            Options::Sqlite(options) => {
                let mut connection = SqliteConnection::connect_with(options).await?;
                // Opening a file does not look at it.
                connection.execute("PRAGMA schema_version").await?;
                Preparer::Sqlite(connection)
            }
        })
    }

    /// Prepares a statement, which the server does not keep.
    pub async fn prepare(&mut self, sql: &str) -> Result<Prepared, Error> {
        match self {
            Preparer::Postgres(connection) => {
                let description = connection.describe(sql).await?;
                let columns = description.columns.iter();
                Ok(Prepared {
                    columns: columns.map(|column| column.name.clone()).collect(),
                    parameters: Parameters::Typed(description),
                })
            }
            Preparer::MySql(connection) => {
                let (parameters, columns) = connection.describe(sql).await?;
                Ok(Prepared {
                    parameters: Parameters::Counted(parameters),
                    columns,
                })
            }
            Preparer::Sqlite(connection) => {
                let sql = AssertSqlSafe(sql).into_sql_str();
                let statement = connection.prepare(sql).await?;
                let columns = statement.columns().iter();
                let parameters = match statement.parameters() {
                    Some(Either::Left(types)) => types.len(),
                    Some(Either::Right(count)) => count,
                    None => 0,
                };
                Ok(Prepared {
                    parameters: Parameters::Counted(parameters),
                    columns: columns.map(|column| column.name().to_owned()).collect(),
                })
            }
        }
    }

    /// The only value of the only row of a query to PostgreSQL, as text.
    pub async fn ask(&mut self, sql: &str) -> Result<Option<String>, Error> {
        let Preparer::Postgres(connection) = self else {
            return Ok(None);
        };
        let mut rows = Vec::new();
        connection.all(sql, &mut rows).await?;
        let value = rows.into_iter().flatten().next().map(|(_, value)| value);
        Ok(value.map(|value| {
            let mut text = Vec::new();
            value.write_text(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        }))
    }

    /// Says goodbye.
    pub async fn close(self) {
        match self {
            Preparer::Postgres(connection) => connection.close().await,
            Preparer::MySql(connection) => connection.close().await,
            // It is gone either way.
            Preparer::Sqlite(connection) => drop(connection.close().await),
        }
    }
}
