//! What is sent over a connection, and what comes back.

use super::{
    bind::{self, Data, literal},
    link::Link,
    postgres::Query,
    read::{self, Read},
    setup::{Compiled, Form, Target},
};
use crate::{
    data::Value,
    plan::sql::{Backend, Statement},
    time::{Clock, Nanos},
};
use sqlx::{
    AssertSqlSafe, Database, Execute, MySql, SqlSafeStr, SqlStr, Sqlite, error::BoxDynError,
};
use std::sync::Arc;

/// What came of a request.
#[derive(Debug, Default)]
pub struct Answer {
    /// Rows that were returned.
    pub rows: u64,
    /// Rows that were changed.
    pub changed: u64,
    /// Of the first row: the columns that are expected to have a value, then those to extract.
    pub taken: Vec<Result<Value, String>>,
    /// When the first row came, if more was waited for after it.
    pub first_row_at: Option<Nanos>,
    /// Tells when, if anybody wants to know.
    pub clock: Option<Clock>,
}

impl Answer {
    /// Notes that more is waited for.
    pub fn waits(&mut self) {
        if let Some(clock) = self.clock.filter(|_| self.rows > 0) {
            self.first_row_at.get_or_insert_with(|| clock.now());
        }
    }

    /// Reads the first row.
    pub fn take<DB: Read>(&mut self, row: &DB::Row, statement: &Statement)
    where
        for<'n> &'n str: sqlx::ColumnIndex<DB::Row>,
    {
        let columns = statement.columns();
        self.taken
            .extend(columns.map(|column| read::column::<DB>(row, column)));
    }
}

/// What is sent, for one of the servers.
pub enum Request<'a> {
    /// PostgreSQL.
    Postgres(Query<'a>),
    /// MySQL. Boxed, as the next, because it is large and on the way of all.
    MySql(Box<Call<MySql>>),
    /// SQLite.
    Sqlite(Box<Call<Sqlite>>),
}

/// A text and its arguments.
pub struct Call<DB: Database> {
    sql: SqlStr,
    /// None: sent as it is, without preparing it.
    arguments: Option<DB::Arguments>,
    persistent: bool,
}

impl<'a> Request<'a> {
    /// A text without parameters.
    pub fn plain(backend: Backend, sql: SqlStr) -> Self {
        match backend {
            Backend::Postgres => Request::Postgres(Query::Text(sql)),
            Backend::MySql => Request::MySql(Box::new(Call::plain(sql))),
            Backend::Sqlite => Request::Sqlite(Box::new(Call::plain(sql))),
        }
    }

    /// What begins or ends a transaction as step `index`, prepared where the statements are.
    ///
    /// # Errors
    /// In words, when it cannot be sent.
    pub fn boundary(
        link: &mut Link,
        target: &Target,
        index: usize,
        sql: SqlStr,
    ) -> Result<Self, String> {
        match target.database.backend {
            Backend::Postgres if target.database.prepared => {
                link.bind(index, sql.as_str(), &[], &Data::none())?;
                Ok(Request::Postgres(Query::Bound(&[])))
            }
            backend => Ok(Request::plain(backend, sql)),
        }
    }

    /// The statement of step `index` with its values, to be sent over `link` at once.
    ///
    /// # Errors
    /// In words, when a value is not of the type that its parameter has.
    pub fn statement(
        link: &mut Link,
        target: &Target,
        index: usize,
        compiled: &'a Compiled,
        statement: &Statement,
        values: &[Value],
    ) -> Result<Self, String> {
        let data = Data::new(statement, values);
        let sql = || AssertSqlSafe(Arc::clone(&compiled.sql)).into_sql_str();
        let backend = target.database.backend;
        Ok(match &compiled.form {
            Form::Postgres { kinds, columns } => {
                link.bind(index, &compiled.sql, kinds, &data)?;
                Request::Postgres(Query::Bound(columns))
            }
            Form::MySql(order) => Request::MySql(Box::new(Call {
                sql: sql(),
                arguments: Some(bind::mysql::arguments(order, &data)?),
                persistent: true,
            })),
            Form::Sqlite => Request::Sqlite(Box::new(Call {
                sql: sql(),
                arguments: Some(bind::sqlite::arguments(&data)?),
                persistent: target.database.prepared,
            })),
            Form::Literal => {
                let text = literal::render(&statement.text, &data, backend)?;
                Request::plain(backend, AssertSqlSafe(text).into_sql_str())
            }
        })
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
