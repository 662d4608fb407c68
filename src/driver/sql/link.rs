//! One open connection, whichever server it leads to.

use super::{
    bind::Data,
    console::Row,
    error::Error,
    kind::Kind,
    postgres::{self, Query},
    read::{self, Read},
    request::{Answer, Call, Request},
    setup::{Options, Target},
};
use crate::{data::Value, plan::sql::Statement};
use futures_util::TryStreamExt;
use sqlx::{
    AssertSqlSafe, Connection, Either, Executor, MySqlConnection, Row as _, SqliteConnection,
    mysql::MySqlRow,
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
    Postgres(Box<postgres::Connection>),
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
    pub async fn open(target: &Target) -> Result<Self, Error> {
        let greeting = || AssertSqlSafe(target.greeting());
        Ok(match &target.options {
            Options::Postgres(both) => {
                let mut connection = postgres::Connection::open(&both.0).await?;
                let mut rows = Vec::new();
                connection.all(&target.greeting(), &mut rows).await?;
                let number = rows.last().and_then(|row| row.last());
                let Some((_, Value::Int(session))) = number else {
                    return Err(sqlx::Error::RowNotFound.into());
                };
                Self {
                    key: Key::Session(session.unsigned_abs()),
                    wire: Wire::Postgres(Box::new(connection)),
                }
            }
            Options::MySql(options) => {
                let mut connection = MySqlConnection::connect_with(options).await?;
                let rows = connection.fetch_all(greeting()).await?;
                Self {
                    key: Key::Session(session(&rows)?),
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

    /// How many bytes have ever been sent and received; none where sqlx does not tell.
    pub fn traffic(&self) -> [u64; 2] {
        match &self.wire {
            Wire::Postgres(wire) => wire.traffic(),
            Wire::MySql(_) | Wire::Sqlite(_) => [0; 2],
        }
    }

    /// Does what is asked, to the end of the answer.
    pub async fn exchange(
        &mut self,
        request: Request<'_>,
        statement: Option<&Statement>,
        answer: &mut Answer,
    ) -> Result<(), Error> {
        match (&mut self.wire, request) {
            (Wire::Postgres(wire), Request::Postgres(query)) => {
                wire.exchange(query, statement, answer).await?;
            }
            // Boxed, so that what sqlx needs to remember is no part of every step.
            (Wire::MySql(wire), Request::MySql(call)) => {
                Box::pin(exchange(&mut **wire, *call, statement, answer)).await?;
            }
            (Wire::Sqlite(wire), Request::Sqlite(call)) => {
                Box::pin(exchange(&mut **wire, *call, statement, answer)).await?;
            }
            _ => return Err(astray()),
        }
        Ok(())
    }

    /// Does what is asked, keeps all its rows, and tells how many were changed.
    pub async fn all(&mut self, request: Request<'_>, rows: &mut Vec<Row>) -> Result<u64, Error> {
        Ok(match (&mut self.wire, request) {
            (Wire::Postgres(wire), Request::Postgres(Query::Text(sql))) => {
                wire.all(sql.as_str(), rows).await?
            }
            (Wire::MySql(wire), Request::MySql(call)) => all(&mut **wire, *call, rows).await?,
            (Wire::Sqlite(wire), Request::Sqlite(call)) => all(&mut **wire, *call, rows).await?,
            _ => return Err(astray()),
        })
    }

    /// Makes PostgreSQL ready to execute a prepared statement ([`postgres::Connection::bind`]).
    ///
    /// # Errors
    /// In words, when a value is none of its parameter's type.
    pub fn bind(
        &mut self,
        index: usize,
        sql: &str,
        kinds: &[Kind],
        data: &Data<'_>,
    ) -> Result<(), String> {
        match &mut self.wire {
            Wire::Postgres(wire) => wire.bind(index, sql, kinds, data),
            _ => Err(ASTRAY.to_owned()),
        }
    }

    /// Says goodbye.
    pub async fn close(self) {
        match self.wire {
            Wire::Postgres(wire) => wire.close().await,
            // It is gone either way.
            Wire::MySql(wire) => drop(wire.close().await),
            Wire::Sqlite(wire) => drop(wire.close().await),
        }
    }
}

/// Requests are made for the database that they go to.
const ASTRAY: &str = "a request for another server";

fn astray() -> Error {
    sqlx::Error::Protocol(ASTRAY.to_owned()).into()
}

fn session(rows: &[MySqlRow]) -> Result<u64, sqlx::Error> {
    let row = rows.last().ok_or(sqlx::Error::RowNotFound)?;
    row.try_get_unchecked(0)
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
