//! One open connection, whichever server it leads to.

use super::{
    bounds::Tally,
    cancel::CancelToken,
    datum::{Data, Row},
    error::Error,
    mysql::{self, guard::guarded},
    postgres::{self, Shape},
    read::{self, Read},
    request::{Call, Query, Request},
    response::Response,
    setup::{Options, Target},
    sqlite::Interrupt,
};
use crate::plan::sql::{Limits, Statement};
use futures_util::{
    FutureExt, TryStreamExt,
    future::{BoxFuture, ready},
};
use sqlx::{Connection as _, Either, Executor, MySqlConnection, SqlStr, SqliteConnection};
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

/// A connection and the token that cancels its work, behind one pointer that is cheap to hand from
/// step to step.
#[derive(Debug)]
pub struct Connection(Box<Parts>);

#[derive(Debug)]
struct Parts {
    wire: Wire,
    token: CancelToken,
    limits: Limits,
}

#[expect(clippy::large_enum_variant, reason = "boxed with what is around it")]
#[derive(Debug)]
enum Wire {
    Postgres(postgres::Connection),
    MySql(MySqlConnection),
    Sqlite(SqliteConnection),
}

impl Connection {
    fn new(wire: Wire, token: CancelToken, target: &Target) -> Self {
        Self(Box::new(Parts {
            wire,
            token,
            limits: target.database.limits,
        }))
    }

    /// Opens a connection and sets its session up.
    pub async fn open(target: &Target) -> Result<Self, Error> {
        Ok(match &target.options {
            Options::Postgres(options) => {
                let connection = postgres::Connection::open(options).await?;
                let token = CancelToken::Postgres(connection.key());
                Self::new(Wire::Postgres(connection), token, target)
            }
            Options::MySql(options) => {
                let opened = mysql::connect::open(options, &target.database);
                let (connection, number) = guarded(async { Ok(opened.await?) }.boxed()).await?;
                Self::new(Wire::MySql(connection), CancelToken::MySql(number), target)
            }
            Options::Sqlite(options) => {
                let mut connection = SqliteConnection::connect_with(options).await?;
                let token = CancelToken::Sqlite(Interrupt::of(&mut connection).await?);
                Self::new(Wire::Sqlite(connection), token, target)
            }
        })
    }

    /// Makes the runtime that this is called in watch the connection. One of sqlx's goes on being
    /// watched by the runtime that it was opened in.
    pub fn move_here(&mut self) {
        match &mut self.0.wire {
            Wire::Postgres(wire) => wire.move_here(),
            Wire::MySql(_) | Wire::Sqlite(_) => {}
        }
    }

    /// Token that cancels its work.
    pub fn cancel_token(&self) -> &CancelToken {
        &self.0.token
    }

    /// Numbers of bytes ever sent and received; none where sqlx does not tell.
    pub fn traffic(&self) -> [u64; 2] {
        match &self.0.wire {
            Wire::Postgres(wire) => wire.traffic(),
            Wire::MySql(_) | Wire::Sqlite(_) => [0; 2],
        }
    }

    /// Does what is asked, to the end of the response.
    pub fn exchange<'a>(
        &'a mut self,
        request: Request,
        statement: Option<&'a Statement>,
        response: &'a mut Response,
    ) -> Exchange<'a> {
        let tally = Tally::new(self.0.limits);
        match (&mut self.0.wire, request) {
            (Wire::Postgres(wire), Request::Postgres(query)) => {
                let ready = match query {
                    Query::Bound => Ok(()),
                    Query::Text(sql) => wire.write(sql.as_str()),
                };
                match ready {
                    Ok(()) => Exchange::Postgres {
                        wire,
                        statement,
                        response,
                    },
                    Err(error) => Exchange::refused(error.into()),
                }
            }
            (Wire::MySql(wire), Request::MySql(call)) => {
                let exchange = exchange(wire, *call, statement, response, tally);
                Exchange::Boxed(Box::pin(guarded(exchange)))
            }
            (Wire::Sqlite(wire), Request::Sqlite(call)) => {
                let exchange = exchange(wire, *call, statement, response, tally);
                Exchange::Boxed(Box::pin(exchange))
            }
            _ => Exchange::refused(astray()),
        }
    }

    /// Does what is asked, keeps all its rows, and tells how many were changed.
    pub async fn all(&mut self, request: Request, rows: &mut Vec<Row>) -> Result<u64, Error> {
        let tally = Tally::new(self.0.limits);
        Ok(match (&mut self.0.wire, request) {
            (Wire::Postgres(wire), Request::Postgres(Query::Text(sql))) => {
                wire.all(sql.as_str(), rows).await?
            }
            (Wire::MySql(wire), Request::MySql(call)) => {
                guarded(all(wire, *call, rows, tally).boxed()).await?
            }
            (Wire::Sqlite(wire), Request::Sqlite(call)) => all(wire, *call, rows, tally).await?,
            _ => return Err(astray()),
        })
    }

    /// Returns true if the statement of step `index` can be bound; always for MySQL and SQLite,
    /// whose statements sqlx prepares.
    pub fn is_prepared(&self, index: usize) -> bool {
        match &self.0.wire {
            Wire::Postgres(wire) => wire.is_prepared(index),
            Wire::MySql(_) | Wire::Sqlite(_) => true,
        }
    }

    /// Has PostgreSQL prepare the statement of step `index` ([`postgres::Connection::prepare`]).
    pub fn prepare<'a>(
        &'a mut self,
        index: usize,
        sql: SqlStr,
        statement: Option<&'a Statement>,
        known: Option<&'a Arc<Shape>>,
    ) -> Exchange<'a> {
        match &mut self.0.wire {
            Wire::Postgres(wire) => Exchange::Boxed(Box::pin(async move {
                Ok(wire.prepare(index, sql.as_str(), statement, known).await?)
            })),
            _ => Exchange::refused(astray()),
        }
    }

    /// Makes PostgreSQL ready to execute a prepared statement ([`postgres::Connection::bind`]).
    ///
    /// # Errors
    /// In words, when it cannot be executed.
    pub fn bind(&mut self, index: usize, data: &Data<'_>) -> Result<(), String> {
        match &mut self.0.wire {
            Wire::Postgres(wire) => wire.bind(index, data),
            _ => Err(ASTRAY.to_owned()),
        }
    }

    /// Says goodbye.
    pub async fn close(self) {
        match self.0.wire {
            Wire::Postgres(wire) => wire.close().await,
            // It is gone either way.
            Wire::MySql(wire) => drop(wire.close().await),
            Wire::Sqlite(wire) => drop(wire.close().await),
        }
    }
}

/// Future of [`Connection::exchange`], which is small, since each step has one, and that boxes its
/// error, since few have any.
pub enum Exchange<'a> {
    /// Over our own connection.
    Postgres {
        wire: &'a mut postgres::Connection,
        statement: Option<&'a Statement>,
        response: &'a mut Response,
    },
    /// Over one of sqlx's, or a refusal.
    Boxed(BoxFuture<'a, Result<(), Error>>),
}

impl Exchange<'_> {
    #[cold]
    fn refused(error: Error) -> Self {
        Self::Boxed(Box::pin(ready(Err(error))))
    }
}

impl Future for Exchange<'_> {
    type Output = Result<(), Box<Error>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Postgres {
                wire,
                statement,
                response,
            } => wire
                .poll_exchange(cx, *statement, response)
                .map_err(|error| Box::new(error.into())),
            Self::Boxed(exchange) => exchange.as_mut().poll(cx).map_err(Box::new),
        }
    }
}

/// Requests are made for the database that they go to.
const ASTRAY: &str = "a request for another server";

fn astray() -> Error {
    sqlx::Error::Protocol(ASTRAY.to_owned()).into()
}

async fn exchange<'c, DB: Read, C>(
    connection: C,
    call: Call<DB>,
    statement: Option<&Statement>,
    response: &mut Response,
    mut tally: Tally,
) -> Result<(), Error>
where
    C: Executor<'c, Database = DB>,
    for<'n> &'n str: sqlx::ColumnIndex<DB::Row>,
    usize: sqlx::ColumnIndex<DB::Row>,
{
    let mut parts = connection.fetch_many(call);
    while let Some(part) = parts.try_next().await? {
        match part {
            Either::Left(done) => response.changed += DB::changed(&done),
            Either::Right(row) => {
                count::<DB>(&mut tally, &row)?;
                response.rows += 1;
                if let Some(statement) = statement.filter(|_| response.rows == 1) {
                    response.take::<DB>(&row, statement);
                }
                response.waits();
            }
        }
    }
    Ok(())
}

fn count<DB: Read>(tally: &mut Tally, row: &DB::Row) -> Result<(), Error>
where
    usize: sqlx::ColumnIndex<DB::Row>,
{
    let bytes = read::length::<DB>(row) as u64;
    let counted = tally.row().and_then(|()| tally.add(bytes));
    counted.map_err(Error::protocol)
}

async fn all<'c, DB: Read, C>(
    connection: C,
    call: Call<DB>,
    rows: &mut Vec<Row>,
    mut tally: Tally,
) -> Result<u64, Error>
where
    C: Executor<'c, Database = DB>,
    usize: sqlx::ColumnIndex<DB::Row>,
{
    let mut changed = 0;
    let mut parts = connection.fetch_many(call);
    while let Some(part) = parts.try_next().await? {
        match part {
            Either::Left(done) => changed += DB::changed(&done),
            Either::Right(row) => {
                count::<DB>(&mut tally, &row)?;
                rows.push(read::row::<DB>(&row)?);
            }
        }
    }
    Ok(changed)
}
