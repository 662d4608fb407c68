//! The database as Prometheus sees it from the service: connections, waits, statements, failures.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::time::Duration;

use super::failure::Failure;
use super::{Database, Statement};

/// Seconds: from what taking a free connection costs to what a client gives up at.
const BUCKETS: [f64; 16] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// Counts that a pool keeps by itself.
#[derive(Debug, Clone)]
pub(crate) struct PoolCounters {
    wait: Histogram,
    opened: Counter,
}

impl Default for PoolCounters {
    fn default() -> Self {
        Self {
            wait: Histogram::new(BUCKETS),
            opened: Counter::default(),
        }
    }
}

impl PoolCounters {
    pub(super) fn acquired(&self, after: Duration) {
        self.wait.observe(after.as_secs_f64());
    }

    pub(super) fn opened(&self) {
        self.opened.inc();
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatementLabels {
    operation: &'static str,
    table: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FailureLabels {
    reason: &'static str,
}

/// Metrics of one service's database.
#[derive(Debug, Clone)]
pub(super) struct DatabaseMetrics {
    pub(super) pool: PoolCounters,
    statements: Family<StatementLabels, Histogram, fn() -> Histogram>,
    failures: Family<FailureLabels, Counter>,
}

impl Default for DatabaseMetrics {
    fn default() -> Self {
        Self {
            pool: PoolCounters::default(),
            statements: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            failures: Family::default(),
        }
    }
}

impl DatabaseMetrics {
    pub(super) fn done(&self, statement: &Statement, after: Duration) {
        let labels = StatementLabels {
            operation: statement.operation(),
            table: statement.table(),
        };
        let histogram = self.statements.get_or_create(&labels);
        histogram.observe(after.as_secs_f64());
    }

    pub(super) fn failed(&self, error: &sqlx::Error) {
        let reason = Failure::of(error).reason();
        self.failures.get_or_create(&FailureLabels { reason }).inc();
    }

    fn register(&self, registry: &mut Registry) {
        registry.register_with_unit(
            "database_statement_duration",
            "Time from sending a statement to its last row, by operation and table",
            Unit::Seconds,
            self.statements.clone(),
        );
        registry.register(
            "database_failures",
            "Statements and connections that failed, by reason",
            self.failures.clone(),
        );
        registry.register_with_unit(
            "database_pool_wait",
            "Time that requests waited for a connection",
            Unit::Seconds,
            self.pool.wait.clone(),
        );
        registry.register(
            "database_connections_opened",
            "Connections opened",
            self.pool.opened.clone(),
        );
    }
}

impl Database {
    /// Adds what this database counts to a service's metrics.
    pub(crate) fn register_metrics(&self, registry: &mut Registry) {
        self.metrics().register(registry);
        registry.register_collector(Box::new(PoolCollector(self.clone())));
    }
}

/// Reads the state of the pool when Prometheus asks.
struct PoolCollector(Database);

impl fmt::Debug for PoolCollector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PoolCollector")
    }
}

impl Collector for PoolCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let stats = self.0.pool_stats();
        let mut connections = encoder.encode_descriptor(
            "database_pool_connections",
            "Connections open, by state",
            None,
            MetricType::Gauge,
        )?;
        for (state, count) in [("active", stats.active), ("idle", stats.idle)] {
            let gauge = ConstGauge::new(i64::from(count));
            gauge.encode(connections.encode_family(&[("state", state)])?)?;
        }
        let mut gauge = |name, help, value: u32| {
            let gauge = ConstGauge::new(i64::from(value));
            let encoder = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            gauge.encode(encoder)
        };
        gauge(
            "database_pool_waiting",
            "Requests waiting for a connection",
            stats.waiting,
        )?;
        match stats.max {
            Some(max) => gauge(
                "database_pool_max_connections",
                "The most connections that the pool opens",
                max,
            ),
            None => Ok(()),
        }
    }
}
