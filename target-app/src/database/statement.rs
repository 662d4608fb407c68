//! SQL texts, said once for every kind of database.

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};
use std::fmt::Write;
use std::sync::Arc;

/// Dialects of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
    MySql,
}

/// One statement in every dialect. Make it once, in a `LazyLock`: its text is what prepared
/// statements are cached by.
#[derive(Debug)]
pub(crate) struct Statement {
    operation: &'static str,
    table: &'static str,
    sqlite: Arc<str>,
    postgres: Arc<str>,
    mysql: Arc<str>,
}

impl Statement {
    /// `sql` with `?` for every parameter (nowhere else, not even within quotes); it begins with
    /// its operation. `table` is the one that it is about: both label the metrics.
    pub(crate) fn new(table: &'static str, sql: impl Into<Arc<str>>) -> Self {
        let sql = sql.into();
        Self {
            operation: operation(&sql),
            table,
            postgres: numbered(&sql).into(),
            mysql: Arc::clone(&sql),
            sqlite: sql,
        }
    }

    /// An INSERT of one row whose `key` the database makes: see `Session::insert`.
    pub(crate) fn insert(table: &'static str, key: &str, sql: impl Into<Arc<str>>) -> Self {
        let mut statement = Self::new(table, sql);
        statement.postgres = format!("{} RETURNING {key}", statement.postgres).into();
        statement
    }

    /// With another text for MySQL.
    pub(crate) fn on_mysql(mut self, sql: impl Into<Arc<str>>) -> Self {
        self.mysql = sql.into();
        self
    }

    /// With an addition for PostgreSQL alone, such as the lock of the rows that are read.
    pub(crate) fn append_on_postgres(mut self, clause: &str) -> Self {
        self.postgres = format!("{}{clause}", self.postgres).into();
        self
    }

    /// The first word, in capitals: SELECT, INSERT and so on.
    pub(crate) fn operation(&self) -> &'static str {
        self.operation
    }

    /// The table that it is about.
    pub(crate) fn table(&self) -> &'static str {
        self.table
    }

    /// The text to send.
    pub(crate) fn sql(&self, dialect: Dialect) -> SqlStr {
        AssertSqlSafe(Arc::clone(self.shared_text(dialect))).into_sql_str()
    }

    /// The statement's text, to be read.
    pub(crate) fn text(&self, dialect: Dialect) -> &str {
        self.shared_text(dialect)
    }

    fn shared_text(&self, dialect: Dialect) -> &Arc<str> {
        match dialect {
            Dialect::Sqlite => &self.sqlite,
            Dialect::Postgres => &self.postgres,
            Dialect::MySql => &self.mysql,
        }
    }
}

fn operation(sql: &str) -> &'static str {
    match sql.split_whitespace().next() {
        Some("INSERT") => "INSERT",
        Some("UPDATE") => "UPDATE",
        Some("DELETE") => "DELETE",
        // WITH, too.
        _ => "SELECT",
    }
}

/// `?` becomes `$1`, `$2` and so on.
fn numbered(sql: &str) -> String {
    let mut parts = sql.split('?');
    let mut numbered = parts.next().unwrap_or_default().to_owned();
    for (index, part) in parts.enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(numbered, "${}{part}", index + 1);
    }
    numbered
}

/// `insert VALUES values, values, ...` with so many rows.
pub(crate) fn insert_of_rows(insert: &str, values: &str, rows: usize) -> String {
    let mut sql = format!("{insert} VALUES {values}");
    for _ in 1..rows {
        sql.push_str(", ");
        sql.push_str(values);
    }
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_said_once_and_reads_as_each_database_likes() {
        let insert = insert_of_rows("INSERT INTO t (a, b)", "(?, ?)", 2);
        let statement = Statement::insert("t", "id", insert);
        assert_eq!(
            statement.sql(Dialect::Postgres).as_str(),
            "INSERT INTO t (a, b) VALUES ($1, $2), ($3, $4) RETURNING id"
        );
        for dialect in [Dialect::Sqlite, Dialect::MySql] {
            assert_eq!(
                statement.sql(dialect).as_str(),
                "INSERT INTO t (a, b) VALUES (?, ?), (?, ?)"
            );
        }
        assert_eq!((statement.operation(), statement.table()), ("INSERT", "t"));
        let statement = Statement::new("t", "SELECT 1").on_mysql("SELECT 2");
        assert_eq!(statement.sql(Dialect::Sqlite).as_str(), "SELECT 1");
        assert_eq!(statement.sql(Dialect::MySql).as_str(), "SELECT 2");
    }
}
