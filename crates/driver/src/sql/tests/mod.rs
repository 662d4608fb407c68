//! The driver against real servers.

/// Makes each function a test per kind of database, so that a failure names the kind: those under
/// `database` take a `Database`, those under `server` the `ServerKind` of a database server.
macro_rules! on_each {
    ($(database: $($test:ident),+;)? $(server: $($of_server:ident),+;)?) => {
        $(mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                let (database, _folder) = super::super::sqlite();
                super::$test(database).await;
            })+
        })?
        on_each! { @ postgres Postgres $($($test)+)?; $($($of_server)+)? }
        on_each! { @ mariadb MariaDb $($($test)+)?; $($($of_server)+)? }
    };
    (@ $module:ident $kind:ident $($test:ident)*; $($of_server:ident)*) => {
        mod $module {
            use super::super::ServerKind;
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::super::served(ServerKind::$kind)).await;
            })*
            $(#[tokio::test]
            async fn $of_server() {
                super::$of_server(ServerKind::$kind).await;
            })*
        }
    };
}

mod basics;
mod caching_sha2;
mod clients;
mod console;
mod errors;
mod hostile;
mod limits;
mod outages;
mod poolers;
mod pools;
mod prepare;
mod properties;
mod tls;
mod transactions;
mod ttfb;
mod types;
mod wire;

use super::{
    Candidate, PrepareError, Problem, Session, SqlDriver, connection::Connection, prepare_all,
    request::Request, response::Response, setup::Setup, target::Target,
};
use crate::{ErrorClass, Outcome, Progress, Timers};
use loadgen_core::time::Clock;
use loadgen_data::Value;
use loadgen_plan::sql::{
    Action, Backend, Connections, Database, Expect, Extract, Isolation, Limits, Param, Rows,
    Secret, SqlStep, Statement, Text, WrittenStatement,
};
use sqlx::{AssertSqlSafe, SqlSafeStr};
use std::{num::NonZeroU32, sync::Arc, time::Duration};
use test_support::servers::{Server, ServerKind};

/// A database with everything at its default.
pub(super) fn database(url: &str) -> Database {
    Database {
        name: "main".to_owned(),
        backend: Backend::of(url).unwrap(),
        url: Secret::new(url),
        prepared: true,
        isolation: None,
        connections: Connections::OnePerUser,
        statement_timeout: Duration::from_secs(30),
        server_limit: false,
        limits: Limits::default(),
        connect_timeout: None,
        tls: None,
        ca_file: None,
    }
}

/// A new, empty database on the shared server of this kind.
fn served(kind: ServerKind) -> Database {
    database(&Server::shared(kind).fresh())
}

/// A new, empty database; the folder holds its file.
fn sqlite() -> (Database, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("db").display());
    (database(&url), folder)
}

/// Runs a script.
async fn script(database: &Database, sql: &str) {
    let mut connection = Connection::open(&Target::new(database, 0).unwrap())
        .await
        .unwrap();
    let request = Request::Text(AssertSqlSafe(sql).into_sql_str());
    let done = connection
        .exchange(request, None, &mut Response::default())
        .await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
    connection.close().await;
}

/// The only value that a query returns.
async fn ask(database: &Database, sql: &str) -> Value {
    let Ok(mut rig) = Rig::new(database, vec![query(database, sql, &[]).takes("x")]).await else {
        panic!("{sql}");
    };
    rig.ok(0).await;
    rig.values[0].clone()
}

/// A statement with these parameters.
fn query(database: &Database, sql: &str, params: &[Param]) -> SqlStep {
    let text = Text::parse(sql, database.backend).unwrap();
    assert_eq!(text.parameters(), params.len());
    SqlStep {
        database: 0,
        action: Action::Statement(Statement {
            text,
            params: params.to_vec(),
            expect: Expect::default(),
            extract: Vec::new(),
            max_tries: NonZeroU32::MIN,
        }),
        timeout: database.statement_timeout,
        written: WrittenStatement::default(),
    }
}

/// Steps as the tests build them.
trait BuildStep: Sized {
    fn change(self, change: impl FnOnce(&mut Statement)) -> Self;
    fn expects(self, rows: Rows) -> Self;
    fn expects_value(self, column: &str, value: Param) -> Self;
    /// Puts a column into variable 0.
    fn takes(self, column: &str) -> Self;
    fn takes_into(self, column: &str, variable: usize) -> Self;
    fn tries(self, tries: u32) -> Self;
    fn within(self, timeout: Duration) -> Self;
}

impl BuildStep for SqlStep {
    fn change(mut self, change: impl FnOnce(&mut Statement)) -> Self {
        match &mut self.action {
            Action::Statement(statement) => change(statement),
            other => panic!("{other:?}"),
        }
        self
    }

    fn expects(self, rows: Rows) -> Self {
        self.change(|statement| statement.expect.rows = Some(rows))
    }

    fn expects_value(self, column: &str, value: Param) -> Self {
        self.change(|statement| statement.expect.values.push((column.to_owned(), value)))
    }

    fn takes(self, column: &str) -> Self {
        self.takes_into(column, 0)
    }

    fn takes_into(self, column: &str, variable: usize) -> Self {
        let column = column.to_owned();
        self.change(|statement| statement.extract.push(Extract { column, variable }))
    }

    fn tries(self, tries: u32) -> Self {
        self.change(|statement| statement.max_tries = NonZeroU32::new(tries).unwrap())
    }

    fn within(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }
}

fn begin(isolation: Option<Isolation>) -> SqlStep {
    SqlStep {
        database: 0,
        action: Action::Begin {
            isolation,
            immediate: false,
        },
        timeout: Duration::from_secs(30),
        written: WrittenStatement::default(),
    }
}

fn commit() -> SqlStep {
    SqlStep {
        database: 0,
        action: Action::Commit,
        timeout: Duration::from_secs(30),
        written: WrittenStatement::default(),
    }
}

fn int(value: i64) -> Param {
    Param::Literal(Value::Int(value))
}

fn text(value: &str) -> Param {
    Param::Literal(Value::Text(value.into()))
}

/// A driver with a session and the values of a task run.
struct Rig {
    driver: SqlDriver,
    session: Session,
    steps: Vec<SqlStep>,
    values: Vec<Value>,
}

/// Prepares steps, of which the first `starts` are of a user's start.
async fn prepared(
    database: &Database,
    steps: &[SqlStep],
    starts: usize,
) -> Result<Setup, PrepareError> {
    let candidates: Vec<_> = steps
        .iter()
        .enumerate()
        .map(|(index, step)| Candidate {
            index,
            step,
            sample: &[],
            after_user_start: starts > 0,
            is_of_user_start: index < starts,
        })
        .collect();
    prepare_all(std::slice::from_ref(database), &candidates).await
}

impl Rig {
    async fn new(database: &Database, steps: Vec<SqlStep>) -> Result<Self, PrepareError> {
        Self::started(database, steps, 0).await
    }

    /// The first `starts` steps are what each user starts with.
    async fn started(
        database: &Database,
        steps: Vec<SqlStep>,
        starts: usize,
    ) -> Result<Self, PrepareError> {
        let setup = prepared(database, &steps, starts).await?;
        let driver = SqlDriver::new(Clock::of_runtime(), Timers::default(), Arc::new(setup), 0);
        Ok(Self {
            session: driver.session(0),
            driver,
            steps,
            values: vec![Value::Unset; 8],
        })
    }

    async fn run(&mut self, index: usize) -> Outcome {
        let Self {
            driver,
            session,
            steps,
            values,
        } = self;
        let progress = Progress::default();
        let outcome = driver
            .step(session, index, &steps[index], values, &progress)
            .await;
        let ttfb = outcome.ttfb();
        assert!(ttfb.is_none_or(|ttfb| ttfb <= outcome.service().unwrap()));
        outcome
    }

    /// Runs a step that succeeds.
    async fn ok(&mut self, index: usize) -> Outcome {
        let outcome = self.run(index).await;
        if let Some(failure) = &outcome.failure {
            panic!("step {index}: {:?}: {}", failure.class, failure.detail);
        }
        outcome
    }

    /// Runs a step that fails with this class, and tells how.
    async fn fails(&mut self, index: usize, class: ErrorClass) -> String {
        let (seen, words) = why(&self.run(index).await);
        assert_eq!(seen, class, "{words}");
        words
    }
}

/// The class and the words of a failure.
fn why(outcome: &Outcome) -> (ErrorClass, String) {
    let failure = outcome.failure.as_ref().expect("it failed");
    (failure.class, failure.detail.to_string())
}

/// The problems found before the run.
async fn problems(database: &Database, step: SqlStep) -> Vec<Problem> {
    match Rig::new(database, vec![step]).await.map(|_| ()) {
        Err(PrepareError::Problems(problems)) => problems,
        other => panic!("{other:?}"),
    }
}
