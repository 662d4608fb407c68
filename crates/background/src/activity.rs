//! Activity of a plan's databases during the load, by their own account: statements with their
//! calls and their time where a server keeps such a list, and its counters.

use loadgen_data::Value;
use loadgen_driver::sql::{Console, Row};
use loadgen_plan::{
    Plan,
    sql::{Backend, Database},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::{sleep, timeout};

/// Most statements that are told of each database: those that took the most time.
const MOST: usize = 20;

/// Bound on asking a database.
const PATIENCE: Duration = Duration::from_secs(5);

/// PostgreSQL's sessions tell what they did when they end, and that takes a moment.
const SETTLE: Duration = Duration::from_millis(200);

/// Activity of a database during the load, all of its clients together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Activity {
    /// `PostgreSQL` or `MySQL`.
    pub backend: String,
    /// View or table that `statements` come from; null when the server keeps none.
    pub source: Option<String>,
    /// By total time, the longest first.
    pub statements: Vec<StatementActivity>,
    /// Increases of the server's counters.
    pub counters: BTreeMap<String, f64>,
    /// Reason for missing statements or counters.
    pub message: Option<String>,
}

/// Activity of a statement on the server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StatementActivity {
    /// The statement as the server puts it.
    pub sql: String,
    /// Number of calls.
    pub calls: u64,
    /// Mean time on the server, in microseconds.
    pub mean_us: f64,
}

/// Looks at the databases before the load and after it.
pub struct Activities {
    plan: Arc<Plan>,
    /// By database; None where there is nothing to see.
    watches: Vec<Option<Watch>>,
}

/// One database.
struct Watch {
    backend: Backend,
    /// Connected as long as the run lasts.
    console: Result<Console, String>,
    before: Seen,
}

/// Statistics of a server at one time.
#[derive(Default)]
struct Seen {
    /// By the server's name of the statement: text, calls and total time in microseconds.
    statements: Option<BTreeMap<String, (String, f64, f64)>>,
    counters: BTreeMap<String, f64>,
}

impl Activities {
    /// Looks for the first time.
    pub async fn begin(plan: &Arc<Plan>) -> Self {
        let mut watches = Vec::new();
        for database in &plan.databases {
            watches.push(match database.backend {
                Backend::Sqlite => None,
                Backend::Postgres | Backend::MySql => Some(Watch::begin(database).await),
            });
        }
        Self {
            plan: Arc::clone(plan),
            watches,
        }
    }

    /// Looks again, and tells what came of the load, by the names of the databases.
    pub async fn end(&mut self) -> BTreeMap<String, Activity> {
        let mut found = BTreeMap::new();
        if self.watches.iter().any(Option::is_some) {
            sleep(SETTLE).await;
        }
        for (database, watch) in self.plan.databases.iter().zip(&mut self.watches) {
            if let Some(watch) = watch {
                found.insert(database.name.clone(), watch.end().await);
            }
        }
        found
    }
}

impl Watch {
    async fn begin(database: &Database) -> Self {
        let mut console = Console::open(database).await;
        let before = match &mut console {
            Ok(console) => look(console, database.backend).await,
            Err(problem) => Err(problem.clone()),
        };
        let (console, before) = match before {
            Ok(before) => (console, before),
            Err(problem) => (Err(problem), Seen::default()),
        };
        Self {
            backend: database.backend,
            console,
            before,
        }
    }

    async fn end(&mut self) -> Activity {
        let after = match &mut self.console {
            Ok(console) => look(console, self.backend).await,
            Err(problem) => Err(problem.clone()),
        };
        let backend = self.backend.name().to_owned();
        match after {
            Ok(after) => Activity {
                backend,
                ..between(&self.before, &after, self.backend)
            },
            Err(problem) => Activity {
                backend,
                message: Some(problem),
                ..Activity::default()
            },
        }
    }
}

async fn look(console: &mut Console, backend: Backend) -> Result<Seen, String> {
    match timeout(PATIENCE, ask(console, backend)).await {
        Ok(seen) => seen,
        Err(_) => Err("the database did not tell in time".to_owned()),
    }
}

async fn ask(console: &mut Console, backend: Backend) -> Result<Seen, String> {
    let (statements, counters) = match backend {
        Backend::Postgres => (PG_STATEMENTS, PG_COUNTERS),
        Backend::MySql | Backend::Sqlite => (MY_STATEMENTS, MY_COUNTERS),
    };
    // Not there, or not for us: then there are the counters.
    let list = console.rows(statements, &[]).await.ok();
    let list = list.filter(|rows| !rows.is_empty()).map(|rows| {
        let of = |row: Row| {
            let [id, sql, calls, time] = <[_; 4]>::try_from(row).ok()?;
            let numbers = (text(&sql.1), number(&calls.1)?, number(&time.1)?);
            Some((text(&id.1), numbers))
        };
        rows.into_iter().filter_map(of).collect()
    });
    let counters = console.rows(counters, &[]).await?;
    let counters = counters.into_iter().filter_map(|row| {
        let [name, value] = <[_; 2]>::try_from(row).ok()?;
        Some((text(&name.1).to_lowercase(), number(&value.1)?))
    });
    Ok(Seen {
        statements: list,
        counters: counters.collect(),
    })
}

fn between(before: &Seen, after: &Seen, backend: Backend) -> Activity {
    let rose = after.counters.iter().filter_map(|(name, value)| {
        let rose = value - before.counters.get(name).copied().unwrap_or(0.0);
        // A server that was restarted began anew.
        (rose > 0.0).then(|| (name.clone(), rose))
    });
    let mut statements: Vec<(f64, StatementActivity)> = Vec::new();
    let earlier = before
        .statements
        .iter()
        .flatten()
        .collect::<BTreeMap<_, _>>();
    for (id, (sql, calls, time)) in after.statements.iter().flatten() {
        let (calls_before, time_before) = earlier.get(id).map_or((0.0, 0.0), |it| (it.1, it.2));
        let (calls, time) = (calls - calls_before, (time - time_before).max(0.0));
        if calls >= 1.0 && !is_own(sql) {
            statements.push((
                time,
                StatementActivity {
                    sql: sql.split_whitespace().collect::<Vec<_>>().join(" "),
                    calls: calls as u64,
                    mean_us: (time / calls * 1e3).round() / 1e3,
                },
            ));
        }
    }
    statements.sort_by(|a, b| b.0.total_cmp(&a.0));
    let source = after.statements.as_ref().map(|_| match backend {
        Backend::Postgres => "pg_stat_statements",
        Backend::MySql | Backend::Sqlite => "performance_schema",
    });
    Activity {
        backend: String::new(),
        source: source.map(str::to_owned),
        statements: statements
            .into_iter()
            .map(|(_, it)| it)
            .take(MOST)
            .collect(),
        counters: rose.collect(),
        message: None,
    }
}

/// Returns true for a statement of loadgen's own queries.
fn is_own(sql: &str) -> bool {
    let names = [
        "pg_stat_statements",
        "pg_stat_database",
        "events_statements_summary_by_digest",
    ];
    let sql = sql.to_lowercase();
    names.iter().any(|name| sql.contains(name))
        || ["show global status", "set session", "set statement_timeout"]
            .iter()
            .any(|begin| sql.starts_with(begin))
}

fn text(value: &Value) -> String {
    let mut bytes = Vec::new();
    value.write_text(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn number(value: &Value) -> Option<f64> {
    text(value).parse().ok()
}

const PG_STATEMENTS: &str = "\
SELECT s.queryid::text || ' ' || s.userid::text AS id, s.query, s.calls, s.total_exec_time * 1000 AS us
FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
WHERE d.datname = current_database()";

const PG_COUNTERS: &str = "\
SELECT c.name, c.value FROM pg_stat_database d, LATERAL (VALUES
    ('commits', d.xact_commit), ('rollbacks', d.xact_rollback), ('deadlocks', d.deadlocks),
    ('blocks_hit', d.blks_hit), ('blocks_read', d.blks_read), ('rows_fetched', d.tup_fetched),
    ('rows_returned', d.tup_returned), ('rows_inserted', d.tup_inserted),
    ('rows_updated', d.tup_updated), ('rows_deleted', d.tup_deleted),
    ('temporary_bytes', d.temp_bytes)) AS c (name, value)
WHERE d.datname = current_database()";

const MY_STATEMENTS: &str = "\
SELECT digest AS id, digest_text AS sql_text, count_star AS calls, sum_timer_wait / 1000000 AS us
FROM performance_schema.events_statements_summary_by_digest
WHERE schema_name = DATABASE() AND digest IS NOT NULL";

const MY_COUNTERS: &str = "\
SHOW GLOBAL STATUS WHERE variable_name IN (
    'Com_commit', 'Com_rollback', 'Com_select', 'Com_insert', 'Com_update', 'Com_delete',
    'Com_stmt_execute', 'Questions', 'Slow_queries', 'Innodb_deadlocks', 'Innodb_row_lock_waits',
    'Innodb_row_lock_time', 'Innodb_rows_read', 'Innodb_rows_inserted', 'Innodb_rows_updated',
    'Innodb_rows_deleted', 'Innodb_buffer_pool_read_requests', 'Innodb_buffer_pool_reads',
    'Innodb_data_fsyncs', 'Created_tmp_disk_tables')";

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(statements: &[(&str, &str, f64, f64)], counters: &[(&str, f64)]) -> Seen {
        let statements = statements
            .iter()
            .map(|(id, sql, calls, time)| (id.to_string(), (sql.to_string(), *calls, *time)));
        Seen {
            statements: Some(statements.collect()),
            counters: counters.iter().map(|(n, v)| (n.to_string(), *v)).collect(),
        }
    }

    #[test]
    fn what_was_done_before_the_load_is_left_out() {
        let before = seen(
            &[("1", "SELECT $1", 10.0, 1000.0), ("2", "DELETE", 5.0, 50.0)],
            &[("commits", 7.0), ("deadlocks", 3.0)],
        );
        let after = seen(
            &[
                ("1", "SELECT\n  $1", 14.0, 1500.0),
                ("2", "DELETE", 5.0, 50.0),
                ("3", "UPDATE t", 1.0, 900.0),
                ("4", "SELECT * FROM pg_stat_statements", 1.0, 9.0),
            ],
            &[("commits", 20.0), ("deadlocks", 3.0)],
        );
        let activity = between(&before, &after, Backend::Postgres);
        let statement = |sql: &str, calls, mean_us| StatementActivity {
            sql: sql.to_owned(),
            calls,
            mean_us,
        };
        assert_eq!(
            activity.statements,
            [
                statement("UPDATE t", 1, 900.0),
                statement("SELECT $1", 4, 125.0)
            ]
        );
        assert_eq!(
            activity.counters,
            BTreeMap::from([("commits".to_owned(), 13.0)])
        );
        assert_eq!(activity.source.as_deref(), Some("pg_stat_statements"));
    }
}
