//! Filling an empty database, the fastest way that each kind has.
//!
//! A service makes its rows one after the other, on a thread of its own, while the database takes
//! those made before. Keys, indexes and foreign keys are built when all rows are there. An
//! interrupt leaves the tables empty: on PostgreSQL and SQLite everything is one transaction; on
//! MySQL, where a change of the schema is not part of one, the rows are, and what an interrupt
//! leaves undone is repeated at the next start.

mod mysql;
mod postgres;
mod progress;
mod rows;
mod space;
mod sqlite;

pub(crate) use rows::{Rows, Stopped, Table};
pub(crate) use space::BytesPerRecord;

use sqlx::AssertSqlSafe;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::database::{Database, Source, Statement, Timestamp};
use crate::{Error, Location, SeedArgs, Service};
use progress::Progress;
use space::Space;

/// Seed of the data that services start with.
pub(crate) const DEFAULT_SEED: u64 = 1;

/// Amount of data to make, and its randomness.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amount {
    /// Orders, weather records, and so on.
    pub(crate) records: u64,
    /// Seed of the rows; only times differ between two runs with one seed.
    pub(crate) seed: u64,
    /// Times count back from here.
    pub(crate) now: Timestamp,
}

impl Amount {
    /// Amount with the times of this moment.
    pub(crate) fn new(records: u64, seed: u64) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let seconds = now.map_or(0, |now| now.as_secs());
        Self {
            records,
            seed,
            now: Timestamp::from_unix(seconds.cast_signed()),
        }
    }

    /// A moment so many seconds ago.
    pub(crate) fn ago(&self, seconds: i64) -> Timestamp {
        Timestamp::from_unix(self.now.unix() - seconds)
    }
}

/// Data to fill a database with.
#[derive(Debug, Clone, Copy)]
struct Job {
    service: Service,
    amount: Amount,
}

impl Job {
    /// The work of the generating thread.
    fn generator(&self) -> impl FnOnce(&mut dyn Rows) -> Result<(), Stopped> + Send + 'static {
        let Job { service, amount } = *self;
        move |rows| service.generate(amount, rows)
    }

    /// Gives 0 when there are no records.
    fn probe(&self) -> AssertSqlSafe<String> {
        let table = self.service.record_table().name;
        AssertSqlSafe(format!(
            "SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT 1) AS any_row"
        ))
    }

    /// The name of the lock that keeps instances from filling the same tables.
    fn lock(&self) -> String {
        format!("loadgen seed {}", self.service.name())
    }

    async fn fill_if_empty(&self, source: &Source, progress: &mut Progress) -> Result<bool, Error> {
        let filled = match source {
            Source::File(file) => sqlite::fill(file, self, progress).await,
            Source::Postgres(options) => postgres::fill(options, self, progress).await,
            Source::MySql(options) => mysql::fill(options, self, progress).await,
        };
        filled.map_err(|error| source.failed(error))
    }
}

/// Runs `target seed`. Running it twice is harmless: a database that holds enough records is left as it is.
pub(crate) async fn run(args: &SeedArgs) -> Result<String, Error> {
    let service = args.service;
    if !service.has_data() {
        return Err(Error::NothingToSeed { service });
    }
    let here = || Location::File(format!("{}.db", service.name()).into());
    let location = args.database.clone().unwrap_or_else(here);
    let source = location.source(service)?;
    let records = args.records.unwrap_or(service.default_records());
    let job = Job {
        service,
        amount: Amount::new(records, args.seed),
    };
    let name = service.name();
    Database::prepare(&source, service.migrations()).await?;
    let mut found = count(service, &source).await?;
    if found == 0 {
        let space = Space::look(&source, service.bytes_per_record(), records).await;
        let mut progress = Progress::visible(service, records, &space.verdict()?);
        if job.fill_if_empty(&source, &mut progress).await? {
            let took = progress.finish();
            return Ok(format!(
                "{name} filled with {records} records in {source}: {took}"
            ));
        }
        // Somebody else was faster.
        found = count(service, &source).await?;
    }
    if found < records {
        return Err(Error::PartlySeeded {
            database: source.to_string(),
            found,
            wanted: records,
        });
    }
    Ok(format!(
        "{name} has {found} records already in {source}; left as it is"
    ))
}

async fn count(service: Service, source: &Source) -> Result<u64, Error> {
    let table = service.record_table().name;
    let statement = Statement::new(table, format!("SELECT count(*) FROM {table}"));
    let counted = async {
        let database = Database::open(source, None).await?;
        let row = database
            .read()
            .await?
            .fetch_optional(&statement, &[])
            .await?;
        database.close().await;
        row.map_or(Ok(0), |row| row.get::<i64>(0))
    };
    counted
        .await
        .map(i64::unsigned_abs)
        .map_err(|error| source.failed(error))
}

/// Fills the tables of a service that is about to start, if they are empty.
pub(crate) async fn fill_if_empty(
    service: Service,
    source: &Source,
    amount: Amount,
) -> Result<(), Error> {
    let job = Job { service, amount };
    job.fill_if_empty(source, &mut Progress::hidden(service))
        .await?;
    Ok(())
}
