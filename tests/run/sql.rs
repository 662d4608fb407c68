//! Whole runs against databases, held against what the databases say themselves.

use super::{
    measured,
    result::{at, count, named},
    serving,
};
use nix::sys::signal::Signal::SIGINT;
use serde_json::Value;
use sqlx::{
    AssertSqlSafe, Connection, Executor, FromRow, MySqlConnection, PgConnection, SqliteConnection,
};
use std::time::{Duration, Instant};
use test_support::{
    answer::Answer,
    loadgen::Loadgen,
    servers::{Server, ServerKind},
};

on_each! {
    database:
        what_was_committed_is_there_exactly_however_often_it_was_tried,
        requests_and_statements_share_a_task;
    server:
        a_server_that_dies_and_comes_back_loses_nothing_that_was_acknowledged,
        who_interrupts_twice_leaves_no_statement_on_the_server,
        what_the_database_says_it_did_agrees_with_what_was_asked;
}

/// Runs statements on a database, beside loadgen.
pub(super) fn script(url: &str, statements: &[&str]) {
    ask(url, statements, None);
}

/// The only number that a query gives.
pub(super) fn number(url: &str, query: &str) -> i64 {
    ask(url, &[], Some(query)).unwrap()
}

fn ask(url: &str, statements: &[&str], query: Option<&str>) -> Option<i64> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        match url.split(':').next() {
            Some("postgres") => on::<PgConnection>(url, statements, query).await,
            Some("mysql") => on::<MySqlConnection>(url, statements, query).await,
            _ => on::<SqliteConnection>(url, statements, query).await,
        }
    })
}

async fn on<C>(url: &str, statements: &[&str], query: Option<&str>) -> Option<i64>
where
    C: Connection,
    for<'c> &'c mut C: Executor<'c, Database = C::Database>,
    (i64,): for<'r> FromRow<'r, <C::Database as sqlx::Database>::Row>,
{
    let mut database = C::connect(url).await.unwrap();
    for statement in statements {
        let done = database.execute(AssertSqlSafe(*statement)).await;
        done.unwrap_or_else(|error| panic!("{statement}: {error}"));
    }
    let row = database.fetch_one(AssertSqlSafe(query?)).await.unwrap();
    Some(<(i64,)>::from_row(&row).unwrap().0)
}

/// A scenario against `url` with a load and steps.
fn scenario(url: &str, load: &str, rest: &str) -> String {
    format!("[database.main]\nurl = '{url}'\n[load]\n{load}\n{rest}")
}

/// Many small accounts, so that transactions meet.
const ACCOUNTS: [&str; 3] = [
    "CREATE TABLE account (id INT PRIMARY KEY, balance INT NOT NULL)",
    "INSERT INTO account VALUES (1, 0), (2, 0), (3, 0)",
    "CREATE TABLE history (account INT NOT NULL, other INT NOT NULL, note VARCHAR(60))",
];

const TRANSFER: &str = "
[data]
from = { uniform = { from = 1, to = 3 }, scope = 'step' }
to = { uniform = { from = 1, to = 3 }, scope = 'step' }
[[task]]
name = 'transfer'
[[task.step]]
name = 'move'
transaction = { isolation = 'repeatable read', max_tries = 1000, immediate = true }
[[task.step.step]]
name = 'take'
sql = 'UPDATE account SET balance = balance - 1 WHERE id = $1'
params = ['{{from}}']
expect = { rows = 1 }
[[task.step.step]]
name = 'give'
sql = 'UPDATE account SET balance = balance + 1 WHERE id = $1'
params = ['{{to}}']
[[task.step.step]]
name = 'note'
sql = 'INSERT INTO history VALUES ($1, $2, $3)'
params = ['{{from}}', '{{to}}', '{{run.id}}']
expect = { rows = 1 }
";

fn what_was_committed_is_there_exactly_however_often_it_was_tried(url: &str) {
    script(url, &ACCOUNTS);
    let load = "users = 6\nshared_iterations = 300";
    let finished = Loadgen::scenario(&scenario(url, load, TRANSFER)).run();
    let result = measured(&finished);
    let moved = named(&result["groups"], "name", "move");
    assert_eq!(count(moved, "count"), 300, "{url}");
    assert_eq!(count(&result["totals"], "errors.count"), 0, "{url}");
    let commit = named(&result["steps"], "name", "move: commit");
    assert_eq!(
        (count(commit, "count"), &commit["kind"]),
        (300, &Value::from("sql"))
    );
    let begin = named(&result["steps"], "name", "move: begin");
    // Each try begins.
    let tries = 300 + count(&result["totals"], "retries");
    assert_eq!(count(begin, "count"), tries, "{url}");
    if !url.starts_with("sqlite") {
        assert!(tries > 300, "nothing met on {url}");
    }
    let run = result["run"]["id"].as_str().unwrap();
    let rows = format!("SELECT count(*) FROM history WHERE note = '{run}'");
    assert_eq!(number(url, &rows), 300, "{url}");
    let whole = if url.starts_with("mysql") {
        "SIGNED"
    } else {
        "BIGINT"
    };
    let sum = format!("SELECT CAST(sum(balance) AS {whole}) FROM account");
    assert_eq!(number(url, &sum), 0, "{url}");
    assert!(at(moved, "latency_us.min") >= at(commit, "latency_us.min"));
}

#[test]
fn known_delays_are_what_is_measured() {
    let url = Server::shared(ServerKind::Postgres).fresh();
    let steps =
        "[[task]]\nname = 'sleep'\n[[task.step]]\nsql = 'SELECT pg_sleep($1)'\nparams = [0.1]\n";
    let load = "users = 2\niterations = 5";
    let result = measured(&Loadgen::scenario(&scenario(&url, load, steps)).run());
    let step = named(&result["steps"], "name", "SELECT pg_sleep($1)");
    assert_eq!(count(step, "count"), 10);
    for figure in ["service_us.min", "latency_us.min"] {
        assert!(at(step, figure) >= 99_900.0, "{figure}");
    }
    assert!(at(step, "service_us.p50") < 200_000.0);
    assert!(at(step, "connect_us.min") > 0.0);
    assert!(step["pool_wait_us"].is_null());
}

#[test]
fn waiting_for_a_connection_of_a_pool_is_told_apart() {
    let url = Server::shared(ServerKind::Postgres).fresh();
    let text = format!(
        "thresholds = ['pool_wait.max > 80ms', 'service.max < 10s', 'pool_wait.max < 10s']\n\
         [database.main]\nurl = '{url}'\npool = 1\n[load]\nusers = 3\niterations = 3\n\
         [[task]]\nname = 'sleep'\n[[task.step]]\nsql = 'SELECT pg_sleep(0.05)'\n"
    );
    let result = measured(&Loadgen::scenario(&text).args(&["--workers", "4"]).run());
    let totals = &result["totals"];
    assert_eq!(count(totals, "count"), 9);
    // The third waits for two others, and then each for the two before it.
    assert!(at(totals, "pool_wait_us.max") >= 99_000.0);
    assert!(at(totals, "latency_us.max") >= at(totals, "service_us.max") + 90_000.0);
    assert_eq!(count(&result["generators"][0], "workers"), 1);
    // There was one, so all its figures are the same but for the histogram's precision.
    let (least, most) = (at(totals, "connect_us.min"), at(totals, "connect_us.max"));
    assert!(most <= least * 1.01, "{least} {most}");
}

fn requests_and_statements_share_a_task(url: &str) {
    let server = serving(|_| Answer::new(200, r#"{"id": 7}"#));
    script(url, &ACCOUNTS);
    let rest = format!(
        "iterations = 5\n[target]\nurl = '{}'\n[[task]]\nname = 't'\n\
         [[task.step]]\nget = '/a'\nextract = {{ id = '$.id' }}\n\
         [[task.step]]\nname = 'put'\nsql = 'INSERT INTO account VALUES ($1, 5)'\nparams = ['{{{{id}}}}']\n\
         [[task.step]]\nname = 'look'\nsql = 'SELECT id, balance FROM account WHERE id = $1'\n\
         params = ['{{{{id}}}}']\nextract = {{ got = 'id' }}\n\
         expect = {{ rows = 1, values = {{ balance = 5, id = '{{{{id}}}}' }} }}\n\
         [[task.step]]\nname = 'drop'\nsql = 'DELETE FROM account WHERE id = $1'\nparams = ['{{{{got}}}}']\n\
         expect = {{ rows = 1 }}\n\
         [[task.step]]\nget = '/b/{{{{got}}}}'\n",
        server.url()
    );
    let result = measured(&Loadgen::scenario(&scenario(url, "users = 1", &rest)).run());
    let totals = &result["totals"];
    assert_eq!(
        (count(totals, "count"), count(totals, "errors.count")),
        (25, 0),
        "{url}"
    );
    let checks = result["checks"].as_array().unwrap();
    let names: Vec<_> = checks
        .iter()
        .map(|check| check["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["rows: 1", "balance = 5", "id = {{id}}", "rows: 1"]);
    assert!(
        checks
            .iter()
            .all(|check| check["passed"] == 5 && check["failed"] == 0)
    );
    let log = server.stop();
    assert_eq!(log.others.len(), 10);
}

#[test]
fn what_a_server_finds_wrong_is_told_in_its_place_and_nothing_runs() {
    let url = Server::shared(ServerKind::Postgres).fresh();
    script(&url, &ACCOUNTS);
    let steps = "\
[[task]]
name = 't'
[[task.step]]
sql = '''
SELECT id, balanse
FROM account'''
[[task.step]]
sql_file = 'queries/top.sql'
[[task.step]]
sql = 'INSERT INTO history VALUES ($1, $2, $3)'
params = [1, 'two', 'three']
[[task.step]]
sql = 'SELECT id FROM account WHERE id = $1'
params = ['one']
expect = { values = { ID = 3 } }
extract = { x = 'id', y = 'balance' }
";
    let text = format!(
        "[database.main]\nurl = \"${{DATABASE}}\"\n[load]\nusers = 1\niterations = 1\n{steps}"
    );
    let loadgen = Loadgen::scenario(&text).env("DATABASE", &url);
    let file = "-- The richest.\nSELECT id\nFROM acount\nORDER BY balance DESC\n";
    let finished = loadgen
        .folder("queries")
        .file("queries/top.sql", file)
        .run();
    let finished = finished.expect_code(104);
    insta::assert_snapshot!(finished.stderr);
    assert!(finished.stdout.is_empty(), "{}", finished.stdout);
}

#[test]
fn a_database_that_cannot_be_reached_is_no_run() {
    let port = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let url = format!("postgres://app:hunter2@127.0.0.1:{port}/shop");
    let text = scenario(
        &url,
        "users = 1",
        "[[task]]\nname = 't'\nstep = [{ sql = 'SELECT 1' }]\n",
    );
    let finished = Loadgen::scenario(&text).run().expect_code(97);
    let told = "error: database main cannot be reached: no connection";
    assert!(finished.stderr.starts_with(told), "{}", finished.stderr);
    assert!(!finished.stderr.contains("hunter2"), "{}", finished.stderr);
}

fn a_server_that_dies_and_comes_back_loses_nothing_that_was_acknowledged(kind: ServerKind) {
    // Acknowledged rows must survive the crash.
    let options: &[&str] = match kind {
        ServerKind::Postgres => &["fsync=on"],
        ServerKind::MariaDb => &["innodb-flush-log-at-trx-commit=1"],
    };
    let server = Server::start(kind, options);
    let url = server.fresh();
    script(&url, &ACCOUNTS);
    let rest = "think = '1ms'\n[[task]]\nname = 'note'\n[[task.step]]\nname = 'note'\n\
                sql = 'INSERT INTO history VALUES (1, 2, $1)'\nparams = ['{{run.id}}']\n\
                expect = { rows = 1 }\n";
    // Until it is stopped: how long a server takes to come back is the machine's to say.
    let mut running = Loadgen::scenario(&scenario(&url, "users = 4", rest)).start();
    let rows = "SELECT count(*) FROM history";
    running.wait_until("wrote", |_| number(&url, rows) > 0);
    server.crash();
    std::thread::sleep(Duration::from_millis(300));
    server.restart();
    let before = number(&url, rows);
    running.wait_until("went on", |_| number(&url, rows) > before);
    running.signal(SIGINT);
    let result = super::with_code(&running.finish().expect_code(105));
    let step = named(&result["steps"], "name", "note");
    let errors = &step["errors"]["by_class"];
    let by_class = errors.as_object().unwrap();
    assert!(
        by_class.keys().all(|class| class == "connection"),
        "{errors}"
    );
    assert!(count(step, "errors.count") > 0);
    assert!(count(step, "reconnects") > 0);
    let stored = u64::try_from(number(&url, rows)).unwrap();
    let acknowledged = count(step, "count") - count(step, "errors.count");
    let unknown = count(step, "unknown");
    assert!(
        (acknowledged..=acknowledged + unknown).contains(&stored),
        "{kind:?}: {stored} {step}"
    );
}

fn who_interrupts_twice_leaves_no_statement_on_the_server(kind: ServerKind) {
    let (sleep, list) = match kind {
        ServerKind::Postgres => (
            "SELECT pg_sleep(100)",
            "pg_stat_activity WHERE datname = current_database() AND state = 'active' \
             AND query LIKE '%sleep(100)'",
        ),
        ServerKind::MariaDb => (
            "SELECT sleep(100)",
            "information_schema.processlist WHERE db = database() AND info LIKE '%sleep(100)'",
        ),
    };
    let url = Server::shared(kind).fresh();
    let busy = format!("SELECT count(*) FROM {list}");
    let step =
        format!("[[task]]\nname = 'sleep'\n[[task.step]]\nsql = '{sleep}'\ntimeout = '200s'\n");
    let text =
        scenario(&url, "users = 3", &step).replace("[load]", "statement_timeout = '200s'\n[load]");
    let since = Instant::now();
    let mut running = Loadgen::new(&["run", "scenario.toml", "--dashboard", "plain"])
        .file("scenario.toml", &text)
        .start();
    running.wait_until("asleep", |_| number(&url, &busy) == 3);
    running.signal(SIGINT);
    running.wait_until("told", |it| it.stderr().contains("interrupted: "));
    running.signal(SIGINT);
    running.finish().expect_code(105);
    while number(&url, &busy) > 0 {
        assert!(since.elapsed() < Duration::from_secs(80), "{kind:?}");
    }
}

fn what_the_database_says_it_did_agrees_with_what_was_asked(kind: ServerKind) {
    let (option, source) = match kind {
        ServerKind::Postgres => (
            "shared_preload_libraries=pg_stat_statements",
            "pg_stat_statements",
        ),
        ServerKind::MariaDb => ("performance-schema=on", "performance_schema"),
    };
    let server = Server::start(kind, &[option]);
    let url = server.fresh();
    script(&url, &ACCOUNTS);
    if kind == ServerKind::Postgres {
        script(&url, &["CREATE EXTENSION pg_stat_statements"]);
    }
    let steps = "[[task]]\nname = 't'\n[[task.step]]\nname = 'sum'\n\
                 sql = 'SELECT balance + 17 FROM account WHERE id = $1'\nparams = [1]\n\
                 [[task.step]]\ntransaction = true\n\
                 step = [{ sql = 'UPDATE account SET balance = balance + 1 WHERE id = 2' }]\n";
    // MariaDB's list leaves out what was prepared.
    let prepared = kind == ServerKind::Postgres;
    let text = format!(
        "[database.main]\nurl = '{url}'\nprepared = {prepared}\n\
         [load]\nusers = 2\nshared_iterations = 70\n{steps}"
    );
    let finished = Loadgen::scenario(&text).run();
    let result = measured(&finished);
    let activity = &result["databases"]["main"];
    assert_eq!(activity["source"], source, "{activity}");
    let statements = activity["statements"].as_array().unwrap();
    for part in ["select", "update"] {
        let found = statements.iter().find(|statement| {
            let sql = statement["sql"].as_str().unwrap().to_lowercase();
            sql.contains(part) && sql.contains("account")
        });
        let found = found.unwrap_or_else(|| panic!("no {part} in {activity}"));
        assert_eq!(count(found, "calls"), 70, "{activity}");
        assert!(at(found, "mean_us") > 0.0);
    }
    let commits = match kind {
        ServerKind::Postgres => "commits",
        ServerKind::MariaDb => "com_commit",
    };
    assert!(
        at(activity, &format!("counters.{commits}")) >= 70.0,
        "{activity}"
    );
    let title = format!("Database main, by its own account ({source})");
    assert!(finished.stdout.contains(&title), "{}", finished.stdout);
}
