//! Observations: what the system under test says of itself during the run, and what must hold of
//! it.

mod parse;
#[cfg(test)]
mod tests;

use super::{query::DatabaseSource, sql::Backend};
pub use parse::{Condition, is_of_observed, parse};
use serde::{Deserialize, Serialize};

/// Something that is looked at each second.
#[derive(Debug)]
pub struct Observe {
    /// Name in results and thresholds.
    pub name: String,
    /// Source to poll.
    pub source: ObservationSource,
}

/// Source of target metrics.
#[derive(Debug)]
pub enum ObservationSource {
    /// A page of metrics.
    Prometheus {
        /// The request, by its place among the plan's calls; it extracts the page.
        call: usize,
        /// Names of the metrics that are kept, with `*` for anything; empty: all.
        metrics: Vec<String>,
        /// The labels by which series are told apart, [`SERVER`] among them for the servers; what
        /// differs in others is added up.
        by: Vec<String>,
    },
    /// The statistics of a database, of this kind.
    Database(DatabaseSource, Backend),
    /// This machine.
    Host,
}

impl ObservationSource {
    /// The metrics that it has; None when only it knows them.
    pub fn metrics(&self) -> Option<&'static [&'static str]> {
        match self {
            ObservationSource::Prometheus { .. } => None,
            ObservationSource::Database(_, Backend::Postgres) => Some(&POSTGRES),
            ObservationSource::Database(..) => Some(&MYSQL),
            ObservationSource::Host => Some(&HOST),
        }
    }
}

/// The label that tells the servers of a target apart, by their places from 1.
pub const SERVER: &str = "instance";

/// Metrics of a PostgreSQL server.
pub const POSTGRES: [&str; 13] = [
    "connections",
    "connections_active",
    "connections_idle",
    "connections_idle_in_transaction",
    "connections_waiting",
    "locks_waiting",
    "slow_queries",
    "commits",
    "rollbacks",
    "cache_hit_ratio",
    "deadlocks",
    "temp_bytes",
    "rows_written",
];

/// Metrics of a MySQL server.
pub const MYSQL: [&str; 11] = [
    "connections",
    "connections_running",
    "questions",
    "commits",
    "rollbacks",
    "deadlocks",
    "slow_queries",
    "buffer_pool_hit_ratio",
    "row_lock_waits",
    "row_locks_waiting",
    "rows_written",
];

/// Metrics of this machine.
pub const HOST: [&str; 7] = [
    "cpu",
    "memory",
    "memory_bytes",
    "disk_read",
    "disk_written",
    "network_received",
    "network_sent",
];

/// A condition on what was observed, which decides over exit code 99. It is judged when the run is
/// over, by all samples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// Condition as the scenario has it.
    pub expr: String,
    /// The place of what is observed among the plan's.
    pub source: usize,
    /// Condition that must hold.
    pub condition: Condition,
}

/// One number for all samples of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    /// The least sample.
    Min,
    /// The mean of all samples.
    Mean,
    /// The greatest sample.
    Max,
    /// The last sample.
    Last,
    /// By how much a counter rose.
    Delta,
    /// Its part of what it and those of the same metric with other labels rose by, 0 to 1.
    Share,
}

impl Statistic {
    /// Every one, by its names.
    pub const ALL: [(&str, Statistic); 7] = [
        ("min", Statistic::Min),
        ("mean", Statistic::Mean),
        ("avg", Statistic::Mean),
        ("max", Statistic::Max),
        ("last", Statistic::Last),
        ("delta", Statistic::Delta),
        ("share", Statistic::Share),
    ];

    /// Returns the word in thresholds.
    pub fn name(self) -> &'static str {
        let own = Self::ALL.iter().find(|(_, statistic)| *statistic == self);
        own.map_or("", |(name, _)| name)
    }
}

/// The name of a metric without the labels by which its series are told apart.
pub fn family(metric: &str) -> &str {
    metric.split('{').next().unwrap_or(metric)
}

/// Returns true if `name` matches `pattern`, in which each `*` is any text.
pub fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut last = None;
    for part in parts {
        if let Some(before) = last.replace(part) {
            let Some(at) = rest.find(before) else {
                return false;
            };
            rest = &rest[at + before.len()..];
        }
    }
    match last {
        None => rest.is_empty(),
        Some(last) => rest.ends_with(last),
    }
}
