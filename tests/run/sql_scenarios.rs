//! The scenarios of scenarios/sql, each on every database that it is for, with tables made as they say.

use super::{
    measured,
    result::{count, named},
    sql::number,
};
use serde_json::Value;
use std::process::Command;
use test_support::{
    loadgen::Loadgen,
    servers::{Server, ServerKind},
};
use url::Url;

on_each! {
    database:
        pgbenchs_loads_run_on_its_tables,
        tables_that_are_there_are_only_replaced_when_asked_to,
        transactions_that_meet_at_a_row_are_tried_again,
        the_bundled_services_data_is_driven_directly,
        the_guides_examples_run;
    server:
        sysbench_itself_runs_on_its_tables;
}

fn run(name: &str, url: &str, more: &[&str]) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/sql");
    run_file(&format!("{folder}/{name}.toml"), url, more)
}

fn run_file(name: &str, url: &str, more: &[&str]) -> Value {
    let loadgen = Loadgen::new(&["run", name, "--dashboard", "off", "--json", "result.json"])
        .args(&["--duration", "1s", "--no-thresholds"])
        .args(more)
        .env("DATABASE", url);
    let result = measured(&loadgen.run());
    let totals = &result["totals"];
    assert_eq!(
        count(totals, "errors.count"),
        0,
        "{name} on {url}: {}",
        totals["errors"]
    );
    assert!(count(totals, "count") > 0, "{name} on {url}");
    result
}

fn init(url: &str, more: &[&str]) {
    let done = Loadgen::new(&["init", "sql", url]).args(more).run();
    done.expect_code(0);
}

fn pgbenchs_loads_run_on_its_tables(url: &str) {
    init(url, &["--scale", "2"]);
    for (table, rows) in [
        ("branches", 2),
        ("tellers", 20),
        ("accounts", 200_000),
        ("history", 0),
    ] {
        let query = format!("SELECT count(*) FROM pgbench_{table}");
        assert_eq!(number(url, &query), rows, "{table} on {url}");
    }
    let lots =
        "SELECT count(DISTINCT bid) FROM pgbench_accounts WHERE aid IN (1, 100000, 100001, 200000)";
    assert_eq!(number(url, lots), 2, "{url}");
    run("select-only", url, &["--env", "SCALE=2"]);
    let result = run("tpcb-like", url, &["--users", "3", "--env", "SCALE=2"]);
    let committed = count(named(&result["steps"], "name", "commit"), "count");
    let rows = number(url, "SELECT count(*) FROM pgbench_history");
    assert_eq!(u64::try_from(rows).unwrap(), committed, "{url}");
}

fn tables_that_are_there_are_only_replaced_when_asked_to(url: &str) {
    init(url, &["--tables", "oltp"]);
    let again = Loadgen::new(&["init", "sql", url, "--tables", "oltp"])
        .run()
        .expect_code(98);
    assert!(
        again.stderr.contains("sbtest1 is there already"),
        "{}",
        again.stderr
    );
    assert!(again.stderr.contains("--replace"), "{}", again.stderr);
    init(url, &["--tables", "oltp", "--replace"]);
    let rows = number(url, "SELECT count(*) FROM sbtest1");
    assert_eq!(rows, 10_000, "{url}");
}

fn transactions_that_meet_at_a_row_are_tried_again(url: &str) {
    init(url, &["--tables", "oltp"]);
    let few_rows = ["--users", "6", "--set", "data.row.uniform.to=50"];
    run("oltp-read-write", url, &few_rows);
    let rows = number(url, "SELECT count(*) FROM sbtest1");
    assert_eq!(rows, 10_000, "{url}");
}

fn the_bundled_services_data_is_driven_directly(url: &str) {
    let folder = tempfile::tempdir().unwrap();
    for (service, scenario) in [("weather", "weather-average"), ("orders", "orders-mix")] {
        let url = match url.starts_with("sqlite") {
            true => format!("sqlite:{}/{service}.db", folder.path().display()),
            false => url.to_owned(),
        };
        let seed = [
            "target",
            "seed",
            service,
            "--database",
            &url,
            "--records",
            "2000",
        ];
        Loadgen::new(&seed).run().expect_code(0);
        run(scenario, &url, &["--env", "RECORDS=2000", "--users", "6"]);
    }
}

/// Arguments with which sysbench connects to a server.
fn sysbench(url: &str) -> Vec<String> {
    let url = Url::parse(url).unwrap();
    let driver = match url.scheme() {
        "postgres" => "pgsql",
        other => other,
    };
    let port = url.port().unwrap().to_string();
    let given = [
        ("host", "127.0.0.1"),
        ("port", &port),
        ("user", url.username()),
        ("db", &url.path()[1..]),
    ];
    let mut args = vec![format!("--db-driver={driver}")];
    args.extend(given.map(|(name, value)| format!("--{driver}-{name}={value}")));
    args
}

fn sysbench_itself_runs_on_its_tables(kind: ServerKind) {
    let url = Server::shared(kind).fresh();
    init(&url, &["--tables", "oltp"]);
    let rows = "SELECT count(*) FROM sbtest1";
    for (script, added) in [
        ("oltp_point_select", 0),
        ("oltp_read_only", 0),
        ("oltp_read_write", 0),
        ("oltp_insert", 50),
    ] {
        let before = number(&url, rows);
        let mut sysbench_itself = Command::new("sysbench");
        sysbench_itself
            .arg(script)
            .args(sysbench(&url))
            .args(["--tables=1", "--table-size=10000", "--threads=2"])
            // So many transactions, however long they take.
            .args(["--time=0", "--events=50", "run"]);
        let done = sysbench_itself.output().expect("sysbench is installed");
        let output = String::from_utf8_lossy(&done.stdout);
        assert!(done.status.success(), "{script} on {url}: {output}");
        let transactions = output.lines().find(|line| line.contains("transactions:"));
        let count = transactions.and_then(|line| line.split_whitespace().nth(1));
        assert_eq!(count, Some("50"), "{script} on {url}: {output}");
        assert_eq!(number(&url, rows) - before, added, "{script} on {url}");
    }
    run("oltp-read-write", &url, &[]);
}

fn the_guides_examples_run(url: &str) {
    let folder = tempfile::tempdir().unwrap();
    let guide = include_str!("../../docs/sql.md");
    let examples: Vec<_> = guide.split("```toml\n").skip(1).collect();
    assert!(examples.len() >= 3);
    init(url, &[]);
    for example in &examples {
        let (text, _) = example.split_once("```").unwrap();
        let path = folder.path().join("example.toml");
        std::fs::write(&path, text).unwrap();
        run_file(&path.display().to_string(), url, &[]);
    }
}
