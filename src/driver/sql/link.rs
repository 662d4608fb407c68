//! One open connection, whichever server it leads to.

use super::{
    console::Row,
    read::{self, Read},
    request::{Answer, Call, Request},
    setup::{Options, Target},
};
use crate::plan::sql::Statement;
use futures_util::TryStreamExt;
use sqlx::{
    AssertSqlSafe, Connection, Database, Either, Executor, MySql, MySqlConnection, PgConnection,
    Postgres, Row as _, SqlSafeStr, SqliteConnection,
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// A connection and what its work is stopped by.
#[derive(Debug)]
pub struct Link {
    wire: Wire,
    key: Key,
}

#[derive(Debug)]
enum Wire {
    Postgres(Box<PgConnection>),
    MySql(Box<MySqlConnection>),
    Sqlite(Box<SqliteConnection>),
}

/// How others name a connection to stop what it does.
#[derive(Debug, Clone)]
pub enum Key {
    /// The server's number of the session.
    Session(u64),
    /// SQLite looks at it as it goes.
    Interrupt(Arc<AtomicBool>),
}

/// How many of its steps SQLite does between two looks at whether it is interrupted.
const STEPS: i32 = 1000;

impl Link {
    /// Opens a connection and sets its session up.
    pub async fn open(target: &Target) -> Result<Self, sqlx::Error> {
        let greeting = || AssertSqlSafe(target.greeting());
        Ok(match &target.options {
            Options::Postgres(options) => {
                let mut connection = PgConnection::connect_with(options).await?;
                let rows = connection.fetch_all(greeting()).await?;
                Self {
                    key: Key::Session(session::<i32, Postgres>(&rows)?.unsigned_abs().into()),
                    wire: Wire::Postgres(Box::new(connection)),
                }
            }
            Options::MySql(options) => {
                let mut connection = MySqlConnection::connect_with(options).await?;
                let rows = connection.fetch_all(greeting()).await?;
                Self {
                    key: Key::Session(session::<u64, MySql>(&rows)?),
                    wire: Wire::MySql(Box::new(connection)),
                }
            }
            Options::Sqlite(options) => {
                let mut connection = SqliteConnection::connect_with(options).await?;
                let interrupt = Arc::new(AtomicBool::new(false));
                let seen = Arc::clone(&interrupt);
                connection
                    .lock_handle()
                    .await?
                    .set_progress_handler(STEPS, move || !seen.load(Ordering::Relaxed));
                Self {
                    key: Key::Interrupt(interrupt),
                    wire: Wire::Sqlite(Box::new(connection)),
                }
            }
        })
    }

    /// How others name it.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// Does what is asked, to the end of the answer.
    pub async fn exchange(
        &mut self,
        request: Request,
        statement: Option<&Statement>,
        answer: &mut Answer,
    ) -> Result<(), sqlx::Error> {
        match (&mut self.wire, request) {
            (Wire::Postgres(wire), Request::Postgres(call)) => {
                exchange(&mut **wire, call, statement, answer).await
            }
            (Wire::MySql(wire), Request::MySql(call)) => {
                exchange(&mut **wire, call, statement, answer).await
            }
            (Wire::Sqlite(wire), Request::Sqlite(call)) => {
                exchange(&mut **wire, call, statement, answer).await
            }
            // Requests are made for the database that they go to.
            _ => Err(sqlx::Error::Protocol("a request for another server".into())),
        }
    }

    /// Does what is asked, keeps all its rows, and tells how many were changed.
    pub async fn all(&mut self, request: Request, rows: &mut Vec<Row>) -> Result<u64, sqlx::Error> {
        match (&mut self.wire, request) {
            (Wire::Postgres(wire), Request::Postgres(call)) => all(&mut **wire, call, rows).await,
            (Wire::MySql(wire), Request::MySql(call)) => all(&mut **wire, call, rows).await,
            (Wire::Sqlite(wire), Request::Sqlite(call)) => all(&mut **wire, call, rows).await,
            // Requests are made for the database that they go to.
            _ => Err(sqlx::Error::Protocol("a request for another server".into())),
        }
    }

    /// Prepares a statement, without doing it.
    pub async fn prepare(&mut self, sql: &str) -> Result<Prepared, sqlx::Error> {
        let sql = AssertSqlSafe(sql).into_sql_str();
        Ok(match &mut self.wire {
            Wire::Postgres(wire) => Prepared::Postgres(wire.prepare(sql).await?),
            Wire::MySql(wire) => Prepared::MySql(wire.prepare(sql).await?),
            Wire::Sqlite(wire) => Prepared::Sqlite(wire.prepare(sql).await?),
        })
    }

    /// The only value of what a text returns.
    pub async fn text(&mut self, sql: &str) -> Result<String, sqlx::Error> {
        let sql = AssertSqlSafe(sql);
        match &mut self.wire {
            Wire::Postgres(wire) => wire.fetch_one(sql).await?.try_get(0),
            Wire::MySql(wire) => wire.fetch_one(sql).await?.try_get(0),
            Wire::Sqlite(wire) => wire.fetch_one(sql).await?.try_get(0),
        }
    }

    /// Says goodbye.
    pub async fn close(self) {
        // It is gone either way.
        let _ = match self.wire {
            Wire::Postgres(wire) => wire.close().await,
            Wire::MySql(wire) => wire.close().await,
            Wire::Sqlite(wire) => wire.close().await,
        };
    }
}

/// What a server said of a statement.
pub enum Prepared {
    /// PostgreSQL, with the types of the parameters.
    Postgres(sqlx::postgres::PgStatement),
    /// MySQL.
    MySql(sqlx::mysql::MySqlStatement),
    /// SQLite.
    Sqlite(sqlx::sqlite::SqliteStatement),
}

fn session<'r, T, DB>(rows: &'r [DB::Row]) -> Result<T, sqlx::Error>
where
    DB: Database,
    T: sqlx::Decode<'r, DB>,
    usize: sqlx::ColumnIndex<DB::Row>,
{
    rows.last()
        .ok_or(sqlx::Error::RowNotFound)?
        .try_get_unchecked(0)
}

async fn exchange<'c, DB: Read, C>(
    connection: C,
    call: Call<DB>,
    statement: Option<&Statement>,
    answer: &mut Answer,
) -> Result<(), sqlx::Error>
where
    C: Executor<'c, Database = DB>,
    for<'n> &'n str: sqlx::ColumnIndex<DB::Row>,
{
    let mut parts = connection.fetch_many(call);
    while let Some(part) = parts.try_next().await? {
        match part {
            Either::Left(done) => answer.changed += DB::changed(&done),
            Either::Right(row) => {
                answer.rows += 1;
                if let Some(statement) = statement.filter(|_| answer.rows == 1) {
                    answer.take::<DB>(&row, statement);
                }
            }
        }
    }
    Ok(())
}

async fn all<'c, DB: Read, C>(
    connection: C,
    call: Call<DB>,
    rows: &mut Vec<Row>,
) -> Result<u64, sqlx::Error>
where
    C: Executor<'c, Database = DB>,
    usize: sqlx::ColumnIndex<DB::Row>,
{
    let mut changed = 0;
    let mut parts = connection.fetch_many(call);
    while let Some(part) = parts.try_next().await? {
        match part {
            Either::Left(done) => changed += DB::changed(&done),
            Either::Right(row) => rows.push(read::row::<DB>(&row)?),
        }
    }
    Ok(changed)
}
