//! One connection for what is asked beside the load: events, observations, verifications.

use super::{
    GRACE,
    cancel::Canceller,
    connection::Connection,
    datum::{Data, Row},
    error, literal,
    target::Target,
};
use loadgen_core::human;
use loadgen_data::Value;
use loadgen_plan::sql::{Database, Expect, Param, Statement, Text};
use sqlx::{AssertSqlSafe, SqlSafeStr};
use std::{num::NonZeroU32, time::Duration};
use tokio::time::timeout;

/// A connection to one of the plan's databases. One that was lost is opened again for what is asked
/// next, so that it outlives a restart of the server.
#[derive(Debug)]
pub struct Console {
    target: Target,
    connection: Option<Connection>,
    canceller: Canceller,
    /// Bound on a statement.
    limit: Duration,
}

impl Console {
    /// Connects.
    ///
    /// # Errors
    /// In words, when that cannot be done.
    pub async fn open(database: &Database) -> Result<Self, String> {
        let mut console = Self {
            target: Target::new(database, 0)?,
            connection: None,
            canceller: Canceller::default(),
            limit: database.statement_timeout,
        };
        let connection = console.connect().await?;
        console.connection = Some(connection);
        Ok(console)
    }

    /// Bounds what is done next to `limit`; the server is asked to end what takes longer.
    pub fn within(&mut self, limit: Duration) -> &mut Self {
        self.limit = limit;
        self
    }

    /// Runs a statement with values for `$1`, `$2`...; without any, also several statements that
    /// semicolons separate. Tells how many rows were changed.
    ///
    /// # Errors
    /// What the server says, in words.
    pub async fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, String> {
        let (changed, _) = self.ask(sql, params).await?;
        Ok(changed)
    }

    /// Runs a statement that reads, and gives all its rows. Where the connection had been kept and
    /// was lost, it is run once more over a new one: a server that was restarted meanwhile has not
    /// said anything yet.
    ///
    /// # Errors
    /// What the server says, in words.
    pub async fn rows(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, String> {
        let kept = self.connection.is_some();
        let mut asked = self.ask(sql, params).await;
        if asked.is_err() && kept && self.connection.is_none() {
            asked = self.ask(sql, params).await;
        }
        asked.map(|(_, rows)| rows)
    }

    /// Says goodbye.
    pub async fn close(self) {
        if let Some(connection) = self.connection {
            connection.close().await;
        }
    }

    async fn connect(&self) -> Result<Connection, String> {
        let database = &self.target.database;
        let said = |words: String| format!("database {}: {words}", database.name);
        match timeout(self.target.connect_timeout, Connection::open(&self.target)).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(said(error::judge_opening(error).detail.to_string())),
            Err(_) => Err(said(format!(
                "no connection within {}",
                human::duration(self.target.connect_timeout)
            ))),
        }
    }

    async fn ask(&mut self, sql: &str, params: &[Value]) -> Result<(u64, Vec<Row>), String> {
        let text = self.text(sql, params)?;
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let limit = self.limit;
        let sql = AssertSqlSafe(text).into_sql_str();
        let mut rows = Vec::new();
        match timeout(limit, connection.all(sql, &mut rows)).await {
            Ok(Ok(changed)) => {
                self.connection = Some(connection);
                Ok((changed, rows))
            }
            Ok(Err(error)) => {
                let verdict = error::judge(error, false);
                if !verdict.broken {
                    self.connection = Some(connection);
                }
                Err(verdict.failure.detail.to_string())
            }
            Err(_) => {
                let ended = self
                    .canceller
                    .cancel(&self.target, connection.cancel_token());
                // A server that does not even hear this is gone.
                let _ = timeout(GRACE, ended).await;
                connection.cancel_token().rearm();
                let limit = human::duration(limit);
                Err(format!("no response within {limit}"))
            }
        }
    }

    /// The statement with its values written in. No server need know it before.
    fn text(&self, sql: &str, params: &[Value]) -> Result<String, String> {
        if params.is_empty() {
            return Ok(sql.to_owned());
        }
        let backend = self.target.database.backend;
        let text = Text::parse(sql, backend).map_err(|error| error.to_string())?;
        if text.parameters() != params.len() {
            return Err(format!(
                "{} values for a statement with {} parameters",
                params.len(),
                text.parameters()
            ));
        }
        let statement = Statement {
            text,
            params: params.iter().cloned().map(Param::Literal).collect(),
            expect: Expect::default(),
            extract: Vec::new(),
            max_tries: NonZeroU32::MIN,
        };
        literal::render(&statement.text, &Data::new(&statement, &[]), backend)
    }
}
