//! The list of services, and what each must be able to do.

use crate::database::{Migrations, PoolSettings};
use crate::seed::{Amount, BytesPerRecord, Rows, Stopped, Table};
use crate::{hello, metering, orders, shop, weather};

/// A bundled service. The order is the one in which ports are given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, clap::ValueEnum)]
pub enum Service {
    /// An order API over customers, orders and items: reads and transactional writes
    Orders,
    /// Average temperatures of a thousand locations: reads with hot spots
    Weather,
    /// Product, inventory and order service on three ports, sharing one pool that can be exhausted
    Shop,
    /// Usage events, added up per customer and window exactly once by any number of instances
    Metering,
    /// A greeting, and messages that go out to a topic and come back on a webhook
    Hello,
}

impl Service {
    /// Every service, in the order of their ports.
    pub const ALL: [Service; 5] = [
        Service::Orders,
        Service::Weather,
        Service::Shop,
        Service::Metering,
        Service::Hello,
    ];

    /// The name on the command line, in the ready line and of the database file.
    pub fn name(self) -> &'static str {
        match self {
            Service::Orders => "orders",
            Service::Weather => "weather",
            Service::Shop => "shop",
            Service::Metering => "metering",
            Service::Hello => "hello",
        }
    }

    /// Listeners: a name for each port, and the port unless told otherwise.
    pub fn listeners(self) -> &'static [(&'static str, u16)] {
        match self {
            Service::Orders => &[("orders", 5000)],
            Service::Weather => &[("weather", 5001)],
            Service::Shop => &shop::LISTENERS,
            Service::Metering => &[("metering", 8081)],
            Service::Hello => &[("hello", 3000)],
        }
    }

    /// True if it stores anything.
    pub(crate) fn has_data(self) -> bool {
        self != Service::Hello
    }

    /// Pool of connections when nothing else is asked for, if not as suits the database.
    pub(crate) fn usual_pool(self) -> Option<PoolSettings> {
        (self == Service::Shop).then_some(shop::POOL)
    }

    /// True if it runs on MySQL as well.
    pub(crate) fn runs_on_mysql(self) -> bool {
        matches!(self, Service::Orders | Service::Weather | Service::Hello)
    }

    /// Number of records to fill an empty database with: orders, weather records and so on.
    pub fn default_records(self) -> u64 {
        match self {
            Service::Orders => orders::RECORDS,
            Service::Weather => weather::RECORDS,
            Service::Shop => shop::RECORDS,
            Service::Metering => metering::RECORDS,
            Service::Hello => 0,
        }
    }

    pub(crate) fn migrations(self) -> &'static Migrations {
        match self {
            Service::Orders => &orders::MIGRATIONS,
            Service::Weather => &weather::MIGRATIONS,
            Service::Shop => &shop::MIGRATIONS,
            Service::Metering => &metering::MIGRATIONS,
            Service::Hello => &hello::MIGRATIONS,
        }
    }

    /// The tables that are filled.
    pub(crate) fn seeded_tables(self) -> &'static [&'static Table] {
        match self {
            Service::Orders => orders::SEEDED,
            Service::Weather => weather::SEEDED,
            Service::Shop => shop::SEEDED,
            Service::Metering => metering::SEEDED,
            Service::Hello => &[],
        }
    }

    /// The table whose rows are the records that are counted.
    pub(crate) fn record_table(self) -> &'static Table {
        match self {
            Service::Orders => &orders::ORDERS,
            Service::Weather => &weather::WEATHER_DATA,
            Service::Shop => &shop::ORDERS,
            Service::Metering => &metering::USAGE_EVENTS,
            Service::Hello => &hello::NO_TABLE,
        }
    }

    /// Space of a record on disk.
    pub(crate) fn bytes_per_record(self) -> BytesPerRecord {
        match self {
            Service::Orders => orders::BYTES_PER_RECORD,
            Service::Weather => weather::BYTES_PER_RECORD,
            Service::Shop => shop::BYTES_PER_RECORD,
            Service::Metering => metering::BYTES_PER_RECORD,
            Service::Hello => BytesPerRecord::NONE,
        }
    }

    /// Makes the rows of empty tables.
    pub(crate) fn generate(self, amount: Amount, rows: &mut dyn Rows) -> Result<(), Stopped> {
        match self {
            Service::Orders => orders::generate(amount, rows),
            Service::Weather => weather::generate(amount, rows),
            Service::Shop => shop::generate(amount, rows),
            Service::Metering => metering::generate(amount, rows),
            Service::Hello => Ok(()),
        }
    }
}
