//! A shop of three services in one process that share one pool of connections, and what happens to
//! all of them when the pool runs dry or every query is slow.

mod demo;
mod fill;
mod inventory;
mod model;
mod order;
mod pool;
mod product;
mod store;

pub(crate) use fill::{BYTES_PER_RECORD, ORDERS, RECORDS, SEEDED, generate};

use axum::Router;
use prometheus_client::registry::Registry;
use serde_json::{Map, Value};
use sqlx::migrate::Migrator;
use std::time::{Duration, Instant};

use crate::database::{Database, Migrations, PoolSettings};
use crate::http::{Api, ApiError};
use crate::telemetry::Telemetry;
use pool::SharedPool;

pub(crate) static MIGRATIONS: Migrations = Migrations {
    tables: &["products", "orders"],
    sqlite: sqlx::migrate!("migrations/sqlite/shop"),
    postgres: sqlx::migrate!("migrations/postgres/shop"),
    mysql: Migrator::DEFAULT,
    history: "shop_migrations",
};

/// One pool of a hundred connections, of which requests wait for one for three seconds. The server
/// should have room for 120.
pub(crate) const POOL: PoolSettings = PoolSettings::Pooled {
    min: 5,
    max: 100,
    acquire_timeout: Duration::from_secs(3),
};

/// The names of the three services and their ports.
pub(crate) const LISTENERS: [(&str, u16); 3] = [
    ("product-service", 30010),
    ("inventory-service", 30015),
    ("order-service", 30016),
];

/// State that a request of any of the three needs.
#[derive(Clone)]
struct Shop {
    name: &'static str,
    pool: SharedPool,
    started: Instant,
}

/// The three services over one filled database, in the order of [`LISTENERS`], each with its telemetry.
pub(crate) fn routers(database: &Database, telemetry: [&Telemetry; 3]) -> [Router; 3] {
    let pool = SharedPool::new(database.clone());
    let [product, inventory, order] = LISTENERS.map(|(name, _)| name);
    let [to_product, to_inventory, to_order] = telemetry;
    [
        Shop::new(product, &pool, to_product).serve(product::routes(Api::new()), to_product),
        Shop::new(inventory, &pool, to_inventory)
            .serve(inventory::routes(Api::new()), to_inventory),
        Shop::new(order, &pool, to_order).serve(order::routes(Api::new()), to_order),
    ]
}

impl Shop {
    fn new(name: &'static str, pool: &SharedPool, telemetry: &Telemetry) -> Self {
        Self {
            name,
            pool: pool.told_to(telemetry),
            started: Instant::now(),
        }
    }

    fn serve(self, api: Api<Self>, telemetry: &Telemetry) -> Router {
        let mut registry = Registry::default();
        self.pool.database().register_metrics(&mut registry);
        let pool = self.pool.clone();
        let health = move || {
            let pool = pool.clone();
            async move { health(&pool).await }
        };
        let name = self.name;
        demo::routes(api).finish_with(self, name, health, telemetry, registry)
    }
}

/// The true state of the pool, at once: no connection is waited for to tell that there is none.
async fn health(pool: &SharedPool) -> Result<Map<String, Value>, ApiError> {
    let mut answer = Map::new();
    if !pool.answers().await? {
        answer.insert("status".to_owned(), "exhausted".into());
    }
    answer.insert("pool".to_owned(), pool.state());
    Ok(answer)
}
