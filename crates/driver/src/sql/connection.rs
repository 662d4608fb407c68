//! One open connection, whichever server it leads to.

use super::{
    bounds::Tally,
    cancel::CancelToken,
    compiled::Form,
    datum::{Data, Row},
    error::Error,
    mysql,
    postgres::{self, Shape},
    request::{Call, Request},
    response::Response,
    sqlite::{self, Interrupt},
    target::{Options, Target},
};
use futures_util::future::{BoxFuture, ready};
use loadgen_plan::sql::{Limits, Statement};
use sqlx::{Connection as _, SqlStr, SqliteConnection};
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

#[derive(Debug)]
enum Wire {
    Postgres(postgres::Connection),
    MySql(mysql::Connection),
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
                let connection = mysql::Connection::open(options).await?;
                let token = CancelToken::MySql(connection.number());
                Self::new(Wire::MySql(connection), token, target)
            }
            Options::Sqlite(options) => {
                let mut connection = SqliteConnection::connect_with(options).await?;
                let token = CancelToken::Sqlite(Interrupt::of(&mut connection).await?);
                Self::new(Wire::Sqlite(connection), token, target)
            }
        })
    }

    /// Makes the runtime that this is called in watch the connection. SQLite's has a thread of its own.
    pub fn move_here(&mut self) {
        match &mut self.0.wire {
            Wire::Postgres(wire) => wire.move_here(),
            Wire::MySql(wire) => wire.move_here(),
            Wire::Sqlite(_) => {}
        }
    }

    /// Token that cancels its work.
    pub fn cancel_token(&self) -> &CancelToken {
        &self.0.token
    }

    /// Numbers of bytes ever sent and received; none to a file.
    pub fn traffic(&self) -> [u64; 2] {
        match &self.0.wire {
            Wire::Postgres(wire) => wire.traffic(),
            Wire::MySql(wire) => wire.traffic(),
            Wire::Sqlite(_) => [0; 2],
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
            (Wire::Postgres(wire), Request::Text(sql)) => match wire.write(sql.as_str()) {
                Ok(()) => Exchange::Postgres {
                    wire,
                    statement,
                    response,
                },
                Err(error) => Exchange::refused(error.into()),
            },
            (Wire::Postgres(wire), Request::Bound) => Exchange::Postgres {
                wire,
                statement,
                response,
            },
            (Wire::MySql(wire), request @ (Request::Text(_) | Request::Bound)) => {
                if let Request::Text(sql) = request {
                    wire.write(sql.as_str());
                }
                Exchange::MySql {
                    wire,
                    statement,
                    response,
                }
            }
            (Wire::Sqlite(wire), request) => {
                let call = match request {
                    Request::Text(sql) => Call::plain(sql),
                    Request::Sqlite(call) => *call,
                    Request::Bound => return Exchange::refused(Error::protocol(ASTRAY)),
                };
                let exchange = sqlite::exchange::exchange(wire, call, statement, response, tally);
                Exchange::Boxed(Box::pin(exchange))
            }
            (Wire::Postgres(_) | Wire::MySql(_), Request::Sqlite(_)) => {
                Exchange::refused(Error::protocol(ASTRAY))
            }
        }
    }

    /// Does what a text asks, keeps all its rows, and tells how many were changed.
    pub async fn all(&mut self, sql: SqlStr, rows: &mut Vec<Row>) -> Result<u64, Error> {
        let tally = Tally::new(self.0.limits);
        Ok(match &mut self.0.wire {
            Wire::Postgres(wire) => wire.all(sql.as_str(), rows).await?,
            Wire::MySql(wire) => wire.all(sql.as_str(), rows).await?,
            Wire::Sqlite(wire) => {
                sqlite::exchange::all(wire, Call::plain(sql), rows, tally).await?
            }
        })
    }

    /// Returns true if the statement of step `index` can be bound; always for SQLite, whose
    /// statements sqlx prepares.
    pub fn is_prepared(&self, index: usize) -> bool {
        match &self.0.wire {
            Wire::Postgres(wire) => wire.is_prepared(index),
            Wire::MySql(wire) => wire.is_prepared(index),
            Wire::Sqlite(_) => true,
        }
    }

    /// Has the server prepare the statement of step `index`. On PostgreSQL it is mostly of the shape
    /// `known` ([`postgres::Connection::prepare`]).
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
            Wire::MySql(wire) => Exchange::Boxed(Box::pin(async move {
                Ok(wire.prepare(index, sql.as_str()).await?)
            })),
            Wire::Sqlite(_) => Exchange::refused(Error::protocol(ASTRAY)),
        }
    }

    /// Makes ready to execute a prepared statement, in the form that it was compiled to.
    ///
    /// # Errors
    /// In words, when it cannot be executed.
    pub fn bind(&mut self, index: usize, form: &Form, data: &Data<'_>) -> Result<(), String> {
        match (&mut self.0.wire, form) {
            (Wire::Postgres(wire), Form::Postgres(_)) => wire.bind(index, data),
            (Wire::MySql(wire), Form::MySql(order)) => wire.bind(index, order, data),
            _ => Err(ASTRAY.to_owned()),
        }
    }

    /// Says goodbye.
    pub async fn close(self) {
        match self.0.wire {
            Wire::Postgres(wire) => wire.close().await,
            Wire::MySql(wire) => wire.close().await,
            // It is gone either way.
            Wire::Sqlite(wire) => drop(wire.close().await),
        }
    }
}

/// Future of [`Connection::exchange`], which is small, since each step has one, and that boxes its
/// error, since few have any.
pub enum Exchange<'a> {
    Postgres {
        wire: &'a mut postgres::Connection,
        statement: Option<&'a Statement>,
        response: &'a mut Response,
    },
    MySql {
        wire: &'a mut mysql::Connection,
        statement: Option<&'a Statement>,
        response: &'a mut Response,
    },
    /// Over one of sqlx's, a preparation, or a refusal.
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
            Self::MySql {
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
