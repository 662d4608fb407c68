//! The schema of a service, and its changes.
//!
//! Migration 1 makes the tables; migration 2 makes keys, indexes and foreign keys, and can be
//! undone, so that a populator builds them over rows that are there.

use sqlx::migrate::{Migrate, MigrateError, Migrator};
use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Error};

use super::{Source, open_sqlite};

/// The last migration that a populator leaves in place.
const TABLES: i64 = 1;

/// The migration that a populator undoes.
const INDEXES: i64 = 2;

/// Longest wait, in seconds, for another instance that fills the tables.
const LOCK_PATIENCE: i64 = 24 * 60 * 60;

/// The migrations of one service for every kind of database that it runs on.
#[derive(Debug)]
pub(crate) struct Migrations {
    /// The service's tables, referenced ones first.
    pub(crate) tables: &'static [&'static str],
    pub(crate) sqlite: Migrator,
    pub(crate) postgres: Migrator,
    /// Empty when the service does not run there.
    pub(crate) mysql: Migrator,
    /// The table that remembers which were applied, on a server that several services share.
    pub(crate) history: &'static str,
}

impl Migrations {
    /// Applies what is missing, over a connection of its own. Several processes may do so at once.
    pub(super) async fn run(&self, source: &Source) -> Result<(), Error> {
        match source {
            Source::File(file) => {
                let mut connection = open_sqlite(file).await?;
                // Nothing else keeps processes apart that open the same file.
                let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
                self.make_sqlite(&mut transaction).await?;
                transaction.commit().await?;
                connection.close().await
            }
            Source::Postgres(options) => {
                let mut connection = options.connect().await?;
                self.make_postgres(&mut connection).await?;
                connection.close().await
            }
            Source::MySql(options) => {
                let mut connection = options.connect().await?;
                self.lock_mysql(&mut connection).await?;
                self.make_mysql(&mut connection).await?;
                connection.close().await
            }
        }
    }

    pub(crate) async fn make_sqlite(&self, to: &mut SqliteConnection) -> Result<(), Error> {
        Ok(self.sqlite.run(to).await?)
    }

    pub(crate) async fn make_postgres(&self, to: &mut PgConnection) -> Result<(), Error> {
        Ok(self.with_history(&self.postgres).run(to).await?)
    }

    /// Keeps other instances from the schema until the connection ends: while one of them fills the
    /// tables, they are without indexes for all to see.
    pub(crate) async fn lock_mysql(&self, on: &mut MySqlConnection) -> Result<(), Error> {
        let lock = "SELECT GET_LOCK(concat(database(), '.', ?), ?)";
        let locked: Option<i64> = sqlx::query_scalar(lock)
            .bind(self.history)
            .bind(LOCK_PATIENCE)
            .fetch_one(on)
            .await?;
        match locked {
            Some(1) => Ok(()),
            _ => Err(Error::PoolTimedOut),
        }
    }

    /// MySQL ends a transaction at every change of the schema, so one that was cut off may be
    /// half done. Then the tables have never been served from, and are made anew.
    pub(crate) async fn make_mysql(&self, to: &mut MySqlConnection) -> Result<(), Error> {
        let migrator = self.with_history(&self.mysql);
        match migrator.run(&mut *to).await {
            Err(MigrateError::Dirty(TABLES | INDEXES)) => {
                // The failed run still holds the lock.
                to.unlock().await?;
                for table in self.tables.iter().rev().chain([&self.history]) {
                    let sql = AssertSqlSafe(format!("DROP TABLE IF EXISTS {table}"));
                    sqlx::query(sql).execute(&mut *to).await?;
                }
                Ok(migrator.run(to).await?)
            }
            result => Ok(result?),
        }
    }

    /// Leaves the bare tables.
    pub(crate) async fn strip_sqlite(&self, on: &mut SqliteConnection) -> Result<(), Error> {
        Ok(self.sqlite.undo(on, TABLES).await?)
    }

    pub(crate) async fn strip_postgres(&self, on: &mut PgConnection) -> Result<(), Error> {
        Ok(self.with_history(&self.postgres).undo(on, TABLES).await?)
    }

    pub(crate) async fn strip_mysql(&self, on: &mut MySqlConnection) -> Result<(), Error> {
        Ok(self.with_history(&self.mysql).undo(on, TABLES).await?)
    }

    fn with_history(&self, migrator: &Migrator) -> Migrator {
        let mut migrator = Migrator::with_migrations(migrator.iter().cloned().collect());
        migrator.dangerous_set_table_name(self.history);
        migrator
    }
}
