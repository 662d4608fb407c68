//! One connection in use, whichever database it is to.

use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Error};
use std::time::Instant;
use tokio::time::sleep;

use super::driver::Driver;
use super::failure::Failure;
use super::pool::{Lease, State};
use super::value::{mysql_arguments, postgres_arguments, sqlite_arguments};
use super::{Database, Dialect, Row, Statement, Value};
use crate::telemetry::{CallSpan, Called};

/// A connection for one request. Dropping it frees the connection, and rolls back a transaction that
/// was not committed.
#[derive(Debug)]
pub(crate) struct Session {
    lease: AnyLease,
    in_transaction: bool,
    database: Database,
}

/// A statement under way.
struct Started {
    at: Instant,
    span: Option<CallSpan>,
}

/// Kinds of connections.
#[derive(Debug)]
pub(super) enum AnyLease {
    Sqlite(Lease<SqliteConnection>),
    Postgres(Lease<PgConnection>),
    MySql(Lease<MySqlConnection>),
}

/// Does the same with the connection, of whichever kind, and its pieces of SQL.
macro_rules! each {
    ($lease:expr, $values:expr, |$connection:ident, $dialect:ident, $arguments:ident| $body:expr) => {
        match $lease {
            AnyLease::Sqlite(lease) => {
                let ($connection, $dialect) = (&mut **lease, Dialect::Sqlite);
                let $arguments = sqlite_arguments($values)?;
                $body
            }
            AnyLease::Postgres(lease) => {
                let ($connection, $dialect) = (&mut **lease, Dialect::Postgres);
                let $arguments = postgres_arguments($values)?;
                $body
            }
            AnyLease::MySql(lease) => {
                let ($connection, $dialect) = (&mut **lease, Dialect::MySql);
                let $arguments = mysql_arguments($values)?;
                $body
            }
        }
    };
}

impl Session {
    pub(super) fn new(lease: AnyLease, database: Database) -> Self {
        Self {
            lease,
            in_transaction: false,
            database,
        }
    }

    /// Every row that the statement gives.
    pub(crate) async fn fetch_all(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, Error> {
        let started = self.starts(statement).await;
        let done = self.lease.fetch_all(statement, values).await;
        self.ended(statement, started, done)
    }

    /// The first row, if there is one.
    pub(crate) async fn fetch_optional(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<Option<Row>, Error> {
        let started = self.starts(statement).await;
        let done = self.lease.fetch_optional(statement, values).await;
        self.ended(statement, started, done)
    }

    /// Executes the statement and returns the number of rows that it changed.
    pub(crate) async fn execute(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<u64, Error> {
        let started = self.starts(statement).await;
        let done = self.lease.execute(statement, values).await;
        self.ended(statement, started, done)
    }

    /// Inserts a row with a statement made by [`Statement::insert`] and returns its key.
    pub(crate) async fn insert(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<i64, Error> {
        let started = self.starts(statement).await;
        let done = self.lease.insert(statement, values).await;
        self.ended(statement, started, done)
    }

    /// Begins a transaction. On SQLite it takes the write lock at once.
    pub(crate) async fn begin(&mut self) -> Result<(), Error> {
        self.lease.mark(State::Midway);
        let done = match &mut self.lease {
            AnyLease::Sqlite(lease) => lease.run(SqliteConnection::BEGIN).await,
            AnyLease::Postgres(lease) => lease.run(PgConnection::BEGIN).await,
            AnyLease::MySql(lease) => lease.run(MySqlConnection::BEGIN).await,
        };
        self.in_transaction = done.is_ok();
        self.judged(done)
    }

    /// Makes what was done since [`Session::begin`] last.
    pub(crate) async fn commit(&mut self) -> Result<(), Error> {
        self.lease.mark(State::Midway);
        let done = match &mut self.lease {
            AnyLease::Sqlite(lease) => lease.run("COMMIT").await,
            AnyLease::Postgres(lease) => lease.run("COMMIT").await,
            AnyLease::MySql(lease) => lease.run("COMMIT").await,
        };
        self.in_transaction = done.is_err();
        self.judged(done)
    }

    /// Asks the database for a sign of life.
    pub(crate) async fn ping(&mut self) -> Result<(), Error> {
        self.lease.mark(State::Midway);
        let done = match &mut self.lease {
            AnyLease::Sqlite(lease) => lease.ping().await,
            AnyLease::Postgres(lease) => lease.ping().await,
            AnyLease::MySql(lease) => lease.ping().await,
        };
        self.judged(done)
    }

    async fn starts(&mut self, statement: &Statement) -> Started {
        self.lease.mark(State::Midway);
        let database = &self.database;
        let delay = database.delay();
        let called = Called {
            operation: statement.operation(),
            table: statement.table(),
            sql: statement.text(self.lease.dialect()),
        };
        let telemetry = &database.telemetry;
        let server = &database.inner.server;
        let span = telemetry.call(server, called, !delay.is_zero(), || database.pool_use());
        let at = Instant::now();
        if !delay.is_zero() {
            sleep(delay).await;
        }
        Started { at, span }
    }

    fn ended<T>(
        &mut self,
        statement: &Statement,
        started: Started,
        done: Result<T, Error>,
    ) -> Result<T, Error> {
        self.database
            .metrics()
            .done(statement, started.at.elapsed());
        let telemetry = &self.database.telemetry;
        telemetry.ended(started.span, done.as_ref().err());
        self.judged(done)
    }

    /// Learns the connection's state from the end of a statement.
    fn judged<T>(&mut self, done: Result<T, Error>) -> Result<T, Error> {
        match &done {
            Err(error) if Failure::of(error).is_of_connection() => {
                self.lease.mark(State::Broken);
            }
            _ if self.in_transaction => {}
            _ => self.lease.mark(State::Clean),
        }
        if let Err(error) = &done
            && !is_refusal(error)
        {
            self.database.metrics().failed(error);
        }
        done
    }
}

/// A constraint did what it is there for.
fn is_refusal(error: &Error) -> bool {
    error.as_database_error().is_some_and(|error| {
        error.is_foreign_key_violation()
            || error.is_unique_violation()
            || error.is_check_violation()
    })
}

impl AnyLease {
    fn mark(&mut self, state: State) {
        match self {
            AnyLease::Sqlite(lease) => lease.mark(state),
            AnyLease::Postgres(lease) => lease.mark(state),
            AnyLease::MySql(lease) => lease.mark(state),
        }
    }

    fn dialect(&self) -> Dialect {
        match self {
            AnyLease::Sqlite(_) => Dialect::Sqlite,
            AnyLease::Postgres(_) => Dialect::Postgres,
            AnyLease::MySql(_) => Dialect::MySql,
        }
    }

    async fn fetch_all(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, Error> {
        each!(self, values, |connection, dialect, arguments| {
            let query = sqlx::query_with(statement.sql(dialect), arguments);
            let rows = query.fetch_all(connection).await?;
            Ok(rows.into_iter().map(Row::from).collect())
        })
    }

    async fn fetch_optional(
        &mut self,
        statement: &Statement,
        values: &[Value<'_>],
    ) -> Result<Option<Row>, Error> {
        each!(self, values, |connection, dialect, arguments| {
            let query = sqlx::query_with(statement.sql(dialect), arguments);
            Ok(query.fetch_optional(connection).await?.map(Row::from))
        })
    }

    async fn execute(&mut self, statement: &Statement, values: &[Value<'_>]) -> Result<u64, Error> {
        each!(self, values, |connection, dialect, arguments| {
            let query = sqlx::query_with(statement.sql(dialect), arguments);
            Ok(query.execute(connection).await?.rows_affected())
        })
    }

    async fn insert(&mut self, statement: &Statement, values: &[Value<'_>]) -> Result<i64, Error> {
        match self {
            AnyLease::Sqlite(lease) => {
                let arguments = sqlite_arguments(values)?;
                let query = sqlx::query_with(statement.sql(Dialect::Sqlite), arguments);
                Ok(query.execute(&mut **lease).await?.last_insert_rowid())
            }
            AnyLease::Postgres(lease) => {
                let arguments = postgres_arguments(values)?;
                let query = sqlx::query_scalar_with(statement.sql(Dialect::Postgres), arguments);
                query.fetch_one(&mut **lease).await
            }
            AnyLease::MySql(lease) => {
                let arguments = mysql_arguments(values)?;
                let query = sqlx::query_with(statement.sql(Dialect::MySql), arguments);
                let done = query.execute(&mut **lease).await?;
                Ok(done.last_insert_id().cast_signed())
            }
        }
    }
}
