//! Requests for the steps of a scenario.

use super::{
    compiled::{Compiled, Form},
    connection::Connection,
    datum::Data,
    literal,
    request::{Call, Request},
    sqlite,
    target::Target,
};
use loadgen_data::Value;
use loadgen_plan::sql::{Backend, Statement};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
use std::sync::Arc;

impl Connection {
    /// Makes the request that begins or ends a transaction as step `index`. Prepared if
    /// PostgreSQL's statements are.
    ///
    /// # Errors
    /// In words, when it cannot be sent.
    pub fn boundary(
        &mut self,
        target: &Target,
        index: usize,
        sql: SqlStr,
    ) -> Result<Request, String> {
        match target.database.backend {
            Backend::Postgres if target.database.prepared => {
                self.bind(index, &Form::Postgres(None), &Data::none())?;
                Ok(Request::Bound)
            }
            _ => Ok(Request::Text(sql)),
        }
    }

    /// The statement of step `index` with its values, to be sent at once.
    ///
    /// # Errors
    /// In words, when a value is not of the type that its parameter has.
    pub fn statement(
        &mut self,
        target: &Target,
        index: usize,
        compiled: &Compiled,
        statement: &Statement,
        values: &[Value],
    ) -> Result<Request, String> {
        let data = Data::new(statement, values);
        Ok(match &compiled.form {
            form @ (Form::Postgres(_) | Form::MySql(_)) => {
                self.bind(index, form, &data)?;
                Request::Bound
            }
            Form::Sqlite { keep } => Request::Sqlite(Box::new(Call {
                sql: AssertSqlSafe(Arc::clone(&compiled.sql)).into_sql_str(),
                arguments: Some(sqlite::bind::arguments(&data)?),
                persistent: *keep,
            })),
            Form::Literal => {
                let text = literal::render(&statement.text, &data, target.database.backend)?;
                Request::Text(AssertSqlSafe(text).into_sql_str())
            }
        })
    }
}
