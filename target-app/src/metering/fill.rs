//! Usage of the past, for a database that should not start empty.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::database::{Timestamp, Value};
use crate::seed::{Amount, BytesPerRecord, Rows, Stopped, Table};

/// Nothing has been used when the service starts.
pub(crate) const RECORDS: u64 = 0;

const TENANTS: u64 = 10;

/// Customers of each tenant.
const CUSTOMERS: u64 = 10;

/// Events of one customer in one window.
const EVENTS: u64 = 10;

/// The default length of a window, in seconds.
const WINDOW: i64 = 30;

static USAGE_WINDOWS: Table = Table {
    name: "usage_windows",
    columns: &["tenant_id", "customer_id", "window_start"],
};

pub(crate) static USAGE_EVENTS: Table = Table {
    name: "usage_events",
    columns: &[
        "event_id",
        "tenant_id",
        "customer_id",
        "window_start",
        "quantity",
        "received_at",
    ],
};

/// With its share of everything else: measured on SQLite, reckoned on PostgreSQL, and rounded up.
pub(crate) const BYTES_PER_RECORD: BytesPerRecord = BytesPerRecord {
    sqlite: 300,
    postgres: 400,
    // It does not run there.
    mysql: 0,
};

/// Every table that is filled.
pub(crate) static SEEDED: &[&Table] = &[&USAGE_WINDOWS, &USAGE_EVENTS];

/// Makes `amount.records` events, in windows that are over and wait to be added up, from the
/// latest back.
pub(crate) fn generate(amount: Amount, rows: &mut dyn Rows) -> Result<(), Stopped> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(amount.seed);
    let latest = amount.now.unix() - amount.now.unix() % WINDOW - WINDOW;
    for index in 0..amount.records {
        let group = index / EVENTS;
        let (customer, rest) = (group % CUSTOMERS, group / CUSTOMERS);
        let (tenant, window) = (rest % TENANTS, rest / TENANTS);
        let tenant = format!("tenant-{}", tenant + 1);
        let customer = format!("customer-{}", customer + 1);
        let start = latest - window.cast_signed() * WINDOW;
        let [tenant, customer, start_time] = [
            Value::Text(&tenant),
            Value::Text(&customer),
            Value::Time(Timestamp::from_unix(start)),
        ];
        if index % EVENTS == 0 {
            rows.add(&USAGE_WINDOWS, &[tenant, customer, start_time])?;
        }
        let received = Timestamp::from_unix(start + rng.random_range(0..WINDOW));
        let values = [
            Value::Int(index.cast_signed() + 1),
            tenant,
            customer,
            start_time,
            Value::Int(rng.random_range(1..=100)),
            Value::Time(received),
        ];
        rows.add(&USAGE_EVENTS, &values)?;
    }
    Ok(())
}
