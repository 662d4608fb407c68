//! A connection for asking what a server makes of a statement, without doing it.

use super::setup::{Options, Target};
use sqlx::{
    AssertSqlSafe, Connection, Error, Executor, MySqlConnection, PgConnection, Row, SqlSafeStr,
    SqliteConnection,
    mysql::MySqlStatement,
    postgres::{PgStatement, PgTypeInfo},
    sqlite::SqliteStatement,
};

/// An open one.
pub enum Preparer {
    Postgres(PgConnection),
    MySql(MySqlConnection),
    Sqlite(SqliteConnection),
}

/// What a server said of a statement.
pub enum Prepared {
    /// PostgreSQL, with the types of the parameters.
    Postgres(PgStatement),
    /// MySQL.
    MySql(MySqlStatement),
    /// SQLite.
    Sqlite(SqliteStatement),
}

impl Preparer {
    /// Connects.
    pub async fn open(target: &Target) -> Result<Self, Error> {
        Ok(match &target.options {
            Options::Postgres(both) => {
                Preparer::Postgres(PgConnection::connect_with(&both.1).await?)
            }
            Options::MySql(options) => {
                Preparer::MySql(MySqlConnection::connect_with(options).await?)
            }
            Options::Sqlite(options) => {
                Preparer::Sqlite(SqliteConnection::connect_with(options).await?)
            }
        })
    }

    /// Prepares a statement.
    pub async fn prepare(&mut self, sql: &str) -> Result<Prepared, Error> {
        let sql = AssertSqlSafe(sql).into_sql_str();
        Ok(match self {
            Preparer::Postgres(wire) => Prepared::Postgres(wire.prepare(sql).await?),
            Preparer::MySql(wire) => Prepared::MySql(wire.prepare(sql).await?),
            Preparer::Sqlite(wire) => Prepared::Sqlite(wire.prepare(sql).await?),
        })
    }

    /// A type of PostgreSQL as SQL names it.
    pub async fn type_name(&mut self, info: &PgTypeInfo) -> Result<String, Error> {
        let Preparer::Postgres(wire) = self else {
            return Ok(info.to_string());
        };
        let oid = info.oid().map_or(0, |oid| oid.0);
        // With -1 it gives names that mean any length, as with bit.
        let sql = format!("SELECT format_type({oid}, -1)");
        wire.fetch_one(AssertSqlSafe(sql)).await?.try_get(0)
    }

    /// Says goodbye.
    pub async fn close(self) {
        // It is gone either way.
        let _ = match self {
            Preparer::Postgres(wire) => wire.close().await,
            Preparer::MySql(wire) => wire.close().await,
            Preparer::Sqlite(wire) => wire.close().await,
        };
    }
}
