//! Operations that the three kinds of connection have in common.

use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{ConnectOptions, Connection, Error, raw_sql};
use std::fmt;

/// A connection that can be pooled, and can hold a transaction.
pub(super) trait Driver:
    Connection<Options: ConnectOptions<Connection = Self>> + fmt::Debug + Sized + 'static
{
    /// On SQLite it takes the write lock at once, where waiting is possible; a transaction that
    /// turns from reading to writing would fail instead.
    const BEGIN: &'static str = "BEGIN";

    /// Runs SQL without parameters and without an answer.
    fn run(&mut self, sql: &'static str) -> impl Future<Output = Result<(), Error>> + Send;
}

impl Driver for SqliteConnection {
    const BEGIN: &'static str = "BEGIN IMMEDIATE";

    async fn run(&mut self, sql: &'static str) -> Result<(), Error> {
        raw_sql(sql).execute(self).await.map(drop)
    }
}

impl Driver for PgConnection {
    async fn run(&mut self, sql: &'static str) -> Result<(), Error> {
        raw_sql(sql).execute(self).await.map(drop)
    }
}

impl Driver for MySqlConnection {
    async fn run(&mut self, sql: &'static str) -> Result<(), Error> {
        raw_sql(sql).execute(self).await.map(drop)
    }
}
