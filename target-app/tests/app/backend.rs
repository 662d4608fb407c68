//! The kinds of database, and a look into one beside the service.

use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use std::path::Path;
use std::time::Duration;
use target_app::{Location, Service};
use tempfile::TempDir;

use test_support::servers::{Server, ServerKind};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
    MySql,
}

/// Makes each test one per backend.
macro_rules! on_each_backend {
    ($($test:ident),* $(,)?) => {
        crate::backend::on_each_backend! { @ sqlite Sqlite $($test)* }
        crate::backend::on_each_backend! { @ postgres Postgres $($test)* }
        crate::backend::on_each_backend! { @ mysql MySql $($test)* }
    };
    (@ $module:ident $backend:ident $($test:ident)*) => {
        mod $module {
            $(#[tokio::test]
            async fn $test() {
                super::$test(crate::backend::Backend::$backend).await;
            })*
        }
    };
}
pub(crate) use on_each_backend;

/// Makes tests of services that MySQL is not for.
macro_rules! on_sqlite_and_postgres {
    ($($test:ident),* $(,)?) => {
        crate::backend::on_each_backend! { @ sqlite Sqlite $($test)* }
        crate::backend::on_each_backend! { @ postgres Postgres $($test)* }
    };
}
pub(crate) use on_sqlite_and_postgres;

/// Location of a test's data.
pub enum Data {
    Folder(TempDir),
    Url(String),
}

impl Backend {
    /// The services that run on it.
    pub fn services(self) -> &'static [Service] {
        match self {
            Backend::Sqlite | Backend::Postgres => &Service::ALL,
            Backend::MySql => &[Service::Orders, Service::Weather, Service::Hello],
        }
    }

    /// A new and empty place.
    pub fn data(self) -> Data {
        match self {
            Backend::Sqlite => Data::Folder(tempfile::tempdir().unwrap()),
            Backend::Postgres => Data::Url(Server::shared(ServerKind::Postgres).fresh()),
            Backend::MySql => Data::Url(Server::shared(ServerKind::MariaDb).fresh()),
        }
    }

    /// An amount of money as whole cents.
    pub fn cents(self, column: &str) -> String {
        match self {
            Backend::Sqlite => column.to_owned(),
            Backend::Postgres => format!("({column} * 100)::bigint"),
            Backend::MySql => format!("CAST({column} * 100 AS SIGNED)"),
        }
    }
}

impl Data {
    pub fn location(&self) -> Location {
        match self {
            Data::Folder(folder) => Location::Folder(folder.path().to_path_buf()),
            Data::Url(url) => url.parse().unwrap(),
        }
    }

    /// As `--database` takes it.
    pub fn url(&self) -> String {
        match self {
            Data::Folder(folder) => format!("sqlite:{}/", folder.path().display()),
            Data::Url(url) => url.clone(),
        }
    }

    /// A connection of the test's own.
    pub async fn side(&self, service: Service) -> Side {
        match self {
            Data::Folder(folder) => {
                let name = format!("{}.db", service.name());
                Side::Sqlite(connect(&folder.path().join(name)).await)
            }
            Data::Url(url) if url.starts_with("postgres:") => {
                Side::Postgres(PgConnection::connect(url).await.unwrap())
            }
            Data::Url(url) => Side::MySql(MySqlConnection::connect(url).await.unwrap()),
        }
    }
}

pub async fn connect(file: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(file)
        .busy_timeout(Duration::from_secs(30))
        .connect()
        .await
        .unwrap()
}

/// A connection beside the service's.
pub enum Side {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
    MySql(MySqlConnection),
}

/// Does the same with a connection of whichever kind.
macro_rules! each {
    ($side:expr, |$connection:ident| $body:expr) => {
        match $side {
            Side::Sqlite($connection) => $body,
            Side::Postgres($connection) => $body,
            Side::MySql($connection) => $body,
        }
    };
}

impl Side {
    pub async fn execute(&mut self, sql: &str) {
        let query = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        each!(self, |connection| drop(
            query.execute(connection).await.unwrap()
        ));
    }

    /// Rows of whole numbers.
    pub async fn numbers(&mut self, sql: &str) -> Vec<Vec<i64>> {
        let sql = AssertSqlSafe(sql.to_owned());
        each!(self, |connection| {
            let rows = sqlx::query(sql).fetch_all(connection).await.unwrap();
            let numbers = rows
                .iter()
                .map(|row| (0..row.len()).map(|index| row.get(index)).collect());
            numbers.collect()
        })
    }

    /// The one number that a query gives.
    pub async fn number(&mut self, sql: &str) -> i64 {
        self.numbers(sql).await[0][0]
    }

    /// A column of text.
    pub async fn texts(&mut self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        each!(self, |connection| {
            let query = sqlx::query_scalar(sql);
            query.fetch_all(connection).await.unwrap()
        })
    }

    /// One row of a number and a count.
    pub async fn average(&mut self, sql: &str) -> (f64, i64) {
        let sql = AssertSqlSafe(sql.to_owned());
        each!(self, |connection| {
            let query = sqlx::query_as(sql);
            query.fetch_one(connection).await.unwrap()
        })
    }
}
