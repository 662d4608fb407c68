//! A greeting, and messages that go out to a topic and come back on a webhook.

mod inbox;
mod message;
mod metrics;
mod routes;
mod sign;
mod sns;
mod topic;

pub(crate) use routes::open;
pub use sns::SnsConfig;

use sqlx::migrate::Migrator;

use crate::database::Migrations;
use crate::seed::Table;

/// It stores nothing.
pub(crate) static MIGRATIONS: Migrations = Migrations {
    tables: &[],
    sqlite: Migrator::DEFAULT,
    postgres: Migrator::DEFAULT,
    mysql: Migrator::DEFAULT,
    history: "hello_migrations",
};

/// It has no records.
pub(crate) static NO_TABLE: Table = Table {
    name: "",
    columns: &[],
};
