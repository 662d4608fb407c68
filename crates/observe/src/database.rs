//! Statistics of database servers.

use super::Sample;
use loadgen_data::Value;
use loadgen_driver::sql::Row;
use loadgen_plan::sql::Backend;
use std::collections::HashMap;

/// One row a name with its value, of what is now and of what rises. Our own session is no part of it.
const POSTGRES: &str = "\
    SELECT 'connections', count(*)::float8 FROM pg_stat_activity \
        WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() \
    UNION ALL SELECT 'connections_active', count(*)::float8 FROM pg_stat_activity \
        WHERE backend_type = 'client backend' AND state = 'active' AND pid <> pg_backend_pid() \
    UNION ALL SELECT 'connections_idle', count(*)::float8 FROM pg_stat_activity \
        WHERE backend_type = 'client backend' AND state = 'idle' \
    UNION ALL SELECT 'connections_idle_in_transaction', count(*)::float8 FROM pg_stat_activity \
        WHERE state LIKE 'idle in transaction%' \
    UNION ALL SELECT 'connections_waiting', count(*)::float8 FROM pg_stat_activity \
        WHERE backend_type = 'client backend' AND state = 'active' AND wait_event_type = 'Lock' \
    UNION ALL SELECT 'locks_waiting', count(*)::float8 FROM pg_locks WHERE NOT granted \
    UNION ALL SELECT 'slow_queries', count(*)::float8 FROM pg_stat_activity \
        WHERE state = 'active' AND now() - query_start > interval '1 second' \
        AND pid <> pg_backend_pid() AND backend_type = 'client backend' \
    UNION ALL SELECT 'commits', xact_commit::float8 FROM pg_stat_database WHERE datname = current_database() \
    UNION ALL SELECT 'rollbacks', xact_rollback::float8 FROM pg_stat_database WHERE datname = current_database() \
    UNION ALL SELECT 'hit', blks_hit::float8 FROM pg_stat_database WHERE datname = current_database() \
    UNION ALL SELECT 'read', blks_read::float8 FROM pg_stat_database WHERE datname = current_database() \
    UNION ALL SELECT 'deadlocks', deadlocks::float8 FROM pg_stat_database WHERE datname = current_database() \
    UNION ALL SELECT 'temp_bytes', temp_bytes::float8 FROM pg_stat_database WHERE datname = current_database() \
    UNION ALL SELECT 'rows_written', (tup_inserted + tup_updated + tup_deleted)::float8 \
        FROM pg_stat_database WHERE datname = current_database()";

const MYSQL: &str = "SHOW GLOBAL STATUS WHERE Variable_name IN ('Threads_connected', \
    'Threads_running', 'Questions', 'Com_commit', 'Com_rollback', 'Slow_queries', \
    'Innodb_buffer_pool_read_requests', 'Innodb_buffer_pool_reads', 'Innodb_row_lock_waits', \
    'Innodb_row_lock_current_waits', 'Innodb_deadlocks', 'Innodb_rows_inserted', 'Innodb_rows_updated', \
    'Innodb_rows_deleted', 'Handler_write', 'Handler_update', 'Handler_delete')";

/// The statement that asks.
pub fn statement(backend: Backend) -> &'static str {
    match backend {
        Backend::Postgres => POSTGRES,
        Backend::MySql | Backend::Sqlite => MYSQL,
    }
}

/// Makes samples of one answer after the other.
#[derive(Debug)]
pub struct Reader {
    backend: Backend,
    before: Option<(f64, HashMap<String, f64>)>,
}

impl Reader {
    /// Returns a reader for a server of this kind.
    pub fn new(backend: Backend) -> Self {
        Self {
            backend,
            before: None,
        }
    }

    /// The samples at a time in seconds. What rises has none the first time.
    pub fn read(&mut self, at: f64, rows: Vec<Row>) -> Vec<Sample> {
        let now: HashMap<String, f64> = rows.into_iter().filter_map(named).collect();
        let of = |name: &str| now.get(name).copied();
        let (levels, rates): (&[Level], &[Rate]) = match self.backend {
            Backend::Postgres => (&PG_LEVELS, &PG_RATES),
            Backend::MySql | Backend::Sqlite => (&MY_LEVELS, &MY_RATES),
        };
        let levels = levels
            .iter()
            .filter_map(|(metric, name)| Some(Sample::level((*metric).to_owned(), "", of(name)?)));
        let mut samples: Vec<Sample> = levels.collect();
        if let Some((before_at, before)) = &self.before {
            // A server that was restarted began anew.
            let rose = |name: &str| {
                let (now, before) = (of(name)?, before.get(name).copied()?);
                Some(if now >= before { now - before } else { now })
            };
            let passed = at - before_at;
            for (metric, names, unit) in rates {
                if samples.iter().any(|sample| sample.metric == *metric) {
                    continue;
                }
                let rose: Option<f64> = names.iter().map(|name| rose(name)).sum();
                if let Some(rose) = rose.filter(|_| passed > 0.0) {
                    samples.push(Sample::rate((*metric).to_owned(), unit, rose, passed));
                }
            }
            let (hits, metric) = match self.backend {
                Backend::Postgres => {
                    let both = rose("hit").zip(rose("read"));
                    (both.map(|(hit, read)| (hit, hit + read)), "cache_hit_ratio")
                }
                Backend::MySql | Backend::Sqlite => {
                    let all = rose("innodb_buffer_pool_read_requests");
                    let both = all.zip(rose("innodb_buffer_pool_reads"));
                    let both = both.map(|(all, missed)| ((all - missed).max(0.0), all));
                    (both, "buffer_pool_hit_ratio")
                }
            };
            if let Some((hit, all)) = hits.filter(|(_, all)| *all > 0.0) {
                samples.push(Sample::share(metric.to_owned(), hit / all));
            }
        }
        self.before = Some((at, now));
        samples
    }
}

/// A metric, and what the server calls it.
type Level = (&'static str, &'static str);
/// A metric, what it is the sum of, and its unit.
type Rate = (&'static str, &'static [&'static str], &'static str);

const PG_LEVELS: [Level; 7] = [
    ("connections", "connections"),
    ("connections_active", "connections_active"),
    ("connections_idle", "connections_idle"),
    (
        "connections_idle_in_transaction",
        "connections_idle_in_transaction",
    ),
    ("connections_waiting", "connections_waiting"),
    ("locks_waiting", "locks_waiting"),
    ("slow_queries", "slow_queries"),
];

const PG_RATES: [Rate; 5] = [
    ("commits", &["commits"], "/s"),
    ("rollbacks", &["rollbacks"], "/s"),
    ("deadlocks", &["deadlocks"], "/s"),
    ("temp_bytes", &["temp_bytes"], "B/s"),
    ("rows_written", &["rows_written"], "/s"),
];

const MY_LEVELS: [Level; 3] = [
    ("connections", "threads_connected"),
    ("connections_running", "threads_running"),
    ("row_locks_waiting", "innodb_row_lock_current_waits"),
];

/// A server that lacks a counter has the next one of the same name.
const MY_RATES: [Rate; 8] = [
    ("questions", &["questions"], "/s"),
    ("commits", &["com_commit"], "/s"),
    ("rollbacks", &["com_rollback"], "/s"),
    // MariaDB alone counts them.
    ("deadlocks", &["innodb_deadlocks"], "/s"),
    ("slow_queries", &["slow_queries"], "/s"),
    ("row_lock_waits", &["innodb_row_lock_waits"], "/s"),
    (
        "rows_written",
        &[
            "innodb_rows_inserted",
            "innodb_rows_updated",
            "innodb_rows_deleted",
        ],
        "/s",
    ),
    // MariaDB has left the former out; there these do not count what is temporary.
    (
        "rows_written",
        &["handler_write", "handler_update", "handler_delete"],
        "/s",
    ),
];

/// A row's name and number.
fn named(row: Row) -> Option<(String, f64)> {
    let [(_, name), (_, value)] = <[(String, Value); 2]>::try_from(row).ok()?;
    let mut text = Vec::new();
    name.write_text(&mut text);
    let name = String::from_utf8_lossy(&text).to_lowercase();
    let value = match value {
        Value::Text(text) => text.trim().parse().ok()?,
        value => value.as_f64()?,
    };
    Some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(values: &[(&str, f64)]) -> Vec<Row> {
        let row = |(name, value): &(&str, f64)| {
            vec![
                ("name".to_owned(), Value::Text((*name).into())),
                ("value".to_owned(), Value::Text(value.to_string().into())),
            ]
        };
        values.iter().map(row).collect()
    }

    #[test]
    fn what_rises_is_a_rate_and_hits_are_a_share() {
        let mut reader = Reader::new(Backend::Postgres);
        let first = reader.read(
            0.0,
            rows(&[
                ("connections", 5.0),
                ("commits", 100.0),
                ("hit", 10.0),
                ("read", 10.0),
            ]),
        );
        assert_eq!(first.len(), 1);
        let second = reader.read(
            2.0,
            rows(&[
                ("connections", 6.0),
                ("commits", 300.0),
                ("hit", 40.0),
                ("read", 20.0),
            ]),
        );
        let value = |metric: &str| second.iter().find(|s| s.metric == metric).unwrap().value;
        assert_eq!(value("connections"), 6.0);
        assert_eq!(value("commits"), 100.0);
        assert_eq!(value("cache_hit_ratio"), 0.75);
        let mut reader = Reader::new(Backend::MySql);
        reader.read(0.0, rows(&[("Questions", 10.0)]));
        let restarted = reader.read(1.0, rows(&[("Questions", 4.0)]));
        assert_eq!(restarted[0].value, 4.0);
        let written = |inserted: f64, handled: f64| {
            let mut all = vec![
                ("Handler_write", handled),
                ("Handler_update", 0.0),
                ("Handler_delete", 0.0),
            ];
            let innodb = [
                ("Innodb_rows_inserted", inserted),
                ("Innodb_rows_updated", 0.0),
                ("Innodb_rows_deleted", 0.0),
            ];
            all.extend(innodb.iter().filter(|_| inserted > 0.0));
            rows(&all)
        };
        for (inserted, rate) in [(2.0, 1.0), (0.0, 10.0)] {
            let mut reader = Reader::new(Backend::MySql);
            reader.read(0.0, written(inserted, 10.0));
            let inserted = if inserted > 0.0 { 3.0 } else { 0.0 };
            let samples = reader.read(1.0, written(inserted, 20.0));
            assert_eq!((samples.len(), samples[0].value), (1, rate));
        }
    }
}
