//! Orders of customers: a read by key, and a write of several rows in one transaction.

mod fill;
mod losses;
mod metrics;
mod model;
mod routes;
mod store;

pub(crate) use fill::{BYTES_PER_RECORD, ORDERS, RECORDS, SEEDED, generate};
pub(crate) use routes::router;

use crate::database::Migrations;

pub(crate) static MIGRATIONS: Migrations = Migrations {
    tables: &["customer", "orders", "order_items"],
    sqlite: sqlx::migrate!("migrations/sqlite/orders"),
    postgres: sqlx::migrate!("migrations/postgres/orders"),
    mysql: sqlx::migrate!("migrations/mysql/orders"),
    history: "orders_migrations",
};
