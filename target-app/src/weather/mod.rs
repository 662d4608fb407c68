//! Weather records: an average over many rows, asked for by location, some of which are hot.

mod cache;
mod fill;
mod metrics;
mod page;
mod routes;
mod store;

pub use cache::CacheSetting;
pub(crate) use fill::{BYTES_PER_RECORD, RECORDS, SEEDED, WEATHER_DATA, generate};
pub(crate) use routes::router;
pub(crate) use store::locations;

use crate::database::Migrations;

pub(crate) static MIGRATIONS: Migrations = Migrations {
    tables: &["weather_data"],
    sqlite: sqlx::migrate!("migrations/sqlite/weather"),
    postgres: sqlx::migrate!("migrations/postgres/weather"),
    mysql: sqlx::migrate!("migrations/mysql/weather"),
    history: "weather_migrations",
};
