//! Usage metering: events come in, and each window of each customer is added up exactly once,
//! however many instances there are and whatever happens to them.
//!
//! A lock in Redis keeps instances from doing the same work, and is no more than that: that a
//! window is done once, and that no event is left out of it, is the database's promise. An event
//! is stored only under a shared lock of its window's row while that is open; aggregating takes the
//! row exclusively, adds up, and closes it in the same transaction.

mod aggregate;
mod breaker;
mod config;
mod fill;
mod lock;
mod metrics;
mod model;
mod routes;
mod store;

pub use config::{MeteringConfig, Profile};
pub(crate) use fill::{BYTES_PER_RECORD, RECORDS, SEEDED, USAGE_EVENTS, generate};
pub(crate) use routes::open;

use sqlx::migrate::Migrator;

use crate::database::Migrations;

pub(crate) static MIGRATIONS: Migrations = Migrations {
    tables: &["usage_windows", "usage_events", "aggregation_windows"],
    sqlite: sqlx::migrate!("migrations/sqlite/metering"),
    postgres: sqlx::migrate!("migrations/postgres/metering"),
    mysql: Migrator::DEFAULT,
    history: "metering_migrations",
};
