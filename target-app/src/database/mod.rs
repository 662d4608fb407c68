//! The database layer that every service is built on: one SQL, one meaning, three kinds of database.
//!
//! A service writes each statement once as a [`Statement`], takes a [`Session`] with
//! [`Database::read`] or [`Database::write`], and runs statements on it with [`Value`]s for
//! parameters; a [`Row`] gives back plain types, money ([`Cents`](crate::money::Cents)) and
//! [`Timestamp`]s. Every statement passes through the session, which times it, counts failures and
//! knows in which state the connection is. A failed call is an `sqlx::Error`, which turns into the
//! right 503 by itself.
//!
//! SQLite allows one writer at a time. All writes of a service share one connection and queue for
//! it in the order of their arrival; reads have connections of their own and, the journal being a
//! write-ahead log, never wait for the writer. So `SQLITE_BUSY` can only come from another process.
//! On a server reads and writes share one pool.

mod driver;
mod failure;
mod location;
mod metrics;
mod migrations;
mod pool;
mod row;
mod session;
mod settings;
mod statement;
mod value;

pub(crate) use failure::Failure;
pub use location::Location;
pub(crate) use location::Source;
pub(crate) use migrations::Migrations;
pub(crate) use pool::PoolStats;
pub(crate) use row::Row;
pub(crate) use session::Session;
pub use settings::PoolSettings;
pub(crate) use statement::{Dialect, Statement, insert_of_rows};
pub(crate) use value::{Timestamp, Value};

use sqlx::ConnectOptions;
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};
use tokio::time::sleep;

use crate::Error;
use crate::telemetry::{PoolUse, Server, Telemetry};
use metrics::DatabaseMetrics;
use pool::Pool;
use session::AnyLease;

/// Longest wait of a write for another process that writes to the same SQLite file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// More statements than a service has: an order's items are written by one statement per number of items.
const CACHED_STATEMENTS: usize = 256;

/// One service's database. Clones share its connections.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    inner: Arc<Inner>,
    telemetry: Telemetry,
}

#[derive(Debug)]
struct Inner {
    pools: Pools,
    metrics: DatabaseMetrics,
    server: Server,
    /// Delay of every statement, in milliseconds: a simulation of slow queries.
    delay_ms: AtomicU64,
}

#[derive(Debug)]
enum Pools {
    Sqlite {
        /// Connections that can only read.
        readers: Pool<SqliteConnection>,
        /// The one connection that writes.
        writer: Pool<SqliteConnection>,
    },
    Postgres(Pool<PgConnection>),
    MySql(Pool<MySqlConnection>),
}

impl Database {
    /// Brings the schema of `source` up to date. A SQLite file and its folder are made when they are
    /// missing; a database on a server must be there.
    pub(crate) async fn prepare(source: &Source, migrations: &Migrations) -> Result<(), Error> {
        make_folder(source)?;
        migrations
            .run(source)
            .await
            .map_err(|error| Error::Database {
                database: source.to_string(),
                source: error,
            })
    }

    /// Opens connections to a database that was prepared, as `settings` ask for (none: as suits the
    /// kind of database).
    pub(crate) async fn open(
        source: &Source,
        settings: Option<PoolSettings>,
    ) -> Result<Self, sqlx::Error> {
        let metrics = DatabaseMetrics::default();
        let pools = Pools::open(source, settings, &metrics).await?;
        Ok(Self {
            inner: Arc::new(Inner {
                pools,
                metrics,
                server: source.server(),
                delay_ms: AtomicU64::new(0),
            }),
            telemetry: Telemetry::default(),
        })
    }

    /// Returns these connections with their calls told to `telemetry`.
    pub(crate) fn told_to(&self, telemetry: &Telemetry) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            telemetry: telemetry.clone(),
        }
    }

    /// Whom its calls are told to.
    pub(crate) fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// True if there is no server.
    pub(crate) fn is_embedded(&self) -> bool {
        matches!(self.inner.pools, Pools::Sqlite { .. })
    }

    /// Makes every statement take so much longer, its connection held; zero ends that.
    pub(crate) fn slow_down(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        self.inner.delay_ms.store(by, Ordering::Relaxed);
    }

    /// By how much statements are slowed down.
    pub(crate) fn delay(&self) -> Duration {
        Duration::from_millis(self.inner.delay_ms.load(Ordering::Relaxed))
    }

    /// A connection to read with.
    pub(crate) async fn read(&self) -> Result<Session, sqlx::Error> {
        let since = self.telemetry.now();
        let lease = match &self.inner.pools {
            Pools::Sqlite { readers, .. } => readers.acquire().await.map(AnyLease::Sqlite),
            Pools::Postgres(pool) => pool.acquire().await.map(AnyLease::Postgres),
            Pools::MySql(pool) => pool.acquire().await.map(AnyLease::MySql),
        };
        self.session(lease, since)
    }

    /// A connection to read and write with.
    pub(crate) async fn write(&self) -> Result<Session, sqlx::Error> {
        match &self.inner.pools {
            Pools::Sqlite { writer, .. } => {
                let since = self.telemetry.now();
                self.session(writer.acquire().await.map(AnyLease::Sqlite), since)
            }
            Pools::Postgres(_) | Pools::MySql(_) => self.read().await,
        }
    }

    fn session(
        &self,
        lease: Result<AnyLease, sqlx::Error>,
        since: Option<SystemTime>,
    ) -> Result<Session, sqlx::Error> {
        match lease {
            Ok(lease) => Ok(Session::new(lease, self.clone())),
            Err(error) => {
                self.inner.metrics.failed(&error);
                let server = &self.inner.server;
                self.telemetry
                    .no_connection(server, since, || self.pool_use(), &error);
                Err(error)
            }
        }
    }

    /// Use of the pool, when there is one.
    pub(crate) fn pool_use(&self) -> Option<PoolUse> {
        let stats = self.pool_stats();
        stats.max.map(|max| PoolUse {
            active: stats.active,
            max,
        })
    }

    /// Activity of the connections: on SQLite, of those that read.
    pub(crate) fn pool_stats(&self) -> PoolStats {
        match &self.inner.pools {
            Pools::Sqlite { readers, .. } => readers.stats(),
            Pools::Postgres(pool) => pool.stats(),
            Pools::MySql(pool) => pool.stats(),
        }
    }

    /// Closes all connections once the requests that use them are done.
    pub(crate) async fn close(&self) {
        match &self.inner.pools {
            Pools::Sqlite { readers, writer } => {
                // The writer last: closing it folds the write-ahead log into the database file.
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
            Pools::MySql(pool) => pool.close().await,
        }
    }

    fn metrics(&self) -> &DatabaseMetrics {
        &self.inner.metrics
    }
}

impl Pools {
    async fn open(
        source: &Source,
        settings: Option<PoolSettings>,
        metrics: &DatabaseMetrics,
    ) -> Result<Self, sqlx::Error> {
        let counters = metrics.pool.clone();
        let server = settings.unwrap_or(PoolSettings::SERVER);
        Ok(match source {
            Source::File(file) => {
                let options = sqlite_options(file);
                let settings = settings.unwrap_or_else(PoolSettings::sqlite);
                let one = settings.only_one();
                let writer = Pool::open(options.clone(), one, counters.clone()).await?;
                // One without a pool may be the first to open the file, and must make the log.
                let read_only = matches!(settings, PoolSettings::Pooled { .. });
                let options = options.read_only(read_only);
                let readers = Pool::open(options, settings, counters).await?;
                Pools::Sqlite { readers, writer }
            }
            Source::Postgres(options) => {
                let options = postgres_options(options);
                Pools::Postgres(Pool::open(options, server, counters).await?)
            }
            Source::MySql(options) => {
                let options = mysql_options(options);
                Pools::MySql(Pool::open(options, server, counters).await?)
            }
        })
    }
}

fn sqlite_options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .busy_timeout(BUSY_TIMEOUT)
        .statement_cache_capacity(CACHED_STATEMENTS)
        // Negative: KiB rather than pages.
        .pragma("cache_size", "-16384")
        .disable_statement_logging()
}

/// Opens `file` by itself. The first to do so gives it its write-ahead log, and while it does, SQLite
/// refuses others at once instead of having them wait.
pub(crate) async fn open_sqlite(file: &Path) -> Result<SqliteConnection, sqlx::Error> {
    let patience = Instant::now() + BUSY_TIMEOUT;
    loop {
        match sqlite_options(file).connect().await {
            Err(error) if failure::is_busy(&error) && Instant::now() < patience => {
                sleep(Duration::from_millis(5)).await;
            }
            opened => return opened,
        }
    }
}

fn postgres_options(options: &PgConnectOptions) -> PgConnectOptions {
    options.clone().statement_cache_capacity(CACHED_STATEMENTS)
}

fn mysql_options(options: &MySqlConnectOptions) -> MySqlConnectOptions {
    options.clone().statement_cache_capacity(CACHED_STATEMENTS)
}

fn make_folder(source: &Source) -> Result<(), Error> {
    if let Source::File(file) = source
        && let Some(folder) = file.parent()
    {
        std::fs::create_dir_all(folder).map_err(|source| Error::Folder {
            path: folder.to_path_buf(),
            source,
        })?;
    }
    Ok(())
}

/// SQLite's query plan of a statement with one parameter, a line per step.
#[cfg(test)]
pub(crate) async fn query_plan(service: crate::Service, statement: &Statement) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let source = Source::File(folder.path().join("plan.db"));
    Database::prepare(&source, service.migrations())
        .await
        .unwrap();
    let database = Database::open(&source, None).await.unwrap();
    let sql = statement.sql(Dialect::Sqlite);
    let explain = Statement::new("plan", format!("EXPLAIN QUERY PLAN {}", sql.as_str()));
    let rows = database
        .read()
        .await
        .unwrap()
        .fetch_all(&explain, &[Value::Int(1)])
        .await
        .unwrap();
    rows.iter().map(|row| row.get(3).unwrap()).collect()
}
